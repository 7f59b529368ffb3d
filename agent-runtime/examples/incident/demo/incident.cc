// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/demo/incident.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent-runtime/examples/incident/core/letter.h"
#include "agent-runtime/examples/incident/demo/mail_record.h"

namespace estop::incident {
namespace {

using schemas::Errc;
using schemas::fail;
using std::chrono::milliseconds;

constexpr milliseconds kAnswer{20'000};
constexpr const char* kSilence = "3s";  // the operator watches so long whether anything goes out

// Generous: a slow machine is no broken promise.
milliseconds time_for(std::size_t customers) {
  return milliseconds(60'000 + 20 * customers);
}

nlohmann::json parsed(const std::string& answer) {
  return nlohmann::json::parse(answer, nullptr, /*allow_exceptions=*/false);
}

bool is_stage(const nlohmann::json& answer, const char* stage) {
  return answer.is_object() && answer.value("stage", "") == stage;
}

}  // namespace

Result<Closing> Incident::play() {
  using Step = Result<void> (Incident::*)();
  for (const Step step : {&Incident::open, &Incident::campaign_until_kill, &Incident::kill,
                          &Incident::resume, &Incident::finish, &Incident::count}) {
    if (const auto done = (this->*step)(); !done) return tl::make_unexpected(done.error());
  }
  return closing_;
}

Result<void> Incident::write_template(std::string_view link) {
  std::ofstream out(stage_.path("template.txt"), std::ios::binary | std::ios::trunc);
  if (out << template_text(link) << std::flush) return {};
  return fail(Errc::kStoreUnavailable, stage_.path("template.txt") + " cannot be written");
}

Result<void> Incident::open() {
  if (const auto written = write_template(kBrokenLink); !written) return written;
  if (const auto up = stage_.start_mail_server(); !up) return up;
  screen_.step("mail", "Postfix's smtp-sink records every mail at " + stage_.mail_server());
  if (const auto up = stage_.start_estop(); !up) return up;
  screen_.step("estop up", "broker at " + stage_.broker() + ", control, one bridge");
  if (const auto up = stage_.start_mailer(kMailerThreads); !up) return up;
  for (std::size_t i = 0; i < kInstances; ++i) {
    if (const auto started = stage_.start_instance(i); !started) return started;
  }
  screen_.step("agents", fmt::format("{}, and three times {}: the third is a rogue", kMailerAddress,
                                     kCampaignAddress));
  return stage_.wait("the campaign's start", kAnswer, [&] {
    return stage_.instance(0).ready && stage_.instance(1).ready && stage_.instance(kRogue).ready;
  });
}

std::size_t Incident::kill_at() const {
  const std::size_t customers = options_.customers.size();
  return std::min(options_.kill_at.value_or(customers / 3), customers);
}

bool Incident::all_complete() const {
  for (std::size_t i = 0; i < kInstances; ++i) {
    if (!(crashed_ && i == 0) && !stage_.instance(i).complete) return false;
  }
  return true;
}

void Incident::show_progress() {
  screen_.live(
      fmt::format("{} of {} mails", grouped(stage_.mails()), grouped(options_.customers.size())));
}

Result<void> Incident::campaign_until_kill() {
  if (options_.crash_one) {
    if (const auto done = crash_one(); !done) return done;
  }
  // After a crash the others may come to their end before so many mails are out.
  const auto reached = stage_.wait("enough mails", time_for(options_.customers.size()), [&] {
    show_progress();
    return stage_.mails() >= kill_at() || all_complete();
  });
  if (!reached) return reached;
  screen_.step("campaign",
               fmt::format("{} of {} mails are out, all with a broken unsubscribe link",
                           grouped(stage_.mails()), grouped(options_.customers.size())),
               Screen::Tone::kBad);
  return {};
}

Result<void> Incident::crash_one() {
  const auto reached = stage_.wait("some mails", time_for(options_.customers.size()), [&] {
    show_progress();
    return stage_.mails() >= kill_at() / 2 || all_complete();
  });
  if (!reached) return reached;
  crashed_ = true;
  stage_.crash_instance(0);
  screen_.step("crash", "kill -9 of the first instance", Screen::Tone::kBad);
  return {};
}

Result<void> Incident::kill() {
  screen_.command(
      fmt::format("estop kill {} --reason \"broken unsubscribe link\"", kCampaignAddress));
  auto order = stage_.give_order({"kill", std::string(kCampaignAddress), "--reason",
                                  "broken unsubscribe link", "--timeout", kSilence, "-o", "jsonl"});
  if (!order) return tl::make_unexpected(order.error());
  if (const auto fenced = await_fence(*order); !fenced) return fenced;
  return await_silence(*order);
}

// The fence is what the operator is told: the clock is read when the answer has come.
Result<void> Incident::await_fence(Order& order) {
  bool ended = false;
  const auto fenced = stage_.wait("the fence", kAnswer, [&] {
    ended = !order.process.running();  // asked before reading, so that no answer is missed
    while (moments_.fence_ns == 0) {
      const auto line = order.answers.next();
      if (!line) break;
      take_stopped(*line);
      const auto answer = parsed(*line);
      if (!is_stage(answer, "fenced") || !answer.contains("us")) continue;  // not yet all of them
      moments_.fence_ns = record_clock_ns();
      closing_.fence_ms = answer.value("us", 0.0) / 1000;
    }
    return moments_.fence_ns != 0 || ended;
  });
  if (!fenced) return fenced;
  if (moments_.fence_ns == 0) {
    return fail(Errc::kInternal,
                "the kill was not fenced: " + end_of_file(order.answers.path(), 1'000));
  }
  screen_.step(
      "fenced",
      fmt::format("in {:.2f} ms: no intent of the campaign passes any more", closing_.fence_ms),
      Screen::Tone::kGood);
  return {};
}

// The command goes on for kSilence, because the rogue does not confirm; meanwhile it tries on.
Result<void> Incident::await_silence(Order& order) {
  bool ended = false;
  const auto waited = stage_.wait("the end of the kill command", kAnswer, [&] {
    ended = !order.process.running();
    while (const auto line = order.answers.next()) take_stopped(*line);
    screen_.live(fmt::format("{} mails, {} intents of the rogue refused", grouped(stage_.mails()),
                             grouped(stage_.instance(kRogue).refused)));
    return ended;
  });
  if (!waited) return waited;
  screen_.step("stopped", fmt::format("{}/{}, unconfirmed: {}", closing_.stopped,
                                      closing_.stopped_of, fmt::join(closing_.unconfirmed, ", ")));
  closing_.refused_while_killed = stage_.instance(kRogue).refused;
  screen_.step("silence",
               fmt::format("{} of watching; the rogue tried {} times and was refused each time",
                           kSilence, grouped(closing_.refused_while_killed)));
  return {};
}

void Incident::take_stopped(const std::string& line) {
  const auto answer = parsed(line);
  if (!is_stage(answer, "stopped")) return;
  closing_.stopped = answer.value("n", std::size_t{0});
  closing_.stopped_of = answer.value("of", std::size_t{0});
  closing_.unconfirmed = answer.value("missing", std::vector<std::string>{});
}

Result<void> Incident::resume() {
  if (const auto written = write_template(kFixedLink); !written) return written;
  stage_.forget_completions();
  screen_.command(
      fmt::format("estop resume {} --reason \"unsubscribe link is fixed\"", kCampaignAddress));
  moments_.resume_ns = record_clock_ns();
  auto order = stage_.give_order({"resume", std::string(kCampaignAddress), "--reason",
                                  "unsubscribe link is fixed", "--yes", "-o", "jsonl"});
  if (!order) return tl::make_unexpected(order.error());
  const auto ended = stage_.wait("the resume", kAnswer, [&] { return !order->process.running(); });
  if (!ended) return ended;
  if (!order->process.wait(milliseconds(0))->ok()) {
    return fail(Errc::kInternal, "the resume failed: " + end_of_file(order->answers.path(), 1'000));
  }
  screen_.step("resumed", "with the fixed template", Screen::Tone::kGood);
  if (!crashed_) return {};
  crashed_ = false;
  screen_.step("restart", "the first instance, from its checkpoint");
  return stage_.start_instance(0);
}

Result<void> Incident::finish() {
  const auto complete =
      stage_.wait("the end of the campaign", time_for(options_.customers.size()), [&] {
        show_progress();
        return all_complete();
      });
  if (!complete) return complete;
  screen_.step("rogue", fmt::format("{} intents of its old life refused, then it announced "
                                    "itself anew like the others",
                                    grouped(stage_.instance(kRogue).outdated)));
  screen_.step("campaign", fmt::format("complete: {} mails", grouped(stage_.mails())));
  if (const auto verified = verify_audit(); !verified) return verified;
  stage_.stop();
  return {};
}

Result<void> Incident::verify_audit() {
  screen_.command("estop audit verify");
  auto order = stage_.give_order({"audit", "verify", "-o", "jsonl"});
  if (!order) return tl::make_unexpected(order.error());
  const auto ended = stage_.wait("the audit", kAnswer, [&] { return !order->process.running(); });
  if (!ended) return ended;
  const auto verdict = parsed(order->answers.next().value_or(""));
  closing_.audit_ok = order->process.wait(milliseconds(0))->ok() && verdict.is_object() &&
                      verdict.value("ok", false);
  screen_.step("audit",
               closing_.audit_ok ? fmt::format("{} entries, the chain is whole",
                                               grouped(verdict.value("rows", std::size_t{0})))
                                 : "DOES NOT VERIFY: " + end_of_file(order->answers.path(), 500),
               closing_.audit_ok ? Screen::Tone::kGood : Screen::Tone::kBad);
  return {};
}

Result<void> Incident::count() {
  const auto deliveries = read_mail_record(stage_.path("mails"));
  if (!deliveries) return tl::make_unexpected(deliveries.error());
  closing_.mails = count_mails(options_.customers, *deliveries, moments_);
  const MailCount& mails = closing_.mails;
  screen_.step("record",
               fmt::format("{} mails before the kill, {} in flight, {} after the fence; {} twice, "
                           "{} missing",
                           grouped(mails.before_kill), mails.in_flight, mails.after_fence,
                           mails.duplicates, mails.missing));
  return {};
}

}  // namespace estop::incident
