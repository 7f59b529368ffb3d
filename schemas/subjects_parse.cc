// SPDX-License-Identifier: Apache-2.0

// The reading half of schemas/subjects.h: subjects taken apart, and replies that are honoured.
#include <algorithm>
#include <array>
#include <utility>

#include "schemas/limits.h"
#include "schemas/subjects.h"

namespace estop::schemas {
namespace {

// Cuts `<prefix>.<kind>.` off `subject`; nullopt if it does not stand there.
std::optional<std::string_view> after(std::string_view subject, std::string_view prefix,
                                      std::string_view kind) noexcept {
  if (subject.size() <= prefix.size() + kind.size() + 2) return std::nullopt;
  if (!subject.starts_with(prefix) || subject[prefix.size()] != '.') return std::nullopt;
  subject.remove_prefix(prefix.size() + 1);
  if (!subject.starts_with(kind) || subject[kind.size()] != '.') return std::nullopt;
  return subject.substr(kind.size() + 1);
}

// Takes `count` tokens off the front of `rest` (with the dot behind them); nullopt if there are
// fewer. `last` allows the end of the subject behind them.
std::optional<std::string_view> take(std::string_view& rest, int count, bool last) noexcept {
  std::size_t at = 0;
  for (int i = 0; i < count; ++i) {
    const auto dot = rest.find('.', at);
    if (dot == std::string_view::npos) {
      if (!last || i + 1 < count) return std::nullopt;
      return std::exchange(rest, std::string_view{});
    }
    at = dot + 1;
  }
  const auto taken = rest.substr(0, at - 1);
  rest.remove_prefix(at);
  return taken;
}

bool clean_reply_token(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// `<word>` or `<word>.<reach…>`.
std::optional<std::pair<std::string_view, Scope>> reaching(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const std::string_view word = text.substr(0, dot);
  if (!is_segment(word)) return std::nullopt;
  if (dot == text.size()) return std::pair(word, Scope{});
  auto reach = Scope::from_tokens(text.substr(dot + 1));
  if (!reach || *reach == Scope{}) return std::nullopt;
  return std::pair(word, std::move(*reach));
}

constexpr std::array<std::string_view, 4> kAgentKinds{"hello", "beat", "checkpoint", "stopped"};

constexpr std::size_t kReplyMax_bytes = 255;

}  // namespace

std::optional<IntentSubject> IntentSubjects::parse_intent(std::string_view subject) const noexcept {
  auto rest = after(subject, prefix_.text(), "intent");
  if (!rest) return std::nullopt;
  const char* begin = rest->data();
  const auto sender = take(*rest, 3, false);
  if (!sender || !is_address_tokens(*sender)) return std::nullopt;
  const auto instance = take(*rest, 1, false);
  if (!instance || !is_instance(*instance)) return std::nullopt;
  const auto receiver = take(*rest, 3, false);
  if (!receiver || !is_address_tokens(*receiver) || !is_action(*rest)) return std::nullopt;
  return IntentSubject{*sender, *instance,
                       std::string_view(begin, sender->size() + 1 + instance->size()), *receiver,
                       *rest};
}

std::optional<DeliverSubject> IntentSubjects::parse_deliver(
    std::string_view subject) const noexcept {
  auto rest = after(subject, prefix_.text(), "deliver");
  if (!rest) return std::nullopt;
  const auto receiver = take(*rest, 3, false);
  if (!receiver || !is_address_tokens(*receiver)) return std::nullopt;
  const auto sender = take(*rest, 3, false);
  if (!sender || !is_address_tokens(*sender) || !is_action(*rest)) return std::nullopt;
  return DeliverSubject{*receiver, *sender, *rest};
}

std::optional<InboxSubject> IntentSubjects::parse_inbox(std::string_view subject) const noexcept {
  auto rest = after(subject, prefix_.text(), "inbox");
  if (!rest) return std::nullopt;
  const auto address = take(*rest, 3, false);
  if (!address || !is_address_tokens(*address)) return std::nullopt;
  const auto instance = take(*rest, 1, false);
  if (!instance || !is_instance(*instance)) return std::nullopt;
  const auto kind = take(*rest, 1, false);
  if (!kind || !is_segment(*kind)) return std::nullopt;
  if (*kind != kReplyKind) {
    if (!is_segment(*rest)) return std::nullopt;
    return InboxSubject{*address, *instance, *kind, *rest, {}};
  }
  const auto id = take(*rest, 1, false);
  if (!id || !is_segment(*id) || !is_address_tokens(*rest)) return std::nullopt;
  return InboxSubject{*address, *instance, *kind, *id, *rest};
}

std::optional<Subject> IntentSubjects::honoured_reply(std::string_view owner,
                                                      std::string_view reply) const {
  if (reply.size() > kReplyMax_bytes) return std::nullopt;
  const auto rest = after(reply, prefix_.text(), "inbox");
  if (!rest || owner.empty() || !rest->starts_with(owner)) return std::nullopt;
  if (rest->size() < owner.size() + 2 || (*rest)[owner.size()] != '.') return std::nullopt;
  char before = '.';
  for (const char c : rest->substr(owner.size() + 1)) {
    if (c == '.' ? before == '.' : !clean_reply_token(c)) return std::nullopt;
    before = c;
  }
  if (before == '.') return std::nullopt;
  return made(std::string(reply));
}

std::optional<AgentSubject> AgentSubjects::parse_agent(std::string_view subject) const noexcept {
  for (const std::string_view kind : kAgentKinds) {
    auto rest = after(subject, prefix_.text(), kind);
    if (!rest) continue;
    const auto address = take(*rest, 3, false);
    if (!address || !is_address_tokens(*address) || !is_instance(*rest)) return std::nullopt;
    return AgentSubject{*address, *rest};
  }
  return std::nullopt;
}

std::optional<std::string_view> BridgeSubjects::parse_receipt(
    std::string_view subject) const noexcept {
  const auto rest = after(subject, prefix_.text(), "receipt");
  return rest && is_segment(*rest) ? rest : std::nullopt;
}

std::optional<CommandSubject> OperatorSubjects::parse_command(std::string_view subject) const {
  const auto rest = after(subject, prefix_.text(), "command");
  if (!rest) return std::nullopt;
  const std::size_t dot = std::min(rest->find('.'), rest->size());
  const std::string_view actor = rest->substr(0, dot);
  if (!is_segment(actor) || dot == rest->size()) return std::nullopt;
  const auto verb = reaching(rest->substr(dot + 1));
  if (!verb) return std::nullopt;
  return CommandSubject{actor, verb->first, verb->second};
}

std::optional<EmergencySubject> OperatorSubjects::parse_emergency(std::string_view subject) const {
  const auto rest = after(subject, prefix_.text(), "emergency");
  const auto actor = rest ? reaching(*rest) : std::nullopt;
  if (!actor) return std::nullopt;
  return EmergencySubject{actor->first, actor->second};
}

std::optional<std::string_view> BridgeSubjects::parse_bridge(
    std::string_view subject) const noexcept {
  const auto rest = after(subject, prefix_.text(), "bridge");
  return rest && is_segment(*rest) ? rest : std::nullopt;
}

std::optional<std::string_view> BridgeSubjects::parse_read(
    std::string_view subject) const noexcept {
  const auto rest = after(subject, prefix_.text(), "read");
  return rest && is_segment(*rest) ? rest : std::nullopt;
}

}  // namespace estop::schemas
