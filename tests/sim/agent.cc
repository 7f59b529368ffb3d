// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/agent.h"

#include <fmt/format.h>

#include <utility>

#include "schemas/codec.h"
#include "tests/sim/session.h"

namespace estop::sim {

namespace {

constexpr nats::Millis kStorePatience{5'000};
constexpr nats::Millis kReplyPatience{5'000};
constexpr std::uint64_t kRequests = 200'000;     // per million intents
constexpr std::uint64_t kCheckpoints = 100'000;  // per million intents
constexpr const char* kAction = "mail.send";

}  // namespace

AgentProcess::AgentProcess(Ground& ground, Broker& broker, Observer& observer,
                           AgentSettings settings, std::size_t number)
    : Process(ground, fmt::format("agent {} {}", settings.address.text(), number)),
      observer_(observer),
      settings_(std::move(settings)),
      number_(number),
      loop_(*this, broker) {}

AgentProcess::~AgentProcess() {
  switch_off();  // or it would take its leave
}

bool AgentProcess::is_working() const {
  return session_ != nullptr && session_->standing().acts(session_->standing().life().number);
}

// A process has an instance name of its own.
void AgentProcess::begin() {
  instance_ = *schemas::Instance::parse(fmt::format("i{:03}x{:05}", number_, life()));
  asked_.clear();
  work_life_ = 0;
  checkpoint_ = 0;
  AgentOptions options;
  options.address = settings_.address.text();
  options.creds_file = "agent-" + settings_.address.tokens();
  agent::Identity identity{.address = settings_.address,
                           .instance = instance_,
                           .process = instance_.text(),  // each life has another one
                           .subjects = settings_.subjects};
  agent::Keys keys{schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, settings_.own_seed),
                   settings_.control_key};
  observer_.agent_began(settings_.address, instance_);
  session_ =
      std::make_unique<agent::Session>(std::move(options), std::move(identity), std::move(keys));
  session_->callbacks().on_error([this](const Error& error) {
    ground().trace.note(ground().timeline.now(), name(),
                        [&] { return fmt::format("{}: {}", name(), error.detail); });
  });
  (void)session_->intents().handle(kAction, [this](const Intent&, const std::stop_token&) {
    ++delivered_;
    return Bytes("done");
  });
  (void)session_->start();
  work_later();
}

void AgentProcess::end() {
  if (session_) {
    ground().count("delivery dropped by its receiver", session_->stats().dropped);
  }
  session_.reset();
}

void AgentProcess::flush() {
  look();
  loop_.write();
}

// Whether it works in another life than before.
void AgentProcess::look() {
  const auto life = session_->standing().life();
  if (std::exchange(work_life_, life.number) == life.number) return;
  observer_.work_started(settings_.address, instance_, life.incarnation);
  ground().trace.note(ground().timeline.now(), name(), [&] {
    return fmt::format("{} works in incarnation {}", name(), life.incarnation);
  });
}

// --- What passes its connection ---

void AgentProcess::arrives(const std::string& /*user*/, const std::string& pattern,
                           const Message& message) {
  const auto& subjects = settings_.subjects;
  if (message.subject == subjects.control_all().str() ||
      message.subject == subjects.control_of(settings_.address).str()) {
    const auto record = schemas::open_record(message.data);
    if (!record || !schemas::verify_record(*record, settings_.control_key)) return;
    return observer_.order_verified(instance_, record->record);
  }
  if (pattern == message.subject) answered(message);  // and not by the whole inbox
}

void AgentProcess::answered(const Message& answer) {
  const auto asked = asked_.find(answer.subject);
  if (asked == asked_.end()) return;
  const auto [what, stamp] = asked->second;
  asked_.erase(asked);
  if (what == Question::kBeat) {
    const auto reply = schemas::decode<schemas::BeatReply>(answer.data);
    if (reply) observer_.beat_answered(instance_, *reply, answer.subject);
  } else {
    const auto reply = schemas::decode<schemas::HelloReply>(answer.data);
    if (reply) observer_.hello_answered(settings_.address, *reply, stamp);
  }
}

void AgentProcess::sends(const std::string& /*user*/, const Message& message) {
  at_risk();
  const auto& subjects = settings_.subjects;
  const auto& address = settings_.address;
  if (subjects.parse_intent(message.subject)) {
    look();
    const auto head = schemas::decode_intent(message.data);
    observer_.agent_sends(address, instance_, head->incarnation, boot_now());
  } else if (message.subject == subjects.beat(address, instance_).str()) {
    const auto beat = schemas::decode<schemas::Beat>(message.data);
    observer_.agent_beat_sent(instance_, beat->nonce, boot_now());
    asked_[message.reply] = {Question::kBeat, message.stamp};
  } else if (message.subject == subjects.hello(address, instance_).str()) {
    asked_[message.reply] = {Question::kHello, message.stamp};
  } else if (message.subject == subjects.stopped(address, instance_).str()) {
    observer_.agent_receipt(address, instance_, *schemas::read_stopped(message.data));
  }
}

void AgentProcess::subscribes(const std::string& /*user*/, const std::string& /*pattern*/) {
  at_risk();
}

// --- What it does with its freedom ---

void AgentProcess::work_later() {
  after(ground().random.between(kMs, 2 * settings_.send_every), [this] {
    send_one();
    work_later();
  });
}

void AgentProcess::send_one() {
  if (!is_working()) return;
  Random& random = ground().random;
  const std::string to = random.pick(settings_.peers).text();
  if (random.chance(kRequests)) {
    (void)session_->intents().request(to, kAction, "dear customer", kReplyPatience,
                                      [this](const Result<Bytes>& reply) {
                                        if (reply) ground().count("replies");
                                      });
  } else {
    (void)session_->intents().send(to, kAction, "dear customer");
  }
  if (random.chance(kCheckpoints)) put_checkpoint();
}

// As agent-runtime/src/store.cc asks, which waits for the answer.
void AgentProcess::put_checkpoint() {
  schemas::StoreRequest request;
  request.op = schemas::StoreOp::kPut;
  request.key = instance_.text();
  request.expected_version = checkpoint_;
  request.incarnation = session_->standing().life().incarnation;
  request.bytes = "so far";
  session_->link().connection().request(
      settings_.subjects.checkpoint(settings_.address, instance_), schemas::encode(request).value(),
      kStorePatience, [this](const schemas::Result<nats::MessageView>& view) {
        if (!view) return;
        const auto reply = schemas::decode<schemas::StoreReply>(view->data);
        if (!reply) return;
        if (reply->version != 0) checkpoint_ = reply->version;
        if (reply->code != Errc::kOk) return;
        observer_.checkpoint_stored(settings_.address, instance_.text(), reply->version);
      });
}

}  // namespace estop::sim
