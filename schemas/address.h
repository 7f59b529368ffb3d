// SPDX-License-Identifier: Apache-2.0

// Names that can stand on a NATS subject, and nothing else.
//
// The broker routes by the bytes of a subject: a dot, star, space or CR LF in a name would change
// who receives a message, or even inject protocol. So every name is a type that only its parser can
// make; no unchecked byte reaches a subject. All types here are values: they copy, compare, hash
// (see address_hash) and never throw.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace estop::schemas {

// `[a-z0-9][a-z0-9_-]{0,62}`
[[nodiscard]] bool is_segment(std::string_view text) noexcept;
// `[a-z0-9]{8,16}`
[[nodiscard]] bool is_instance(std::string_view text) noexcept;
// One to six segments with dots between, at most 127 bytes.
[[nodiscard]] bool is_action(std::string_view text) noexcept;
// `org.workspace.name`, three segments.
[[nodiscard]] bool is_address_tokens(std::string_view text) noexcept;

// A name checked by Rule; Tag only makes the types distinct.
template <bool (*Rule)(std::string_view) noexcept, class Tag>
class CheckedName {
 public:
  CheckedName() = default;  // empty: the value before one is known; no parser returns it
  [[nodiscard]] static Result<CheckedName> parse(std::string_view text) {
    if (!Rule(text)) return fail(Errc::kBadAddress, Tag::explain(text));
    CheckedName made;
    made.text_ = text;
    return made;
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  friend auto operator<=>(const CheckedName&, const CheckedName&) = default;

 private:
  std::string text_;
};

struct SegmentTag {
  static std::string explain(std::string_view text);
};
struct InstanceTag {
  static std::string explain(std::string_view text);
};
struct ActionTag {
  static std::string explain(std::string_view text);
};

using Segment = CheckedName<is_segment, SegmentTag>;     // operator names, bridge ids
using Instance = CheckedName<is_instance, InstanceTag>;  // one running replica
using Action = CheckedName<is_action, ActionTag>;        // email.send

// `org/workspace/name`: the identity of an agent. All its replicas share it.
class Address {
 public:
  Address() = default;
  // From `org/workspace/name`. kBadAddress names the offending part and the rule.
  [[nodiscard]] static Result<Address> parse(std::string_view text);
  // From `org.workspace.name`, as it stands on a subject.
  [[nodiscard]] static Result<Address> from_tokens(std::string_view tokens);

  [[nodiscard]] const std::string& tokens() const noexcept {
    return tokens_;
  }                                        // org.workspace.name
  [[nodiscard]] std::string text() const;  // org/workspace/name
  [[nodiscard]] std::string_view org() const noexcept;
  [[nodiscard]] std::string_view workspace() const noexcept;  // only the second segment
  [[nodiscard]] std::string_view name() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return tokens_.empty(); }
  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  std::string tokens_;
};

// What a kill or resume covers. Text forms (command line, JSON, records):
//   `*` fleet · `acme/*` org · `acme/prod/*` workspace · `acme/prod/mailer` agent ·
//   `acme/prod/mailer@k3j9x2ab` instance
class Scope {
 public:
  enum class Kind : std::uint8_t {
    kFleet = 1,      // everybody
    kOrg = 2,        // every address of an org
    kWorkspace = 3,  // every address of a workspace
    kAgent = 4,      // every instance of an address, also those born later
    kInstance = 5,   // one instance of an address
  };

  Scope() = default;  // the fleet
  [[nodiscard]] static Result<Scope> parse(std::string_view text);
  // From tokens(). kBadScope.
  [[nodiscard]] static Result<Scope> from_tokens(std::string_view tokens);
  [[nodiscard]] static Scope fleet() { return {}; }
  [[nodiscard]] static Scope of(const Address& address);
  [[nodiscard]] static Scope of(const Address& address, const Instance& instance);

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  // The scope as dotted tokens: "" fleet, "acme", "acme.prod", "acme.prod.mailer",
  // "acme.prod.mailer.k3j9x2ab".
  [[nodiscard]] const std::string& tokens() const noexcept { return tokens_; }
  [[nodiscard]] std::string text() const;
  // Address part of an agent or instance scope; empty for wider ones.
  [[nodiscard]] Address address() const;
  [[nodiscard]] bool covers(const Address& address) const noexcept;  // every instance of it
  [[nodiscard]] bool covers(const Address& address, std::string_view instance) const noexcept;
  [[nodiscard]] bool covers(const Scope& other) const noexcept;
  friend auto operator<=>(const Scope&, const Scope&) = default;

 private:
  Kind kind_ = Kind::kFleet;
  std::string tokens_;
};

std::ostream& operator<<(std::ostream& out, const Address& address);
std::ostream& operator<<(std::ostream& out, const Scope& scope);
std::ostream& operator<<(std::ostream& out, Scope::Kind kind);

}  // namespace estop::schemas
