// SPDX-License-Identifier: Apache-2.0

// An instance of the agent acme/prod/email-campaign: mails its part of the customers.
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <sstream>
#include <thread>

#include "agent-runtime/examples/incident/agent/flags.h"
#include "agent-runtime/examples/incident/agent/terminated.h"
#include "agent-runtime/examples/incident/campaign/campaign.h"
#include "agent-runtime/examples/incident/campaign/rogue.h"

namespace {

using estop::Result;
using estop::incident::CampaignOptions;
using estop::incident::Journal;

struct Flags {
  estop::AgentOptions agent;
  CampaignOptions campaign;
  std::string customers;
  std::string partition = "1/1";
  bool rogue = false;
};

void add_flags(estop::daemon::CommandLine& line, Flags& flags) {
  estop::incident::add_agent_flags(line, flags.agent);
  line.required("--customers", flags.customers, "CSV file with a column `email`");
  line.required("--template", flags.campaign.template_path, "the letter");
  line.option("--partition", flags.partition, "k/n: every n-th customer from the k-th on");
  line.option("--window", flags.campaign.window, "letters under way at once", {1, 1024});
  line.flag("--rogue", flags.rogue, "ignore stop orders: what a broken or hostile agent does");
}

Result<void> choose_part(Flags& flags) {
  const auto file = estop::incident::read_file(flags.customers);
  if (!file) return tl::make_unexpected(file.error());
  const auto all = estop::incident::read_customers(*file);
  if (!all) return tl::make_unexpected(all.error());
  std::size_t k = 0;
  std::size_t n = 0;
  char slash = 0;
  std::istringstream text(flags.partition);
  if (!(text >> k >> slash >> n) || slash != '/' || !text.eof() || k < 1 || k > n) {
    return estop::fail(estop::Errc::kBadArgument, "--partition: k/n, such as 2/3");
  }
  flags.campaign.part = estop::incident::partition(*all, k, n);
  flags.campaign.key = "partition-" + std::to_string(k);
  return {};
}

Result<void> obey(const Flags& flags, Journal& journal) {
  estop::incident::block_termination();
  auto agent = estop::Agent::connect(flags.agent);
  if (!agent) return tl::make_unexpected(agent.error());
  agent->on_error([&](const estop::Error& error) { journal.failure("agent", error); });
  estop::incident::Campaign campaign(*agent, journal, flags.campaign);
  Result<void> ended;
  {
    std::jthread worker([&](const std::stop_token& quit) {
      ended = campaign.run(quit);
      if (!quit.stop_requested()) ::kill(::getpid(), SIGTERM);  // it cannot go on: neither can we
    });
    estop::incident::wait_for_termination();
  }
  agent->leave();
  return ended;
}

}  // namespace

int main(int argc, char** argv) {
  estop::daemon::CommandLine line(
      "The email campaign of the incident: mails its part of the customers");
  Flags flags;
  flags.agent.address = estop::incident::kCampaignAddress;
  add_flags(line, flags);
  if (const auto exit_code = line.parse(argc, argv)) return *exit_code;
  Journal journal;
  auto ended = choose_part(flags);
  if (ended) {
    ended = flags.rogue ? estop::incident::run_rogue(flags.agent, flags.campaign, journal)
                        : obey(flags, journal);
  }
  if (ended) return 0;
  std::cerr << "campaign: " << ended.error().detail << '\n';
  return 1;
}
