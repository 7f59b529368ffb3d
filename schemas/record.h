// SPDX-License-Identifier: Apache-2.0

// The control log: who is stopped since when, as records that control signs, and what is common to
// all messages. PROTOCOL.md describes the bytes; codec.h makes and reads them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "schemas/address.h"
#include "schemas/limits.h"

namespace estop::schemas {

inline constexpr std::uint8_t kVersion = 2;

// Opaque bytes. A std::string, because the broker's client takes char pointers.
using Bytes = std::string;
using Hash = std::array<std::uint8_t, 32>;       // SHA-256
using Signature = std::array<std::uint8_t, 64>;  // Ed25519
using PublicKey = std::array<std::uint8_t, 32>;  // Ed25519

// Identifies a process besides its name: `[a-z0-9]{8,16}`, random, another one at each start. Two
// processes may bear one name (a rolling update, a copied unit file); a message of one of them does
// not hold for the other.
using Process = std::string;
[[nodiscard]] Process process_from(std::uint64_t random);

// What a part can read: the version of this protocol, and which kinds of records.
struct Reads {
  std::uint8_t version = kVersion;
  std::vector<std::uint8_t> kinds;  // RecordKind, each once, lowest first
  friend bool operator==(const Reads&, const Reads&) = default;
};

enum class RecordKind : std::uint8_t {
  kEpochOpened = 1,  // first record of a stream
  kKill = 2,
  kResume = 3,
  kBridgeJoined = 4,
  kBridgeLeft = 5,
  kTermOpened = 6,  // a leader began
  kSnapshotPart = 13,
  kSnapshot = 14,
  // From here on, a record has no effect on a part that does not know its kind. Below, it stops the
  // part.
  kFirstSkippable = 128,
};
[[nodiscard]] constexpr bool is_skippable(RecordKind kind) noexcept {
  return kind >= RecordKind::kFirstSkippable;
}
// What this build reads.
[[nodiscard]] Reads own_reads();

enum class ActorKind : std::uint8_t {
  kOperator = 1,
  kPolicy = 2,
  kHook = 3,
  kApi = 4,
  kCanary = 5,
  kControl = 6,
};

// The effect of an order on its scope. Other kinds are reserved (PROTOCOL.md, 4).
enum class HoldKind : std::uint8_t { kKill = 1 };

enum class KillMode : std::uint8_t {
  kNow = 1,    // stop category 0: cut
  kGrace = 2,  // stop category 1: cut traffic at once, the agent may checkpoint within grace_ms
};

// What happens to pending work at a resume.
enum class PendingWork : std::uint8_t { kRedeliver = 1, kHold = 2, kDiscard = 3, kDeadLetter = 4 };

// (epoch, seq, hash) of a record; seq 0 = nothing yet.
struct Head {
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  Hash hash{};
  friend bool operator==(const Head&, const Head&) = default;
};

// A resume of many kills: it lifts the kills of its scope at or before a place in the log, which
// its operator saw and signed, with their number and digest (holds.h). It never lifts a kill
// without a place. A part that holds another number of these kills, or other kills, has not
// followed the log.
struct Through {
  Head place{};  // seq 0: the resume names its kills
  std::uint64_t count = 0;
  Hash digest{};
  friend bool operator==(const Through&, const Through&) = default;
};

// The author of a record.
struct Actor {
  ActorKind kind = ActorKind::kOperator;
  std::string name;    // a segment: the operator, or `control`
  std::string detail;  // for people: the version of a policy; ≤ kActorDetailMax_bytes
  friend bool operator==(const Actor&, const Actor&) = default;
};

// The bodies of records, one struct for each kind.

struct Kill {
  Scope scope{};
  KillMode mode = KillMode::kGrace;
  std::uint32_t grace_ms = 0;
  std::string given_as{};  // the operator's op id, if control wrote another one
  friend bool operator==(const Kill&, const Kill&) = default;
};

struct Resume {
  Scope scope{};
  std::vector<std::string> lifts{};  // op ids of the kills that it lifts, or
  Through through{};                 // all up to a place, if they are too many to name
  PendingWork pending = PendingWork::kRedeliver;
  // The new incarnation of the scope's addresses. The leader raises it with every resume. It never
  // goes back, not even in a stream that was made anew (where `seq` may).
  std::uint64_t incarnation = 0;
  friend bool operator==(const Resume&, const Resume&) = default;
};

struct BridgeJoined {
  std::string bridge{};  // its id
  Process process{};
  Bytes key{};  // 32 bytes public key
  friend bool operator==(const BridgeJoined&, const BridgeJoined&) = default;
};

struct BridgeLeft {
  std::string bridge{};
  Process process{};
  friend bool operator==(const BridgeLeft&, const BridgeLeft&) = default;
};

struct EpochOpened {
  std::string former{};  // the place `epoch:seq` of the old head; empty for the very first
  friend bool operator==(const EpochOpened&, const EpochOpened&) = default;
};

struct TermOpened {
  std::string leader{};
  friend bool operator==(const TermOpened&, const TermOpened&) = default;
};

// A snapshot is the state of the log (log_state.h) behind one record. Its parts begin right behind
// that record, in their order; other records may stand between them. The snapshot itself follows
// after all its parts. Without it the parts mean nothing.
struct SnapshotPart {
  std::uint64_t place_seq = 0;  // of the record whose state it is
  std::uint64_t index = 0;      // from 0, which stands at place_seq + 1
  Bytes entries{};              // StateEntries, encoded; at most kSnapshotPartMax_bytes
  friend bool operator==(const SnapshotPart&, const SnapshotPart&) = default;
};

struct Snapshot {
  Head place{};  // whose state it is
  std::uint64_t parts = 0;
  Hash digest{};  // digest_of_parts
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// Of a kind that this build may skip, and does.
struct Skipped {
  RecordKind kind = RecordKind::kFirstSkippable;
  friend bool operator==(const Skipped&, const Skipped&) = default;
};

// Closed: a new kind is a new member, and whoever visits it has to say what it means there.
using RecordBody = std::variant<Kill, Resume, BridgeJoined, BridgeLeft, EpochOpened, TermOpened,
                                SnapshotPart, Snapshot, Skipped>;

struct Record {
  std::uint64_t epoch = 0;  // raised when the stream is made anew
  std::uint64_t term = 0;   // raised by each leader
  std::uint64_t seq = 0;    // stream sequence, from 1
  Hash prev{};  // hash of record seq-1; of the old head for EpochOpened; zero for the very first
  std::string op_id;  // unique per order; a retry carries the same
  Actor actor;
  std::string reason;  // of a kill or resume
  std::uint64_t issued_at_ms = 0;
  RecordBody body;

  [[nodiscard]] RecordKind kind() const noexcept;
  template <class Body>
  [[nodiscard]] bool is() const noexcept {
    return std::holds_alternative<Body>(body);
  }
  // For callers that know the kind: another kind throws, which ends a process of ours.
  [[nodiscard]] const Kill& kill() const { return std::get<Kill>(body); }
  [[nodiscard]] Kill& kill() { return std::get<Kill>(body); }
  [[nodiscard]] const Resume& resume() const { return std::get<Resume>(body); }
  [[nodiscard]] Resume& resume() { return std::get<Resume>(body); }
  // Of a kill or a resume.
  [[nodiscard]] const Scope& scope() const;
  friend bool operator==(const Record&, const Record&) = default;
};

// A record as it travels and is stored: the exact body bytes, their hash and control's signature.
struct SignedRecord {
  Record record;
  Bytes frame;  // the whole signed frame, as published
  Hash hash{};  // SHA-256 of the body
};

}  // namespace estop::schemas
