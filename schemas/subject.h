// SPDX-License-Identifier: Apache-2.0

// A subject, and the parts of a parsed subject. schemas/subjects.h makes and parses them.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "schemas/address.h"

namespace estop::schemas {

// A subject that is safe to hand to the broker. `str().c_str()` has no inner NUL, space, CR or LF.
class Subject {
 public:
  Subject() = default;
  // From a text that str() returned.
  [[nodiscard]] static Subject again(std::string text) { return Subject(std::move(text)); }
  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  [[nodiscard]] const char* c_str() const noexcept { return text_.c_str(); }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  friend bool operator==(const Subject&, const Subject&) = default;

 private:
  friend class SubjectMaker;
  explicit Subject(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// The base of the classes that make subjects, in schemas/subjects.h.
class SubjectMaker {
 protected:
  [[nodiscard]] static Subject made(std::string text) { return Subject(std::move(text)); }
};

// `<prefix>.intent.A.i.B.<action…>` taken apart. Views into the subject that was parsed; every part
// obeys its grammar.
struct IntentSubject {
  std::string_view sender;           // org.workspace.name
  std::string_view instance;         // of the sender
  std::string_view sender_instance;  // org.workspace.name.instance, one contiguous slice
  std::string_view receiver;         // org.workspace.name
  std::string_view action;           // email.send
};

// `<prefix>.deliver.B.A.<action…>`
struct DeliverSubject {
  std::string_view receiver;
  std::string_view sender;
  std::string_view action;
};

// Kinds in an agent's inbox that belong to the bridges.
inline constexpr std::string_view kReplyKind = "reply";      // of an answer that passed the gate
inline constexpr std::string_view kRefusedKind = "refused";  // of an intent that did not

// `<prefix>.inbox.A.i.reply.<id>.B`, or `<prefix>.inbox.A.i.<kind>.<id>` of any other kind.
struct InboxSubject {
  std::string_view address;  // org.workspace.name of its owner
  std::string_view instance;
  std::string_view kind;
  std::string_view id;
  std::string_view replier;  // B, org.workspace.name; of a reply only
};

// `<prefix>.<kind>.A.i`: hello, beat, checkpoint, stopped.
struct AgentSubject {
  std::string_view address;  // org.workspace.name
  std::string_view instance;
};

// `<prefix>.command.<operator>.<verb>` of an operator of the whole fleet,
// `<prefix>.command.<operator>.<verb>.<reach…>` of an operator whose credential reaches a part of
// it.
struct CommandSubject {
  std::string_view actor;
  std::string_view verb;
  Scope reach{};
};
// `<prefix>.emergency.<operator>`, and with a reach as above.
struct EmergencySubject {
  std::string_view actor;
  Scope reach{};
};

}  // namespace estop::schemas
