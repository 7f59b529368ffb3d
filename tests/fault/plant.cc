// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/plant.h"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

#include "broker-bridge/daemon/boot_clock.h"
#include "schemas/order.h"

namespace estop::testing {
namespace {

using schemas::Segment;
using schemas::Subjects;

constexpr nats::Millis kAnswersWithin{40'000};
constexpr int kAuditPage = 1'000;
constexpr const char* kTwin = "b1-twin";
// After a restart of the broker, until control has looked at the stream.
constexpr const char* kTryAgain = "store-unavailable";

const char* const kMembers[][2] = {{"acme/prod/a", "aaaaaaa1"}, {"acme/prod/a", "aaaaaaa2"},
                                   {"acme/prod/b", "bbbbbbb1"}, {"acme/test/c", "ccccccc1"},
                                   {"beta/prod/d", "ddddddd1"}, {"beta/prod/e", "eeeeeee1"}};

Segment token(std::string_view text) {
  return Segment::parse(text).value();
}
Segment bridge_id(int which) {
  return token("b" + std::to_string(which + 1));
}

}  // namespace

Plant::Plant(Wiring wiring)
    : site(nullptr, wiring == Wiring::kAnyAddress ? "0.0.0.0" : "127.0.0.1"), crowd(site) {
  site.bridge_lease_ms = kLease_ms;
  if (wiring != Wiring::kProxies) return;
  const int port = site.broker->port();
  for (auto& line : bridge_lines_) line = std::make_unique<TcpProxy>(port);
  control_line_ = std::make_unique<TcpProxy>(port);
  agents_line_ = std::make_unique<TcpProxy>(port);
  site.control_url = url(control_line_);
  site.agents_url = url(agents_line_);
}

std::string Plant::url(const std::unique_ptr<TcpProxy>& proxy) const {
  return proxy ? fmt::format("nats://127.0.0.1:{}", proxy->port()) : site.broker->url();
}

// --- The daemons ---

void Plant::start() {
  start_bridge(0);
  start_others();
}

void Plant::start_others() {
  site.start_control();
  for (int i = 1; i < kBridges; ++i) start_bridge(i);
  if (!site.leads() || !all_open()) throw std::runtime_error("Estop does not start: " + logs());
  for (const auto& [address, instance] : kMembers) crowd.join(address, instance);
}

void Plant::start_bridge(int which) {
  spawn_bridge(bridges.at(static_cast<std::size_t>(which)), which, bridge_id(which).text());
}

void Plant::start_twin() {
  spawn_bridge(twin, 0, kTwin);
}

// `files`: how its log and its ready file are named.
void Plant::spawn_bridge(daemon::ChildProcess& process, int which, const std::string& files) {
  const Segment id = bridge_id(which);
  const control::BridgeRole role{id};
  std::filesystem::remove(site.data.file(files + ".port"));
  const bool is_elsewhere = which == 0 && !bridge_url.empty();
  daemon::SpawnOptions spawn;
  if (is_elsewhere) spawn.command = bridge_runs_in;
  for (const std::string& word :
       {std::string(ESTOP_BRIDGE_PROGRAM), "--id=" + id.text(),
        "--url=" +
            (is_elsewhere ? bridge_url : url(bridge_lines_.at(static_cast<std::size_t>(which)))),
        "--agents-creds=" + site.creds(role, control::Account::kAgents),
        "--control-creds=" + site.creds(role, control::Account::kControl),
        "--control-key=" + site.data.file("keys/log.pub"), std::string("--bridge-beat-ms=50"),
        "--bridge-lease-ms=" + std::to_string(kLease_ms),
        "--ready-file=" + site.data.file(files + ".port")}) {
    spawn.command.push_back(word);
  }
  spawn.log_file = site.data.file(files + ".log");
  process = daemon::ChildProcess::spawn(spawn).value();
}

bool Plant::is_open(int which) {
  const std::string id = bridge_id(which).text();
  if (which == 0 && !bridge_url.empty()) {  // its page is elsewhere: control knows
    const auto status = site.ask("status", Json::object());
    if (status.answers.empty()) return false;
    for (const Json& bridge : status.answers.back().value("bridges", Json::array()))
      if (bridge["id"] == id)
        return bridge.value("state", "") == "open" && bridge["heard_ms_ago"] < kLease_ms;
    return false;
  }
  return site.page(id.c_str(), "/readyz").find("200 OK") != std::string::npos;
}

bool Plant::twin_is_open() {
  return site.page(kTwin, "/readyz").find("200 OK") != std::string::npos;
}

bool Plant::all_open() {
  return site.until([this] { return is_open(0) && is_open(1); }, kHeals);
}

bool Plant::all_closed() {
  return site.until([this] { return !is_open(0) && !is_open(1); }, kHeals);
}

bool Plant::flows(std::uint64_t more) {
  const std::uint64_t enough = crowd.delivered() + more;
  return site.until([&] { return crowd.delivered() >= enough; }, kHeals);
}

std::string Plant::logs() const {
  return "\ncontrol:\n" + site.log("control") + "\nb1:\n" + site.log("b1") + "\nb2:\n" +
         site.log("b2");
}

std::string Plant::login(const control::Role& role, control::Account account) {
  const std::string creds = read_text(site.creds(role, account));
  const auto begin = creds.find('\n') + 1;
  return creds.substr(begin, creds.find('\n', begin) - begin);
}

TcpProxy& Plant::line(Line line) {
  const bool is_bridge = line == Line::kBridgeAgents || line == Line::kBridgeControl;
  const bool in_agents = line == Line::kBridgeAgents || line == Line::kControlAgents;
  if (line == Line::kAgents) return *agents_line_;
  const control::Role role = is_bridge ? control::Role(control::BridgeRole{bridge_id(0)})
                                       : control::Role(control::ControlRole{});
  TcpProxy& proxy = is_bridge ? *bridge_lines_[0] : *control_line_;
  proxy.only(login(role, in_agents ? control::Account::kAgents : control::Account::kControl));
  return proxy;
}

// --- The operator ---

Plant::Given Plant::order(const std::string& verb, const Json& request, std::size_t stop) {
  auto given = std::make_shared<Order>();
  given->stop = stop;
  const bool is_kill = verb == "kill";
  std::string body = request.dump();
  if (schemas::must_be_signed(verb)) {
    body = schemas::sign_command(token("alice"), token(verb), body, site.operator_creds()).value();
  }
  site.operator_->request_many(
      Subjects::standard().command(token("alice"), token(verb)), body, kAnswersWithin,
      [this, given, is_kill](const schemas::Result<nats::MessageView>& answer) {
        if (!answer) given->silent = given->done = true;
        if (answer) hear(*given, is_kill, Json::parse(answer->data));
        return !given->done;
      });
  site.operator_->flush();
  return given;
}

void Plant::hear(Order& order, bool is_kill, const Json& answer) {
  Stop& stop = stop_of(order.stop);
  const std::string stage = answer.value("stage", "");
  if (is_kill && stage == "fenced" && answer.contains("us") && stop.fenced_ns == 0) {
    stop.fenced_ns = daemon::boot_ns();
    stop.mark = crowd.send_mark();
    order.fenced = answer;
  }
  if (is_kill && stage == "committed") stop.committed = true;
  if (is_kill && stage == "durable") stop.audit = answer.value("audit", 0ULL);
  if (!is_kill && stage == "durable") stop.lifted = true;
  if (answer.contains("error")) {
    order.error = answer["error"]["name"];
    if (!is_kill && !stop.lifted) stop.resume_ordered_ns = 0;  // nothing was ordered
  }
  order.done = answer.value("done", false);
  order.last = answer;
}

Plant::Given Plant::kill(const std::string& scope, int timeout_ms) {
  Stop stop;
  stop.op_id = fmt::format("k{}", ++orders_);
  stop.scope = schemas::Scope::parse(scope).value();
  crowd.history.stops.push_back(stop);
  return order("kill",
               {{"scope", scope},
                {"reason", "a test of faults"},
                {"op_id", stop.op_id},
                {"wait", {"fenced", "durable"}},
                {"timeout_ms", timeout_ms}},
               crowd.history.stops.size() - 1);
}

Plant::Given Plant::resume(std::size_t index) {
  Stop& stop = stop_of(index);
  if (stop.resume_ordered_ns == 0) stop.resume_ordered_ns = daemon::boot_ns();
  return order("resume",
               {{"scope", stop.scope.text()},
                {"reason", "the fault is over"},
                {"op_id", fmt::format("r{}", ++orders_)},
                {"lifts", {stop.op_id}},
                {"timeout_ms", 20'000}},
               index);
}

bool Plant::fence(const std::string& scope, Given* given) {
  const Given made = kill(scope);
  if (given != nullptr) *given = made;
  (void)site.until([&] { return made->done; }, kAnswersWithin);
  return stop_of(made->stop).fenced_ns != 0;
}

bool Plant::open(std::size_t stop) {
  (void)site.until(
      [&] {
        const Given made = resume(stop);
        (void)site.until([&] { return made->done; }, kAnswersWithin);
        return made->error != kTryAgain;
      },
      kHeals);
  return stop_of(stop).lifted;
}

bool Plant::lift_all() {
  return site.until(
      [&] {
        const auto status = site.ask("status", Json::object());
        if (status.answers.empty() || !status.answers.back().contains("kills")) return false;
        const Json kills = status.answers.back()["kills"];
        for (const Json& kill : kills) {
          for (std::size_t i = 0; i < crowd.history.stops.size(); ++i) {
            if (stop_of(i).op_id == kill["op_id"].get<std::string>()) (void)open(i);
          }
        }
        return kills.empty();
      },
      kHeals);
}

// A bridge closes with a quarter of its lease left (PROTOCOL.md): for that long the broker may
// still have its last intents before it.
std::size_t Plant::begin_silence() {
  const auto over = daemon::boot_ms() + kLease_ms / 4;
  (void)site.until([&] { return daemon::boot_ms() > over; });
  Stop stop;
  stop.fenced_ns = daemon::boot_ns();
  stop.mark = crowd.send_mark();
  crowd.history.stops.push_back(stop);
  return crowd.history.stops.size() - 1;
}

void Plant::end_silence(std::size_t stop) {
  stop_of(stop).resume_ordered_ns = daemon::boot_ns();
}

// --- The end ---

Json Plant::last_answer(const std::string& verb, const Json& request) {
  const auto order = site.ask(verb, request);
  if (order.answers.empty()) throw std::runtime_error("no answer to " + verb + logs());
  return order.answers.back();
}

End Plant::end() {
  End end;
  const Json status = last_answer("status", Json::object());
  for (const Json& kill : status.at("kills")) end.kills.push_back(kill["op_id"]);
  for (Json rows; rows.is_null() || !rows.empty();) {
    const std::uint64_t after = end.audit.empty() ? 0 : end.audit.rbegin()->first;
    rows = last_answer("audit", {{"after", after}, {"limit", kAuditPage}}).at("rows");
    for (const Json& row : rows) end.audit[row["number"]] = row["op_id"];
  }
  const Json verify = last_answer("verify", Json::object());
  if (!verify.value("ok", false)) end.audit_problem = verify.dump();
  std::set<std::string> announced;
  const auto ask = [&](const Place& place, schemas::StoreOp op, const std::string& bytes) {
    Player& player = crowd.player(place.first);
    if (announced.insert(place.first).second) site.say_hello(player);
    return site.store(player, {op, place.second, 0, player.hello.incarnation, bytes});
  };
  for (const auto& [place, saved] : crowd.history.saved) {
    const auto reply = ask(place, schemas::StoreOp::kGet, "");
    if (reply.code == schemas::Errc::kOk) end.saved[place] = {reply.version, reply.bytes};
  }
  for (const auto& [place, outcome] : crowd.history.finished) {
    const auto reply = ask(place, schemas::StoreOp::kEffectFinish, "asked at the end");
    if (reply.effect == schemas::EffectState::kFinished) end.finished[place] = reply.bytes;
  }
  return end;
}

void Plant::note_incarnations() {
  for (Stop& stop : crowd.history.stops) stop.incarnation = crowd.incarnation_of_resume(stop.op_id);
}

std::vector<std::string> Plant::leaks() {
  if (!crowd.settle(kHeals)) throw std::runtime_error("the agents hear nothing" + logs());
  note_incarnations();
  return deliveries_behind_a_fence(crowd.history);
}

std::string Plant::wrong() {
  crowd.rest();
  if (!crowd.settle(kHeals)) return "the agents hear nothing" + logs();
  note_incarnations();
  std::string text;
  for (const std::string& one : what_is_wrong(crowd.history, end())) text += '\n' + one;
  return text.empty() ? text : text + logs();
}

}  // namespace estop::testing
