// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/campaign/campaign.h"

#include <utility>

#include "agent-runtime/examples/incident/agent/flags.h"

namespace estop::incident {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSaveEvery{100};
constexpr std::size_t kSaveEvery_rows = 64;
constexpr milliseconds kRetryAfter{100};
constexpr milliseconds kLook{200};  // how long a wait lasts before it looks at `quit` again
constexpr milliseconds kAnswer{5'000};
constexpr unsigned kDoubtsMax = 20;  // an effect in progress looks ambiguous, too: ask again

}  // namespace

Campaign::Campaign(Agent& agent, Journal& journal, CampaignOptions options)
    : agent_(agent), journal_(journal), options_(std::move(options)) {}

Result<void> Campaign::run(const std::stop_token& quit) {
  agent_.on_stop([this](const StopOrder&) { stopped(); });
  journal_.event("ready", {{"rows", options_.part.size()}});
  while (!quit.stop_requested()) {
    if (const auto begun = begin_life(quit); !begun) return begun;
    work(quit);
    if (const auto rested = rest(quit); !rested) return rested;
  }
  Lock lock(mutex_);
  if (progress_) save(lock);
  return {};
}

// A life starts from what is kept, not from what is remembered: the checkpoint is read again, and
// so is the template, which may be what the stop was about.
Result<void> Campaign::begin_life(const std::stop_token& quit) {
  const auto file = read_file(options_.template_path);
  if (!file) return tl::make_unexpected(file.error());
  auto letter = Template::parse(*file);
  if (!letter) return tl::make_unexpected(letter.error());

  Result<Checkpoint> kept = agent_.get_checkpoint(options_.key);
  while (!kept && kept.error().code != Errc::kNotFound && !quit.stop_requested()) {
    journal_.failure("get_checkpoint", kept.error());
    static_cast<void>(agent_.wait_for_resume(kLook));
    kept = agent_.get_checkpoint(options_.key);
  }
  auto progress = kept ? Progress::restore(kept->bytes, options_.part.size(), options_.window)
                       : Progress(options_.part.size(), options_.window);
  if (!progress) return tl::make_unexpected(progress.error());
  const Lock lock(mutex_);
  template_ = std::move(*letter);
  progress_ = std::move(*progress);
  doubts_.clear();
  unsaved_ = 0;
  saved_at_ = not_before_ = Clock::now();
  told_complete_ = false;
  journal_.event("working", {{"confirmed", progress_->confirmed()}});
  return {};
}

// Until stopped or told to quit.
void Campaign::work(const std::stop_token& quit) {
  Lock lock(mutex_);
  while (!quit.stop_requested() && !agent_.stop_requested()) {
    if (Clock::now() >= not_before_) request_more();
    if (save_is_due()) save(lock);
    if (progress_->complete() && unsaved_ == 0 && !std::exchange(told_complete_, true)) {
      journal_.event("complete",
                     {{"confirmed", progress_->confirmed()}, {"aside", progress_->aside()}});
    }
    // Woken by every answer, by the stop order and by `quit`; the time is for the checkpoint.
    const auto until = told_complete_ ? Clock::now() + kLook : Clock::now() + kSaveEvery / 4;
    bool woken = false;
    changed_.wait_until(lock, quit, until, [&] { return std::exchange(woken, true); });
  }
}

void Campaign::request_more() {
  while (const auto row = progress_->take()) {
    const Letter letter = template_->letter_to(options_.part[*row]);
    agent_.request_async(kMailerAddress, kSendAction, encode_letter(letter), kAnswer,
                         [this, row = *row](Result<Bytes> answer) { answered(row, answer); });
  }
}

// On the callback thread. Whatever is not a yes is asked again: the mailer knows what went out.
void Campaign::answered(std::size_t row, const Result<Bytes>& answer) {
  const Lock lock(mutex_);
  if (answer) {
    progress_->confirm(row);
    ++unsaved_;
  } else if (answer.error().code == Errc::kEffectAmbiguous && ++doubts_[row] >= kDoubtsMax) {
    journal_.failure("set aside for a person", answer.error());
    progress_->set_aside(row);
    ++unsaved_;
  } else {
    progress_->release(row);
    not_before_ = Clock::now() + kRetryAfter;
  }
  changed_.notify_all();
}

// On the stop thread, within the grace: the last checkpoint of this life.
void Campaign::stopped() {
  Lock lock(mutex_);
  changed_.notify_all();
  if (!progress_) return;
  save(lock);
  journal_.event("stopped", {{"confirmed", progress_->confirmed()}});
}

// Waits until no answer of the old life can come any more, and until the next life may begin.
Result<void> Campaign::rest(const std::stop_token& quit) {
  {
    Lock lock(mutex_);
    while (progress_->under_way() != 0 && !quit.stop_requested()) {
      changed_.wait_until(lock, quit, Clock::now() + kLook,
                          [this] { return progress_->under_way() == 0; });
    }
  }
  bool waited = false;
  while (!quit.stop_requested()) {
    const auto resumed = agent_.wait_for_resume(kLook);
    if (resumed) {
      if (waited) journal_.event("resumed", {{"incarnation", agent_.incarnation()}});
      return {};
    }
    if (resumed.error().code != Errc::kTimeout) return resumed;
    waited = true;
  }
  return {};
}

bool Campaign::save_is_due() const {
  if (unsaved_ == 0) return false;
  return unsaved_ >= kSaveEvery_rows || progress_->complete() ||
         Clock::now() - saved_at_ >= kSaveEvery;
}

// Behind the work: what is lost with a kill -9 is asked for once more, and answered "already sent".
void Campaign::save(Lock& lock) {
  lock.unlock();
  Lock saving(saving_);
  lock.lock();
  const std::string text = progress_->text();
  const std::size_t settled = std::exchange(unsaved_, 0);
  saved_at_ = Clock::now();
  lock.unlock();
  auto saved = agent_.checkpoint(options_.key, text);
  if (!saved && saved.error().code == Errc::kVersionConflict) {
    // Perhaps a predecessor's last write. This part is ours alone, so what we know is newer.
    static_cast<void>(agent_.get_checkpoint(options_.key));
    saved = agent_.checkpoint(options_.key, text);
  }
  lock.lock();
  if (saved) return;
  unsaved_ += settled;
  journal_.failure("checkpoint", saved.error());
}

}  // namespace estop::incident
