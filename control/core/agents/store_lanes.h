// SPDX-License-Identifier: Apache-2.0

// The agents' requests to the store, in a lane for each address. A lane has a bounded number of
// requests at the recorder and of bytes a second; the rest waits in a bounded queue. So an address
// that asks for too much delays itself and nobody else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "control/core/agents/token_bucket.h"

namespace estop::control {

struct StoreLanesOptions {
  std::size_t in_flight_max = 8;  // of an address
  std::size_t waiting_max = 4'096;
  std::size_t waiting_max_bytes = 16 * 1024 * 1024;
  std::size_t all_waiting_max_bytes = 128 * 1024 * 1024;
  Rate bytes{16.0 * 1024 * 1024, 32.0 * 1024 * 1024};  // both ways
  Rate refusals{20, 100};                              // answers "too many"; beyond them no answer
};

// A request as it came. It is decoded when its turn comes.
struct WaitingStore {
  std::string subject;
  std::string reply;
  std::string data;
};

class StoreLanes {
 public:
  // Decodes a request and begins it. True: ended() follows. False: it could not be read, or it was
  // answered at once.
  using Begin = std::function<bool(const WaitingStore&)>;

  StoreLanes(StoreLanesOptions options, Begin begin)
      : options_(options), begin_(std::move(begin)) {}

  enum class Taken : std::uint8_t {
    kYes,      // begun or waits
    kRefused,  // too many: answer so
    kDropped,  // too many, and answered often enough
  };
  Taken take(std::string_view address, WaitingStore asked, std::uint64_t now_us);
  // A request of this address was answered with so many bytes.
  void ended(std::string_view address, std::size_t bytes, std::uint64_t now_us);
  // Begins what may begin now; forgets lanes that are empty.
  void tick(std::uint64_t now_us);

  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::size_t lanes() const { return lanes_.size(); }

 private:
  struct Lane {
    explicit Lane(const StoreLanesOptions& options)
        : bytes(options.bytes), refusals(options.refusals) {}
    std::deque<WaitingStore> queue;
    std::size_t queued_bytes = 0;
    std::size_t in_flight = 0;
    TokenBucket bytes;
    TokenBucket refusals;
  };
  void pump(Lane& lane, std::uint64_t now_us);

  StoreLanesOptions options_;
  Begin begin_;
  std::map<std::string, Lane, std::less<>> lanes_;  // by address
  std::size_t waiting_ = 0;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace estop::control
