// SPDX-License-Identifier: Apache-2.0
#include "control/app/client_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "broker-bridge/daemon/log.h"
#include "broker-bridge/nats/connection.h"
#include "control/app/client_reports.h"

namespace estop::control {

namespace {

constexpr nats::Millis kListWait{2'000};
constexpr std::size_t kPage = 64;  // about 150 KB: a kill does not wait longer for its parsing

// The list of one account, while it comes in.
struct Listing {
  std::size_t account = 0;
  std::uint64_t offset = 0;
  std::string server;
  std::vector<BrokerClient> found;
  std::set<std::string> gone;  // meanwhile
  bool is_moved = false;       // somebody came or went: a page may lack one who moved up
};

}  // namespace

struct ClientWatch::State {
  State(nats::Loop& on, nats::Connection& link, const schemas::Subjects& names, Options given,
        Handler to)
      : loop(on), sys(link), subjects(names), options(std::move(given)), handler(std::move(to)) {}

  nats::Loop& loop;
  nats::Connection& sys;
  const schemas::Subjects subjects;
  const Options options;
  Handler handler;
  nats::Loop::Timer timer;
  std::optional<Listing> listing;
  std::uint64_t listings = 0;  // begun: an answer to an earlier one comes too late

  void start() {
    sys.subscribe(subjects.sys_connects(),
                  [this](const nats::MessageView& m) { heard(m.data, true); });
    sys.subscribe(subjects.sys_disconnects(),
                  [this](const nats::MessageView& m) { heard(m.data, false); });
    arm_timer();
  }

  void arm_timer() {
    timer = loop.after(options.list_every, [this] {
      if (!listing && sys.is_connected()) list(0);
      arm_timer();
    });
  }

  static std::string key_of(const BrokerAccount& account) {
    return schemas::public_text(schemas::KeyRole::kAccount, account.key);
  }
  static std::string place(const BrokerAccount& account, const std::string& server) {
    return account.name + "/" + server + "/";
  }

  void heard(std::string_view json, bool came) {
    auto report = read_client_report(json);
    if (!report) return daemon::log_warn("broker-report-unreadable", {{"account", "SYS"}});
    const auto account =
        std::find_if(options.accounts.begin(), options.accounts.end(),
                     [&](const BrokerAccount& one) { return key_of(one) == report->account_key; });
    if (account == options.accounts.end() || !report->client) return;  // another Estop's, or free
    BrokerClient& client = *report->client;
    client.id = place(*account, report->server) + std::to_string(report->number);
    if (listing) {
      listing->is_moved = true;
      if (!came) listing->gone.insert(client.id);
    }
    if (came) return handler(ClientsHeard{.came = {std::move(client)}});
    handler(ClientsHeard{.gone = {std::move(client.id)}});
  }

  void list(std::size_t account) {
    listing.reset();
    ++listings;
    if (account == options.accounts.size()) return;
    listing.emplace().account = account;
    ask();
  }

  void ask() {
    sys.request(
        subjects.sys_clients(key_of(options.accounts[listing->account])),
        fmt::format(R"({{"auth":true,"limit":{},"offset":{}}})", kPage, listing->offset), kListWait,
        [this, asked = listings](const schemas::Result<nats::MessageView>& answer) {
          if (asked != listings) return;
          auto page = answer ? read_client_page(answer->data) : std::nullopt;
          if (page) return take(*page);
          daemon::log_warn("broker-clients-unknown",
                           {{"problem", answer ? "unreadable" : to_string(answer.error())}});
          listing.reset();
        });
  }

  void take(ClientPage& page) {
    const BrokerAccount& account = options.accounts[listing->account];
    if (listing->offset == 0) listing->server = page.server;
    if (listing->server != page.server) return listing.reset();  // another of the cluster
    for (ClientReport& report : page.reports) {
      if (!report.client) continue;
      report.client->id = place(account, report.server) + std::to_string(report.number);
      listing->found.push_back(std::move(*report.client));
    }
    listing->offset += page.reports.size();
    if (!page.reports.empty() && listing->offset < page.total) return ask();
    finish(account);
  }

  void finish(const BrokerAccount& account) {
    ClientsHeard heard{.came = std::move(listing->found)};
    std::erase_if(heard.came, [&](const auto& one) { return listing->gone.contains(one.id); });
    if (!listing->is_moved) heard.all_below = place(account, listing->server);
    const std::size_t next = listing->account + 1;
    handler(heard);
    list(next);
  }
};

ClientWatch::ClientWatch(nats::Loop& loop, nats::Connection& sys, const schemas::Subjects& subjects,
                         Options options, Handler handler)
    : state_(std::make_unique<State>(loop, sys, subjects, std::move(options), std::move(handler))) {
  state_->start();
}

ClientWatch::~ClientWatch() {
  state_->timer.cancel();
  state_->sys.close();
}

void ClientWatch::begin() {
  state_->handler(ClientsHeard{.all_below = ""});
  state_->list(0);
}

}  // namespace estop::control
