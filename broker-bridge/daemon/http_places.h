// SPDX-License-Identifier: Apache-2.0

// Decides which connections keep a place when more come than there are places. Pure.
//
// The newest connection is served: a probe asks as soon as it is connected, and connections that
// hold a place without a complete request have had their time. The connection that waits longest
// goes first; next, one that has not read its answer yet. A request that is being handled and a
// stream keep their place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace estop::daemon {

class HttpPlaces {
 public:
  enum class Phase {
    kWaiting,  // for a handshake, a request, or the end
    kWriting,  // an answer
    kBusy,     // with a request, or as a stream
  };
  struct Bounds {
    std::size_t all = 0;
    std::size_t per_peer = 0;
  };
  explicit HttpPlaces(const Bounds& bounds) : bounds_(bounds) {}

  struct Verdict {
    bool is_admitted = false;
    std::optional<std::uint64_t> evicted;  // has no place any more: close it
  };
  // `peer`: the group of connections that are counted together; empty: counted among all only.
  // `now`: any clock that does not go back.
  [[nodiscard]] Verdict admit(std::uint64_t id, const std::string& peer, std::int64_t now);
  // For a connection that has a place; else does nothing.
  void enter(std::uint64_t id, Phase phase, std::int64_t now);
  void leave(std::uint64_t id);
  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }

 private:
  struct Place {
    std::string peer;
    Phase phase = Phase::kWaiting;
    std::int64_t since = 0;
  };
  [[nodiscard]] std::optional<std::uint64_t> first_to_go(const std::string* peer) const;

  Bounds bounds_;
  std::map<std::uint64_t, Place> places_;
  std::map<std::string, std::size_t> peers_;
};

}  // namespace estop::daemon
