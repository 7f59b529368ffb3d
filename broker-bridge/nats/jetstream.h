// SPDX-License-Identifier: Apache-2.0

// JetStream by its documented subjects, for one stream: the control log.
//
// Asynchronous only: every call publishes a request, and an event on the loop answers it, because
// nats.c's own JetStream calls block or bring threads. Callbacks come once, later, on the loop;
// closing the connection drops them. Source: NATS ADR-1, ADR-31, JetStream API v1.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "broker-bridge/nats/connection.h"
#include "schemas/result.h"
#include "schemas/subjects.h"

namespace estop::nats {

struct StreamInfo {
  std::uint64_t first_seq = 0;  // 0 or last_seq + 1 in an empty stream
  std::uint64_t last_seq = 0;
  std::uint64_t messages = 0;
  std::string created;  // RFC 3339, as the broker wrote it: another value is another stream
  bool fresh = false;   // made by this very ensure_stream
};

class JetStream {
 public:
  using InfoHandler = std::function<void(schemas::Result<StreamInfo>)>;
  using SeqHandler = std::function<void(schemas::Result<std::uint64_t>)>;
  using DoneHandler = std::function<void(schemas::Result<void>)>;
  using BytesHandler = std::function<void(schemas::Result<std::string>)>;

  // `connection` must outlive this and is the one in the account that has JetStream.
  JetStream(Connection& connection, schemas::Subjects subjects);

  // The control stream, made if missing: one subject, on disk, nothing deleted but by `purge`,
  // direct reads. kStoreUnavailable: JetStream is off or full, or a stream of that name has other
  // settings (the detail names the first difference).
  void ensure_stream(Millis timeout, InfoHandler handler);
  // kNotFound: no such stream.
  void stream_info(Millis timeout, InfoHandler handler);

  // Appends if `expected_last_seq` is the newest; answers with the sequence of the new message.
  // kLogConflict: another writer appended. kStoreUnavailable: the broker reports that it did not
  // store it. kTimeout and kNoContact: unknown; ask stream_info. Core subscribers of the subject
  // see the message in every case. False: not even sent (the handler is still called, with
  // kNoContact).
  bool append(std::string_view data, std::uint64_t expected_last_seq, Millis timeout,
              SeqHandler handler);

  // Removes what stands before this sequence. One that ends before it is empty then, and its next
  // message gets this sequence. kStoreUnavailable: the broker refuses it, also of a stream that was
  // made so that nothing may be purged.
  void purge(std::uint64_t before_seq, Millis timeout, DoneHandler handler);

  // The message with this sequence. kNotFound: there is none (yet).
  void get(std::uint64_t seq, Millis timeout, BytesHandler handler);

 private:
  void create(Millis timeout, InfoHandler handler);

  Connection& connection_;
  schemas::Subjects subjects_;
};

}  // namespace estop::nats
