// SPDX-License-Identifier: Apache-2.0

// estop-demo: plays the incident of the email campaign on real servers and prints the proof.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "agent-runtime/examples/incident/demo/incident.h"
#include "agent-runtime/examples/incident/demo/setup.h"
#include "broker-bridge/daemon/command_line.h"

namespace {

namespace demo = estop::incident;

void add_flags(estop::daemon::CommandLine& line, demo::DemoFlags& flags, bool& json, bool& keep) {
  line.option("--customers", flags.customers, "CSV file with a header and a column `email`");
  line.flag("--full", flags.full, "50,000 customers instead of 5,000");
  line.option("--kill-at", flags.kill_at,
              "kill when so many mails are out (default: a third; at most: at the end)",
              {0, 1'000'000});
  line.flag("--crash-one", flags.crash_one,
            "kill -9 one instance before the kill, and restart it after the resume");
  line.flag("--keep", keep, "keep the folder with the mails and logs");
  line.flag("--json", json, "print only the closing line");
  line.option("--smtp-sink", flags.smtp_sink, "Postfix's smtp-sink (default: on PATH)");
  line.option("--bin-dir", flags.bin_dir, "where the programs of Estop are (default: here)");
}

// The exit code: 0 the promise was kept · 1 not, or it could not be played · 130 interrupted.
int play(const demo::DemoFlags& flags, const demo::Setup& setup, demo::Screen& screen) {
  demo::Stage stage(setup.folder, setup.programs);
  demo::Incident incident({setup.customers, flags.kill_at, flags.crash_one}, stage, screen);
  const auto closing = incident.play();
  stage.stop();
  if (!closing) {
    screen.problem(closing.error().detail);
    return stage.interrupted() ? 130 : 1;
  }
  const auto broken = demo::broken_promises(*closing, demo::kMailerThreads);
  for (const std::string& sentence : broken) screen.problem("BROKEN PROMISE: " + sentence);
  screen.closing(demo::to_json(*closing));
  return broken.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  estop::daemon::CommandLine line(
      "The incident: an email campaign of three agents sends a broken link; one command stops it.");
  demo::DemoFlags flags;
  bool json = false;
  bool keep = false;
  add_flags(line, flags, json, keep);
  if (const auto exit_code = line.parse(argc, argv)) return *exit_code;
  const char* path = std::getenv("PATH");
  const char* temporary = std::getenv("TMPDIR");
  flags.path = path == nullptr ? "" : path;
  flags.temporary = temporary == nullptr ? "" : temporary;
  const auto setup = demo::prepare(flags);
  if (!setup) {
    std::cerr << "estop-demo: " << setup.error().detail << '\n';
    return setup.error().code == estop::schemas::Errc::kBadArgument ? 2 : 1;
  }
  demo::Screen screen(json, ::isatty(STDOUT_FILENO) == 1);
  screen.title("Estop demo: an email campaign to " + demo::grouped(setup->customers.size()) +
               " customers, stopped and resumed" + (keep ? ", in " + setup->folder : ""));
  const int exit_code = play(flags, *setup, screen);
  if (keep || exit_code == 1) {  // what went wrong is in there
    std::cerr << "estop-demo: mails and logs are in " << setup->folder << '\n';
  } else {
    demo::remove_folder(setup->folder);
  }
  return exit_code;
}
