#include "schemas/subjects.h"

#include <array>

#include <fmt/format.h>

#include "schemas/limits.h"

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

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

constexpr std::array<std::string_view, 4> kAgentKinds{"hello", "beat", "checkpoint", "stopped"};
constexpr std::size_t kReplyMax_bytes = 255;

}  // namespace

Subjects Subjects::standard() {
  return Subjects(*Segment::parse("estop"));
}

// --- Intents
// ---------------------------------------------------------------------------------------------------------

Subject Subjects::intent(const Address& from, const Instance& instance, const Address& to,
                         const Action& action) const {
  return Subject(fmt::format("{}.intent.{}.{}.{}.{}", prefix_.text(), from.tokens(),
                             instance.text(), to.tokens(), action.text()));
}
Subject Subjects::intents() const {
  return Subject(prefix_.text() + ".intent.>");
}
Subject Subjects::intents_of(const Address& from) const {
  return Subject(fmt::format("{}.intent.{}.>", prefix_.text(), from.tokens()));
}

std::optional<IntentSubject> Subjects::parse_intent(std::string_view subject) const noexcept {
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

void Subjects::deliver(const IntentSubject& parts, std::string& out) const {
  out.assign(prefix_.text()).append(".deliver.").append(parts.receiver).append(1, '.');
  out.append(parts.sender).append(1, '.').append(parts.action);
}
Subject Subjects::deliveries_to(const Address& to) const {
  return Subject(fmt::format("{}.deliver.{}.>", prefix_.text(), to.tokens()));
}
Subject Subjects::deliveries() const {
  return Subject(prefix_.text() + ".deliver.>");
}

std::optional<DeliverSubject> Subjects::parse_deliver(std::string_view subject) const noexcept {
  auto rest = after(subject, prefix_.text(), "deliver");
  if (!rest) return std::nullopt;
  const auto receiver = take(*rest, 3, false);
  if (!receiver || !is_address_tokens(*receiver)) return std::nullopt;
  const auto sender = take(*rest, 3, false);
  if (!sender || !is_address_tokens(*sender) || !is_action(*rest)) return std::nullopt;
  return DeliverSubject{*receiver, *sender, *rest};
}

// --- Inboxes
// ---------------------------------------------------------------------------------------------------------

Subject Subjects::inbox(const Address& to, const Instance& instance, const Segment& kind,
                        const Segment& id) const {
  std::string out;
  inbox(to.tokens(), instance.text(), kind.text(), id.text(), out);
  return Subject(std::move(out));
}
void Subjects::inbox(std::string_view address, std::string_view instance, std::string_view kind,
                     std::string_view id, std::string& out) const {
  out.assign(prefix_.text()).append(".inbox.").append(address).append(1, '.').append(instance);
  out.append(1, '.').append(kind).append(1, '.').append(id);
}
Subject Subjects::inbox_of(const Address& to, const Instance& instance) const {
  return Subject(fmt::format("{}.inbox.{}.{}.>", prefix_.text(), to.tokens(), instance.text()));
}
Subject Subjects::inboxes_of(const Address& to) const {
  return Subject(fmt::format("{}.inbox.{}.>", prefix_.text(), to.tokens()));
}
Subject Subjects::inboxes() const {
  return Subject(prefix_.text() + ".inbox.>");
}

std::optional<Subject> Subjects::honoured_reply(std::string_view owner,
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
  return Subject(std::string(reply));
}

// --- Agents and control
// ------------------------------------------------------------------------------------------------

Subject Subjects::hello(const Address& from, const Instance& instance) const {
  return Subject(fmt::format("{}.hello.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject Subjects::beat(const Address& from, const Instance& instance) const {
  return Subject(fmt::format("{}.beat.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject Subjects::checkpoint(const Address& from, const Instance& instance) const {
  return Subject(
      fmt::format("{}.checkpoint.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject Subjects::stopped(const Address& from, const Instance& instance) const {
  return Subject(fmt::format("{}.stopped.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject Subjects::hellos() const {
  return Subject(prefix_.text() + ".hello.>");
}
Subject Subjects::beats() const {
  return Subject(prefix_.text() + ".beat.>");
}
Subject Subjects::checkpoints() const {
  return Subject(prefix_.text() + ".checkpoint.>");
}
Subject Subjects::stoppeds() const {
  return Subject(prefix_.text() + ".stopped.>");
}

std::optional<AgentSubject> Subjects::parse_agent(std::string_view subject) const noexcept {
  for (const std::string_view kind : kAgentKinds) {
    auto rest = after(subject, prefix_.text(), kind);
    if (!rest) continue;
    const auto address = take(*rest, 3, false);
    if (!address || !is_address_tokens(*address) || !is_instance(*rest)) return std::nullopt;
    return AgentSubject{*address, *rest};
  }
  return std::nullopt;
}

Subject Subjects::control_of(const Address& agent) const {
  return Subject(fmt::format("{}.control.{}", prefix_.text(), agent.tokens()));
}
Subject Subjects::control_all() const {
  return Subject(prefix_.text() + ".control.all");
}
Subject Subjects::controls() const {
  return Subject(prefix_.text() + ".control.>");
}

Subject Subjects::receipt(const Segment& bridge) const {
  return Subject(fmt::format("{}.receipt.{}", prefix_.text(), bridge.text()));
}
Subject Subjects::receipts() const {
  return Subject(prefix_.text() + ".receipt.*");
}
std::optional<std::string_view> Subjects::parse_receipt(std::string_view subject) const noexcept {
  const auto rest = after(subject, prefix_.text(), "receipt");
  return rest && is_segment(*rest) ? rest : std::nullopt;
}

// --- CONTROL account
// -----------------------------------------------------------------------------------------------------

Subject Subjects::command(const Segment& actor, const Segment& verb) const {
  return Subject(fmt::format("{}.command.{}.{}", prefix_.text(), actor.text(), verb.text()));
}
Subject Subjects::commands_of(const Segment& actor) const {
  return Subject(fmt::format("{}.command.{}.>", prefix_.text(), actor.text()));
}
Subject Subjects::commands() const {
  return Subject(prefix_.text() + ".command.*.*");
}
std::optional<CommandSubject> Subjects::parse_command(std::string_view subject) const noexcept {
  auto rest = after(subject, prefix_.text(), "command");
  if (!rest) return std::nullopt;
  const auto actor = take(*rest, 1, false);
  if (!actor || !is_segment(*actor) || !is_segment(*rest)) return std::nullopt;
  return CommandSubject{*actor, *rest};
}

Subject Subjects::log() const {
  return Subject(prefix_.text() + ".log");
}
Subject Subjects::lease() const {
  return Subject(prefix_.text() + ".lease");
}
Subject Subjects::bridge(const Segment& id) const {
  return Subject(fmt::format("{}.bridge.{}", prefix_.text(), id.text()));
}
Subject Subjects::bridges() const {
  return Subject(prefix_.text() + ".bridge.*");
}
std::optional<std::string_view> Subjects::parse_bridge(std::string_view subject) const noexcept {
  const auto rest = after(subject, prefix_.text(), "bridge");
  return rest && is_segment(*rest) ? rest : std::nullopt;
}
Subject Subjects::event(const Segment& kind) const {
  return Subject(fmt::format("{}.event.{}", prefix_.text(), kind.text()));
}
Subject Subjects::events() const {
  return Subject(prefix_.text() + ".event.>");
}

Subject Subjects::own_inbox(const Segment& owner) const {
  return Subject(fmt::format("{}.inbox.{}.>", prefix_.text(), owner.text()));
}
Subject Subjects::own_inbox(const Segment& owner, const Segment& id) const {
  return Subject(fmt::format("{}.inbox.{}.{}", prefix_.text(), owner.text(), id.text()));
}

// --- JetStream
// -----------------------------------------------------------------------------------------------------------

Segment Subjects::control_stream() {
  return *Segment::parse("control");
}
Subject Subjects::js_stream_create(const Segment& stream) const {
  return Subject("$JS.API.STREAM.CREATE." + upper(stream.text()));
}
Subject Subjects::js_stream_info(const Segment& stream) const {
  return Subject("$JS.API.STREAM.INFO." + upper(stream.text()));
}
Subject Subjects::js_direct_get(const Segment& stream) const {
  return Subject("$JS.API.DIRECT.GET." + upper(stream.text()));
}

}  // namespace estop::schemas
