// SPDX-License-Identifier: Apache-2.0

// The stream CONTROL as JetStream keeps it, spoken to by JetStream's documented subjects:
// compare-and-set append, direct get, info, create. What was not synced is lost with the power.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/subjects.h"
#include "tests/sim/session.h"

namespace estop::sim {

class Stream {
 public:
  enum class Mood : std::uint8_t {
    kFine,
    kSilent,   // takes nothing and answers nothing
    kRefuses,  // answers that it has no room
    kMute,     // takes and answers nothing
    kLags,     // direct reads come from a replica that has not the newest record
  };

  // Who is told what the stream took, and what it lost.
  struct Events {
    std::function<void(std::uint64_t seq, std::string_view frame)> took;
    std::function<void(std::uint64_t from_seq)> lost;
  };
  Stream(const schemas::Subjects& subjects, Events events);

  // The body of the answer to a message on the log's subject; nullopt: there is none.
  std::optional<Message> take(const Message& message);
  // True: the subject is one of JetStream's, `answer` is filled if there is one.
  bool ask(const Message& message, std::optional<Message>& answer);

  void set_mood(Mood mood) { mood_ = mood; }
  void lose_after(std::uint64_t seq);  // everything behind it
  void lose_all();                     // the stream itself
  [[nodiscard]] std::uint64_t last_seq() const { return frames_.size(); }
  [[nodiscard]] const std::vector<std::string>& frames() const { return frames_; }

 private:
  void purge(std::uint64_t before_seq);
  [[nodiscard]] std::string info() const;
  [[nodiscard]] std::optional<Message> get(const Message& request) const;

  std::string get_subject_;
  std::string info_subject_;
  std::string create_subject_;
  std::string purge_subject_;
  Events events_;
  Mood mood_ = Mood::kFine;
  std::uint64_t first_ = 1;  // what stands before it in `frames_` is gone
  std::string config_;       // as given at its creation; empty: there is no stream
  std::vector<std::string> frames_;
};

}  // namespace estop::sim
