// SPDX-License-Identifier: Apache-2.0
#include "control/app/claims_writer.h"

#include <deque>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "broker-bridge/daemon/log.h"
#include "broker-bridge/nats/connection.h"
#include "control/app/account_books.h"
#include "control/app/claims_round.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

namespace {

constexpr nats::Millis kAnswerWait{2'000};
constexpr std::size_t kJobsMax = 1'024;
// After a withdrawal the accounts are pushed once more. nats-server looks whether a key is revoked
// before it adds the connection to those of the account, and ends only those that it finds there: a
// connection that is between the two when the revocation comes stays for good. It is there by now.
constexpr std::chrono::seconds kStrikeAgain{2};

struct Job {
  std::function<Result<Books>()> work;      // on the worker's thread
  std::function<void(Result<Books>)> done;  // on the loop, when the broker has it
  bool is_look = false;                     // nothing was changed: a difference is an alarm
  bool is_withdrawal = false;
};

struct Round {
  Job job;
  Books books;
  ClaimsRound claims;
};

std::uint64_t now_s(const nats::Loop& loop) {
  return loop.wall_ms() / 1'000;
}

}  // namespace

struct ClaimsWriter::State : std::enable_shared_from_this<State> {
  State(nats::Loop& on, Options given, nats::Connection* link, const schemas::Subjects& names,
        Handler to)
      : loop(on), options(std::move(given)), sys(link), subjects(names), handler(std::move(to)) {}

  nats::Loop& loop;
  const Options options;
  nats::Connection* const sys;
  const schemas::Subjects subjects;
  Handler handler;
  std::shared_ptr<const Keyring> keys;  // none: this control does not hold them, or has no SYS
  nats::Loop::Timer timer;
  nats::Loop::Timer again_timer;
  std::set<Account> again;                         // pushed by a withdrawal, to be pushed once more
  std::deque<Job> jobs;                            // the first one is under way
  AccountJwts told;                                // what the broker had when it was looked at last
  std::optional<boost::asio::thread_pool> worker;  // with keys; destroyed first: it may still post

  Result<void> start() {
    std::error_code ignored;
    const bool has_keys = std::filesystem::exists(options.data + "/keys/operator.seed", ignored);
    if (!has_keys || sys == nullptr) {
      daemon::log_warn("no-claims-writer",
                       {{"text",
                         "no operator's key or no credential for SYS: nothing can be "
                         "revoked from here"}});
      return {};
    }
    auto opened = open_keyring(options.data);
    if (!opened) return tl::make_unexpected(opened.error());
    keys = std::make_shared<const Keyring>(std::move(*opened));
    worker.emplace(1);
    arm_timer();
    return {};
  }

  void arm_timer() {
    timer = loop.after(options.look_every, [this] {
      if (jobs.empty() && sys->is_connected()) look();
      arm_timer();
    });
  }

  // --- Jobs ---

  void add(Job job) {
    if (!keys) return refuse(job, {Errc::kStoreUnavailable, "this control has no operator's key"});
    if (jobs.size() >= kJobsMax) return refuse(job, {Errc::kOverLimit, "too many at once"});
    jobs.push_back(std::move(job));
    if (jobs.size() == 1) begin();
  }

  // Answers later, as every other answer does: the caller has not returned yet.
  void refuse(const Job& job, schemas::Error why) {
    loop.post([weak = weak_from_this(), done = job.done, why = std::move(why)] {
      if (const auto self = weak.lock()) done(tl::make_unexpected(why));
    });
  }

  // `done` comes on the loop, unless this is gone by then.
  void on_worker(std::function<Result<Books>()> work, std::function<void(Result<Books>)> done) {
    boost::asio::post(*worker, [&on = loop, weak = weak_from_this(), work = std::move(work),
                                done = std::move(done)] {
      on.post([weak, done, books = std::make_shared<Result<Books>>(work())] {
        if (const auto self = weak.lock()) done(std::move(*books));
      });
    });
  }

  void begin() {
    on_worker(jobs.front().work, [this](Result<Books> books) {
      if (!books) return finish(std::move(books));
      const Job& job = jobs.front();
      compare(std::make_shared<Round>(Round{job, *books, {books->jwts, job.is_look}}));
    });
  }

  void finish(Result<Books> result) {
    const Job job = std::move(jobs.front());
    jobs.pop_front();
    if (!jobs.empty()) begin();
    job.done(std::move(result));
  }

  // --- The broker ---

  void compare(const std::shared_ptr<Round>& round) {
    const std::string account = keys->account(round->claims.account()).public_text();
    sys->request(subjects.sys_claims_lookup(account), {}, kAnswerWait,
                 [this, round](const Result<nats::MessageView>& answer) {
                   if (!answer && !sys->is_connected()) {
                     return finish(tl::make_unexpected(answer.error()));
                   }
                   compared(round, answer ? std::string(answer->data) : std::string());
                 });
  }

  // A connected broker that does not answer has lost the account's file.
  void compared(const std::shared_ptr<Round>& round, const std::string& kept) {
    const Account account = round->claims.account();
    const auto found = round->claims.compared(kept, told);
    if (found.by_another) handler(AccountsCompared{.differed = {std::string(name(account))}});
    switch (found.next) {
      case ClaimsRound::Next::kCompare:
        return compare(round);
      case ClaimsRound::Next::kPush:
        return push(round);
      case ClaimsRound::Next::kRenew:
        return renew(round);
      case ClaimsRound::Next::kDone:
        if (round->job.is_withdrawal) plan_second_strike(round->claims.pushed());
        return finish(std::move(round->books));
      case ClaimsRound::Next::kRefused:
        return finish(fail(Errc::kNoContact, "the broker does not take the account: see its log"));
    }
  }

  void renew(const std::shared_ptr<Round>& round) {
    on_worker(
        [&on = loop, data = options.data, keys = keys, account = round->claims.account()] {
          return control::renew(data, *keys, account, now_s(on));
        },
        [this, round](Result<Books> books) {
          if (!books) return finish(std::move(books));
          round->claims.renewed(std::move(books->jwts));
          push(round);
        });
  }

  void push(const std::shared_ptr<Round>& round) {
    sys->request(subjects.sys_claims_update(), round->claims.jwt(), kAnswerWait,
                 [this, round](const Result<nats::MessageView>& answer) {
                   if (!answer) return finish(tl::make_unexpected(answer.error()));
                   compare(round);
                 });
  }

  void plan_second_strike(const std::set<Account>& pushed) {
    if (pushed.empty()) return;
    const bool is_planned = !again.empty();
    again.insert(pushed.begin(), pushed.end());
    if (is_planned) return;
    again_timer = loop.after(kStrikeAgain, [this] { strike_again(); });
  }

  void strike_again() {
    Job job;
    job.work = [&on = loop, data = options.data, keys = keys, accounts = std::exchange(again, {})] {
      Result<Books> books = fail(Errc::kNotFound, "no account");
      for (const Account account : accounts) {
        books = control::renew(data, *keys, account, now_s(on));
        if (!books) break;
      }
      return books;
    };
    job.done = [](const Result<Books>& books) {
      if (books) return;
      daemon::log_warn("not-pushed-again",
                       {{"problem", to_string(books.error())},
                        {"text",
                         "a connection that was being let in while its credential was "
                         "withdrawn may be left"}});
    };
    add(std::move(job));
  }

  // --- What is asked ---

  void look() {
    if (!keys) return;
    Job job;
    job.is_look = true;
    job.work = [&on = loop, data = options.data, keys = keys] {
      return read_books(data, *keys, now_s(on));
    };
    job.done = [this](const Result<Books>& books) {
      AccountsCompared compared;
      if (!books && !sys->is_connected()) return;  // looked at again when the broker is back
      if (!books) compared.result = tl::make_unexpected(books.error());
      if (books) compared.barred = books->barred;
      if (books) compared.operators_revoked = books->operators_revoked;
      handler(compared);
    };
    add(std::move(job));
  }

  void revoke(const Withdrawal& asked) {
    Job job;
    job.is_withdrawal = true;
    job.work = [&on = loop, data = options.data, keys = keys, asked] {
      return withdraw(data, *keys, asked, now_s(on));
    };
    job.done = [this, asked](const Result<Books>& books) {
      CredentialsRevoked revoked{asked, std::size_t{0}};
      if (books) {
        revoked.count = books->revoked;
      } else {
        revoked.count = tl::make_unexpected(books.error());
      }
      handler(revoked);
    };
    add(std::move(job));
  }

  void lift(const schemas::Scope& scope) {
    if (!keys) return;  // then nothing was ever barred from here
    Job job;
    job.work = [&on = loop, data = options.data, keys = keys, scope] {
      return readmit(data, *keys, scope, now_s(on));
    };
    job.done = [scope](const Result<Books>& books) {
      if (books) return;
      daemon::log_warn("bar-not-lifted",
                       {{"scope", scope.text()}, {"problem", to_string(books.error())}});
    };
    add(std::move(job));
  }
};

ClaimsWriter::ClaimsWriter(nats::Loop& loop, Options options, nats::Connection* sys,
                           const schemas::Subjects& subjects, Handler handler)
    : state_(std::make_shared<State>(loop, std::move(options), sys, subjects, std::move(handler))) {
}

ClaimsWriter::~ClaimsWriter() {
  state_->timer.cancel();
  state_->again_timer.cancel();
  if (state_->sys != nullptr) state_->sys->close();  // no answer comes any more
  if (state_->worker) state_->worker->join();
}

Result<void> ClaimsWriter::start() {
  return state_->start();
}
void ClaimsWriter::look() {
  state_->look();
}
void ClaimsWriter::perform(const AccessAction& action) {
  if (const auto* revoke = std::get_if<RevokeCredentials>(&action)) {
    state_->revoke(revoke->withdrawal);
  } else {
    state_->lift(std::get<LiftBar>(action).scope);
  }
}

}  // namespace estop::control
