// SPDX-License-Identifier: Apache-2.0

// Reads the part of the control stream that the ledger asks for: makes sure that the stream exists,
// then gets its records, several at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "broker-bridge/nats/jetstream.h"
#include "control/core/events.h"

namespace estop::control {

class StreamReader {
 public:
  using Done = std::function<void(StreamRead)>;  // once, later, on the loop

  // `stream` must outlive the reading; closing its connection drops it.
  explicit StreamReader(nats::JetStream& stream) : stream_(stream) {}
  // Everything from `from_seq` on; the last record if the stream ends before. `begins`: see the
  // effect ReadStream.
  void read(std::uint64_t from_seq, std::uint64_t begins, Done done);

 private:
  struct Reading;
  void get_more(const std::shared_ptr<Reading>& reading);
  void empty(std::uint64_t begins, const std::shared_ptr<Reading>& reading);

  nats::JetStream& stream_;
};

}  // namespace estop::control
