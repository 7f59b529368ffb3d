// SPDX-License-Identifier: Apache-2.0

// What operators send: JSON or msgpack, to a command that control carries out.
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "control/json/commands.h"
#include "schemas/codec.h"
#include "tests/fuzz/targets.h"

namespace estop::fuzz {
namespace {

using schemas::Form;

// By the first byte, from 'a': seeds name it, so new ones come at the end.
constexpr std::array<std::string_view, 10> kVerbs{"kill",  "resume", "ps",     "get",     "status",
                                                  "audit", "verify", "revoke", "nothing", "cut"};

struct Promises {
  void operator()(const control::KillCommand& kill) const {
    check(kill.order);
    require(kill.grace_ms <= schemas::kGraceMax_ms, "a grace has an end");
  }
  void operator()(const control::ResumeCommand& resume) const { check(resume.order); }
  void operator()(const control::RevokeCommand& revoke) const {
    require(!revoke.who.empty() && !revoke.reason.empty(), "a revocation names whom and why");
  }
  void operator()(const control::CutCommand& cut) const {
    require(cut.request.kept_at.size() <= control::kKeptAtMax_bytes &&
                schemas::is_clean_text(cut.request.kept_at) && !cut.request.reason.empty(),
            "a cut says in clean text why, and where the export is");
  }
  void operator()(const control::GetCommand& get) const {
    require(!get.address.empty(), "an address is asked for");
  }
  void operator()(const control::AuditCommand& audit) const {
    require(audit.query.limit >= 1 && audit.query.limit <= 10'000, "a list is bounded");
  }
  template <class Other>
  void operator()(const Other&) const {}

  static void check(const control::OrderRequest& order) {
    require(!order.reason.empty() && order.reason.size() <= schemas::kReasonMax_bytes &&
                schemas::is_clean_text(order.reason),
            "an order has a reason that a terminal may show");
    require(order.op_id.empty() ||
                (schemas::is_segment(order.op_id) && order.op_id.size() <= schemas::kOpIdMax_bytes),
            "an op id is a name");
    require(order.timeout_ms >= 1 && order.timeout_ms <= control::kWaitMax_ms,
            "an order waits for a while");
  }
};

// The other form of a command that was read says the same.
void translate(std::string_view verb, const std::string& json) {
  const auto there = schemas::to_json(schemas::from_json(json, Form::kMsgpack));
  if (!there) return;  // JSON may hold text that msgpack refuses
  const auto command = control::parse_command(verb, there->json);
  require(command.has_value(), "a command may be sent in either form");
  const auto back = schemas::to_json(schemas::from_json(there->json, Form::kMsgpack));
  require(back && back->json == there->json, "nothing is lost between the forms");
}

}  // namespace

void commands(std::string_view input) {
  if (input.empty()) return;
  const auto chosen = static_cast<std::size_t>(static_cast<unsigned char>(input[0] - 'a'));
  if (chosen >= kVerbs.size()) return;
  const auto text = schemas::to_json(input.substr(1));
  if (!text) return;
  const auto command = control::parse_command(kVerbs[chosen], text->json);
  if (!command) return;
  std::visit(Promises{}, *command);
  if (!text->json.empty()) translate(kVerbs[chosen], text->json);
}

}  // namespace estop::fuzz
