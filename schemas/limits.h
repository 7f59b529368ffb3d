// SPDX-License-Identifier: Apache-2.0

// Every limit and default that two parts have to agree on, with its unit last, and the relations
// between them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace estop::schemas {

// Names and subjects.
inline constexpr std::size_t kSegmentMax_bytes = 63;
inline constexpr std::size_t kInstanceMin_bytes = 8;
inline constexpr std::size_t kInstanceMax_bytes = 16;
inline constexpr std::size_t kActionMax_segments = 6;
inline constexpr std::size_t kActionMax_bytes = 127;
inline constexpr std::size_t kIntentIdMax_bytes = 40;
inline constexpr std::size_t kKeyMax_bytes = 256;  // checkpoint and effect keys
inline constexpr std::size_t kReasonMax_bytes = 1024;
inline constexpr std::size_t kOpIdMax_bytes = 40;
inline constexpr std::size_t kNameMax_bytes = 256;  // scopes, targets, texts of a hello
inline constexpr std::size_t kLiftsMax = 256;       // kills that one resume names
inline constexpr std::size_t kActorDetailMax_bytes = 64;
inline constexpr std::size_t kRecordKindsMax = 128;  // that a part says it can read

// The map that ends each message. A tag from kSkippableTag on may be skipped, others may not.
inline constexpr std::size_t kTagsMax = 16;
inline constexpr std::size_t kTagsMax_bytes = 4'096;  // of all values
inline constexpr std::uint64_t kTagMax = 255;
inline constexpr std::uint64_t kSkippableTag = 128;

// Messages. The broker's max_payload is kBrokerPayloadMax_bytes; a larger message never arrives.
inline constexpr std::size_t kBrokerPayloadMax_bytes = 2 * 1024 * 1024;
inline constexpr std::size_t kPayloadMax_bytes = 256 * 1024;  // of an intent
inline constexpr std::size_t kCheckpointMax_bytes = 1024 * 1024;
inline constexpr std::size_t kRecordMax_bytes = 16 * 1024;           // a signed record, an order
inline constexpr std::size_t kSnapshotPartMax_bytes = 12 * 1024;     // of a state, in one record
inline constexpr std::size_t kControlMessageMax_bytes = 512 * 1024;  // records, beats, commands
inline constexpr std::size_t kMessageMax_bytes = 1'088 * 1024;       // in every credential
inline constexpr std::size_t kSubscriptionsMax = 4'096;  // of one connection; a request has one
inline constexpr std::size_t kDepthMax = 16;
inline constexpr std::size_t kElementsMax = 65'536;
inline constexpr std::size_t kCheckpointKeysMax = 1024;  // per address
inline constexpr std::size_t kInstancesMax = 4096;       // per address

// Time. Leases are counted from the sending of one's own beat, on CLOCK_BOOTTIME.
inline constexpr std::uint32_t kBridgeBeat_ms = 500;
inline constexpr std::uint32_t kBridgeLease_ms = 5'000;
inline constexpr std::uint32_t kAgentBeat_ms = 5'000;
inline constexpr std::uint32_t kAgentLease_ms = 15'000;
inline constexpr std::uint32_t kGrace_ms = 10'000;
inline constexpr std::uint32_t kGraceMax_ms = 600'000;
inline constexpr std::uint32_t kStaleBeats = 3;
inline constexpr std::uint32_t kCrashedBeats = 10;
inline constexpr std::uint32_t kRequestTimeout_ms = 5'000;

static_assert(kBridgeLease_ms >= 4 * kBridgeBeat_ms, "a bridge outlives three lost beats");
static_assert(kAgentLease_ms >= 3 * kAgentBeat_ms, "an agent outlives two lost beats");
static_assert(kCheckpointMax_bytes + 64 * 1024 <= kMessageMax_bytes, "a checkpoint fits");
// Every record within its limits fits its frame: 3 bytes of length for each text, 512 for numbers,
// hash, key and signature.
static_assert(kLiftsMax * (kOpIdMax_bytes + 3) + kReasonMax_bytes + 2 * kNameMax_bytes +
                      kOpIdMax_bytes + kSegmentMax_bytes + 512 <=
                  kRecordMax_bytes,
              "a resume that names as many kills as it may is readable");
static_assert(kTagsMax_bytes + kReasonMax_bytes + 2 * kNameMax_bytes + kOpIdMax_bytes +
                      kSegmentMax_bytes + kActorDetailMax_bytes + 512 <=
                  kSnapshotPartMax_bytes,
              "a part holds any kill");
static_assert(kSnapshotPartMax_bytes + 1'024 <= kRecordMax_bytes, "and a record any part");
static_assert(kMessageMax_bytes < kBrokerPayloadMax_bytes, "the credential binds");
static_assert(kPayloadMax_bytes < kCheckpointMax_bytes);
static_assert(kStaleBeats < kCrashedBeats);

}  // namespace estop::schemas
