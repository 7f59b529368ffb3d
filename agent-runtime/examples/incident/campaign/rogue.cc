// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/campaign/rogue.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agent-runtime/examples/incident/agent/flags.h"
#include "agent-runtime/examples/incident/campaign/rogue_wire.h"
#include "agent-runtime/examples/incident/core/letter.h"
#include "agent-runtime/examples/incident/core/progress.h"
#include "broker-bridge/daemon/signals.h"

namespace estop::incident {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Millis kTick{5};  // one window of intents each: about 1,600 a second
constexpr Millis kDefyAgainAfter{100};
constexpr Millis kPatience{6'000};
constexpr Millis kPatienceInDefiance{250};  // what passed just before the fence is never answered
constexpr Millis kTellEvery{100};
constexpr Millis kRogueSavesEvery{200};
constexpr std::uint64_t kDeafTo = 40;  // so many 410s before it announces itself anew

class Rogue {
 public:
  Rogue(boost::asio::io_context& loop, const AgentOptions& agent, const CampaignOptions& options,
        Journal& journal)
      : options_(options),
        journal_(journal),
        timer_(loop),
        wire_(loop, agent,
              {.announced = [this](const auto& reply) { announced(reply); },
               .answered = [this](auto id, const auto& answer) { answered(id, answer); },
               .refused = [this](auto id, Errc code) { refused(id, code); },
               .kill_heard = [this] { defy(); }}) {}

  Result<void> start() {
    if (const auto read = read_template(); !read) return read;
    if (const auto opened = wire_.open(); !opened) return opened;
    tick();
    return {};
  }
  void leave() { wire_.leave(); }

 private:
  struct Pending {
    std::optional<std::size_t> row;  // nothing: a repetition, sent only to defy
    Clock::time_point deadline;
  };

  Result<void> read_template() {
    const auto file = read_file(options_.template_path);
    if (!file) return tl::make_unexpected(file.error());
    auto letter = Template::parse(*file);
    if (!letter) return tl::make_unexpected(letter.error());
    template_ = std::move(*letter);
    return {};
  }

  void announced(const schemas::HelloReply& reply) {
    if (!reply.latches.empty()) defy();
    if (progress_ && !reply.latches.empty()) return;  // it keeps the life that it has
    incarnation_ = reply.incarnation;
    if (!progress_) return restore();
    defying_ = false;
    release_all();
    if (const auto read = read_template(); !read) journal_.failure("template", read.error());
    journal_.event("readmitted", {{"incarnation", incarnation_}, {"outdated", outdated_}});
    told_complete_ = false;
  }

  // The stop has cut off the answers to what is under way, so there is no use in waiting for them.
  void defy() {
    if (std::exchange(defying_, true) || !progress_) return;
    release_all();
  }

  void release_all() {
    for (const auto& [id, one] : pending_) {
      if (one.row) progress_->release(*one.row);
    }
    pending_.clear();
  }

  void restore() {
    schemas::StoreRequest get;
    get.key = options_.key;
    get.incarnation = incarnation_;
    wire_.store(get, [this](const auto& reply) {
      if (!reply) return wire_.announce();  // from the start
      const std::size_t rows = options_.part.size();
      version_ = reply->version;
      progress_ = Progress::restore(reply->bytes, rows, options_.window)
                      .value_or(Progress(rows, options_.window));
      journal_.event("ready", {{"rows", rows}});
    });
  }

  void tick() {
    const auto now = Clock::now();
    if (progress_ && now >= not_before_) send_more(now);
    if (progress_) forget_unanswered(now);
    if (progress_ && !defying_ && unsaved_ && now - saved_at_ >= kRogueSavesEvery) save(now);
    if (now - told_at_ >= kTellEvery) tell(now);
    timer_.expires_after(kTick);
    timer_.async_wait([this](const auto& error) {
      if (!error) tick();
    });
  }

  void send_more(Clock::time_point now) {
    while (const auto row = progress_->take()) send(row, now);
    // Nothing left to send is no reason for a rogue to be silent.
    while (defying_ && pending_.size() < options_.window) send(std::nullopt, now);
  }

  void send(std::optional<std::size_t> row, Clock::time_point now) {
    if (options_.part.empty()) return;
    const std::string id = fmt::format("r{}", ++last_id_);
    const Letter letter = template_->letter_to(options_.part[row.value_or(0)]);
    pending_.emplace(id, Pending{row, now + (defying_ ? kPatienceInDefiance : kPatience)});
    wire_.request(id, incarnation_, kMailerAddress, kSendAction, encode_letter(letter));
  }

  // The row of an intent that has come to an end, which is up to the caller to settle.
  std::optional<std::size_t> end(std::string_view id) {
    const auto found = pending_.find(std::string(id));
    if (found == pending_.end()) return std::nullopt;
    const auto row = found->second.row;
    pending_.erase(found);
    return row;
  }

  void answered(std::string_view id, const Result<Bytes>& answer) {
    const auto row = end(id);
    if (!row) return;
    if (answer) {
      progress_->confirm(*row);
      unsaved_ = true;
    } else {
      progress_->release(*row);
      not_before_ = Clock::now() + kDefyAgainAfter;
    }
  }

  void refused(std::string_view id, Errc code) {
    if (const auto row = end(id)) progress_->release(*row);
    if (code == Errc::kSenderKilled) {
      defy();
      ++refused_;
    } else if (code == Errc::kOldIncarnation) {
      if (++outdated_ % kDeafTo == 0) wire_.announce();
    } else {
      not_before_ = Clock::now() + kDefyAgainAfter;
    }
  }

  void forget_unanswered(Clock::time_point now) {
    for (auto at = pending_.begin(); at != pending_.end();) {
      if (at->second.deadline > now) {
        ++at;
        continue;
      }
      if (at->second.row) progress_->release(*at->second.row);
      at = pending_.erase(at);
    }
  }

  void save(Clock::time_point now) {
    saved_at_ = now;
    unsaved_ = false;
    schemas::StoreRequest put;
    put.op = schemas::StoreOp::kPut;
    put.key = options_.key;
    put.expected_version = version_;
    put.incarnation = incarnation_;
    put.bytes = progress_->text();
    wire_.store(put, [this](const auto& reply) {
      const bool known =
          reply && (reply->code == Errc::kOk || reply->code == Errc::kVersionConflict);
      if (known) version_ = reply->version;
      if (!reply || reply->code != Errc::kOk) unsaved_ = true;
    });
  }

  void tell(Clock::time_point now) {
    told_at_ = now;
    if (std::exchange(told_, refused_ + outdated_) != refused_ + outdated_) {
      journal_.event("refused", {{"killed", refused_}, {"outdated", outdated_}});
    }
    if (!progress_ || !progress_->complete() || defying_ || unsaved_) return;
    if (!std::exchange(told_complete_, true)) {
      journal_.event("complete", {{"confirmed", progress_->confirmed()}});
    }
  }

  const CampaignOptions& options_;
  Journal& journal_;
  boost::asio::steady_timer timer_;
  RogueWire wire_;
  std::optional<Template> template_;
  std::optional<Progress> progress_;
  std::unordered_map<std::string, Pending> pending_;
  std::uint64_t incarnation_ = 0;
  std::uint64_t version_ = 0;  // of the checkpoint
  std::uint64_t last_id_ = 0;
  std::uint64_t refused_ = 0;   // under the kill: 403
  std::uint64_t outdated_ = 0;  // as a life that ended: 410
  std::uint64_t told_ = 0;
  bool defying_ = false;  // knows that it should stop
  bool unsaved_ = false;
  bool told_complete_ = false;
  Clock::time_point not_before_;
  Clock::time_point saved_at_;
  Clock::time_point told_at_;
};

}  // namespace

Result<void> run_rogue(const AgentOptions& agent, const CampaignOptions& options,
                       Journal& journal) {
  boost::asio::io_context loop(1);
  Rogue rogue(loop, agent, options, journal);
  const daemon::Signals signals(loop, [&](int) {
    rogue.leave();
    loop.stop();
  });
  if (const auto started = rogue.start(); !started) return started;
  loop.run();
  return {};
}

}  // namespace estop::incident
