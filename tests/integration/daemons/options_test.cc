// SPDX-License-Identifier: Apache-2.0

// The real daemons with one option wrong at a time: exit code 2, a message that names the option,
// its value and the cause, and nothing made. No broker runs: none of this needs one.
#include <filesystem>

#include <gtest/gtest.h>

#include "broker-bridge/daemon/process.h"
#include "control/auth/auth.h"
#include "control/recorder/folder_lock.h"
#include "estop/agent.h"
#include "tests/support/socket.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace estop::testing {
namespace {

namespace fs = std::filesystem;
using control::Account;
using Words = std::vector<std::string>;

struct Ended {
  daemon::ExitStatus status;
  std::string output;
};

class DaemonOptions : public ::testing::Test {
 protected:
  DaemonOptions() : keys(control::open_keyring(folder.path()).value()) {
    (void)control::open_log_key(folder.path());
    const control::Role bridge = control::BridgeRole{*schemas::Segment::parse("b1")};
    for (const Account account : {Account::kAgents, Account::kControl}) {
      (void)creds(control::ControlRole{}, account);
      (void)creds(bridge, account);
    }
    fs::create_directory(folder.file("a folder"));
    write_text(folder.file("empty"), "");
    write_text(folder.file("text"), "just text\n");
    write_text(folder.file("open"), read_text(folder.file("creds/bridge-b1-agents.creds")));
    fs::permissions(folder.file("open"), fs::perms(0644));
  }

  std::string creds(const control::Role& role, Account account) {
    return control::open_creds(folder.path(), keys, role, account, schemas::Subjects::standard(), 1)
        .value();
  }

  [[nodiscard]] Words good(const std::string& part) const {
    if (part == "control") return {"--data", folder.path()};
    return {"--agents-creds",  folder.file("creds/bridge-b1-agents.creds"),
            "--control-creds", folder.file("creds/bridge-b1-control.creds"),
            "--control-key",   folder.file("keys/log.pub")};
  }

  // With `option` changed, or added.
  Ended run(const std::string& part, const std::string& option, const std::string& value,
            const std::string& more = {}, const std::string& flag = {}) {
    Words words = good(part);
    const auto at = std::find(words.begin(), words.end(), option);
    if (at != words.end()) words.erase(at, at + 2);
    words.insert(words.begin(), part == "control" ? ESTOP_CONTROL_PROGRAM : ESTOP_BRIDGE_PROGRAM);
    words.push_back(option + "=" + value);
    for (const auto& word : {more, flag}) {
      if (!word.empty()) words.push_back(word);
    }
    TempDir out;
    daemon::SpawnOptions spawn;
    spawn.command = words;
    spawn.log_file = out.file("log");
    spawn.folder = folder.path();
    auto child = daemon::ChildProcess::spawn(spawn).value();
    const auto status = child.wait(kPatience);
    EXPECT_TRUE(status) << part << " started with " << option << "=" << value;
    return {status.value_or(daemon::ExitStatus{}), read_text(out.file("log"))};
  }

  [[nodiscard]] Words everything() const {
    Words all;
    for (const auto& one : fs::recursive_directory_iterator(folder.path())) {
      all.push_back(one.path());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  TempDir folder;
  control::Keyring keys;
};

struct WrongOption {
  const char* parts;  // of which
  std::string option, value, says;
};

TEST_F(DaemonOptions, AWrongOneIsNamedAndNothingIsMade) {
  const std::string missing = folder.file("none");
  const WrongOption rows[] = {
      {"bridge", "--id", "B 1", "--id 'B 1': use lower-case"},
      {"bridge", "--agents-creds", missing, missing + ": there is no such file"},
      {"bridge", "--control-creds", folder.file("a folder"), "a folder: is a folder, not a file"},
      {"bridge", "--control-creds", folder.file("empty"), "empty: is empty"},
      {"bridge", "--agents-creds", folder.file("text"), "--agents-creds: " + folder.file("text")},
      {"bridge", "--agents-creds", folder.file("open"), "others may read it (mode 0644)"},
      {"bridge", "--control-key", folder.file("keys/log.seed"), "secret seed"},
      {"bridge", "--control-key", folder.file("text"), "holds no public key"},
      {"bridge", "--control-key", folder.file("a folder"), "is a folder, not a file"},
      {"control", "--data", missing, "control-agents.creds: there is no such file"},
      {"control", "--agents-creds", folder.file("empty"), "--agents-creds: "},
      {"control", "--control-creds", folder.file("a folder"), "is a folder, not a file"},
      {"control", "--log-key", folder.file("text"), "--log-key: " + folder.file("text")},
      {"control", "--log-key", folder.file("empty"), "empty: is empty"},
      {"control", "--second-operator", "kill", "--second-operator 'kill'"},
      {"control", "--agent-beat-ms", "1", "--agent-beat-ms 1: at least"},
      {"control", "--agent-lease-ms", "1", "--agent-lease-ms 1: at least"},
      {"control", "--sharing-grace-ms", "1", "--sharing-grace-ms 1: 1000 to"},
      {"both", "--url", "", "--url"},
      {"both", "--url", "http://127.0.0.1:4222", "--url"},
      {"both", "--tls-ca", folder.file("a folder"), "--tls-ca: "},
      {"both", "--tls-ca", folder.file("keys/log.pub"), "holds no certificate"},
      {"both", "--listen", "localhost:80", "--listen 'localhost:80': give an IP address"},
      {"both", "--listen", "127.0.0.1:99999", "a number up to 65535"},
      {"both", "--listen", "0.0.0.0:0", "--listen-plain if the network is protected"},
      {"both", "--listen", "[2001:db8::1]:0", "--listen-plain if the network is protected"},
      {"both", "--listen-cert", missing, "--listen-key is missing: --listen-cert needs both"},
      {"both", "--listen-key", missing, "--listen-cert is missing: --listen-key needs both"},
      {"both", "--bridge-beat-ms", "1", "--bridge-beat-ms 1: at least"},
      {"both", "--bridge-beat-ms", "soon", "--bridge-beat-ms"},
      {"both", "--bridge-lease-ms", "1", "--bridge-lease-ms 1: at least"},
      {"both", "--prefix", "other", "--prefix"},
      {"both", "--log-format", "xml", "--log-format 'xml': "},
      {"both", "--log-file", folder.file("none/log"), "--log-file: " + folder.file("none/log")},
      {"both", "--log-file", folder.file("a folder"), "is a folder, not a file"},
      {"both", "--ready-file", folder.file("none/ready"), "--ready-file: "},
      {"both", "--healthcheck", "localhost:9622", "--healthcheck 'localhost:9622': give an IP"},
      {"both", "--no-such-option", "x", "--no-such-option"},
  };
  const Words before = everything();
  for (const auto& [parts, option, value, says] : rows) {
    for (const std::string part : {"bridge", "control"}) {
      if (parts != part && parts != std::string("both")) continue;
      for (const char* more : {"", "--check-config"}) {
        const Ended ended = run(part, option, value, more);
        EXPECT_EQ(ended.status, (daemon::ExitStatus{2, 0}))
            << part << option << "=" << value << more;
        EXPECT_NE(ended.output.find(says), std::string::npos) << ended.output << "not: " << says;
        EXPECT_NE(ended.output.find(option), std::string::npos) << ended.output;
      }
    }
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(DaemonOptions, CheckConfigFindsNothingWrongAndChangesNothing) {
  const Words before = everything();
  for (const char* part : {"bridge", "control"}) {
    for (const char* listen : {"127.0.0.1:0", "[::1]:0", "0.0.0.0:0"}) {
      const Ended ended = run(part, "--listen", listen, "--check-config", "--listen-plain");
      EXPECT_EQ(ended.status, (daemon::ExitStatus{0, 0})) << part << ended.output;
      EXPECT_EQ(ended.output, "");
    }
    const Ended ready = run(part, "--ready-file", folder.file("ready"), "--check-config");
    EXPECT_TRUE(ready.status.ok()) << ready.output;
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(DaemonOptions, AHealthCheckOfNobodyFails) {
  for (const char* part : {"bridge", "control"}) {
    const Ended ended = run(part, "--healthcheck", "127.0.0.1:1");
    EXPECT_EQ(ended.status, (daemon::ExitStatus{1, 0})) << part;
    EXPECT_NE(ended.output.find("127.0.0.1:1/readyz: Connection refused"), std::string::npos)
        << ended.output;
  }
}

TEST_F(DaemonOptions, CheckConfigFindsWhatIsTaken) {
  const Ended foreign =
      run("bridge", "--listen", "192.0.2.1:9623", "--check-config", "--listen-plain");
  EXPECT_EQ(foreign.status, (daemon::ExitStatus{1, 0}));
  EXPECT_NE(foreign.output.find("--listen 192.0.2.1:9623: Cannot assign"), std::string::npos)
      << foreign.output;
  fs::create_directory(folder.file("control"));
  const auto lock = control::hold_folder(folder.file("control"));
  ASSERT_TRUE(lock);
  const Ended locked = run("control", "--listen", "127.0.0.1:0", "--check-config");
  EXPECT_EQ(locked.status, (daemon::ExitStatus{1, 0}));
  EXPECT_NE(
      locked.output.find("in use by another control (process " + std::to_string(::getpid()) + ")"),
      std::string::npos)
      << locked.output;
}

// Mode by part: whoever is started with a secret that others may read or write refuses it.
TEST_F(DaemonOptions, ASecretThatOthersMayReadIsRefusedInEveryPart) {
  struct Row {
    unsigned mode;
    bool is_taken;
  };
  const control::Role mailer =
      control::AgentRole{schemas::Address::parse("acme/prod/mailer").value()};
  const std::string agent_creds = creds(mailer, Account::kAgents);
  for (const auto& [mode, is_taken] : {Row{0400, true}, Row{0440, true}, Row{0600, true},
                                       Row{0644, false}, Row{0602, false}, Row{0777, false}}) {
    for (const auto& [part, option, name] :
         {std::tuple{"control", "--log-key", "keys/log.seed"},
          std::tuple{"control", "--agents-creds", "creds/control-agents.creds"},
          std::tuple{"control", "--control-creds", "creds/control-control.creds"},
          std::tuple{"bridge", "--agents-creds", "creds/bridge-b1-agents.creds"},
          std::tuple{"bridge", "--control-creds", "creds/bridge-b1-control.creds"}}) {
      const std::string path = folder.file(name);
      fs::permissions(path, fs::perms(mode));
      const Ended ended = run(part, option, path, "--check-config");
      fs::permissions(path, fs::perms(0600));
      EXPECT_EQ(ended.status.code, is_taken ? 0 : 2) << std::oct << mode << part << ended.output;
      EXPECT_EQ(ended.output.find("`chmod o= " + path + "`") != std::string::npos, !is_taken);
    }
    fs::permissions(agent_creds, fs::perms(mode));
    AgentOptions options;
    options.url = "nats://127.0.0.1:1";
    options.address = "acme/prod/mailer";
    options.creds_file = agent_creds;
    options.control_key = folder.file("keys/log.pub");
    options.connect_timeout = std::chrono::milliseconds(1);
    const auto agent = Agent::connect(options);
    ASSERT_FALSE(agent);
    EXPECT_EQ(agent.error().code == schemas::Errc::kBadArgument, !is_taken) << agent.error();
    EXPECT_EQ(agent.error().detail.find("`chmod o= " + agent_creds + "`") != std::string::npos,
              !is_taken);
  }
}

}  // namespace
}  // namespace estop::testing
