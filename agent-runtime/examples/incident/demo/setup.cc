// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/demo/setup.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace estop::incident {
namespace {

namespace fs = std::filesystem;
using schemas::Errc;
using schemas::fail;

constexpr const char* kMails = "/mails";
constexpr const char* kWordLists[] = {"/usr/share/dict/words", "/usr/share/dict/american-english"};

Result<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return fail(Errc::kBadArgument, path + " cannot be read: " + std::strerror(errno));
  }
  return std::move(text).str();
}

Result<std::string> customers_csv(const DemoFlags& flags) {
  if (!flags.customers.empty()) return read_text(flags.customers);
  for (const char* list : kWordLists) {
    if (const auto words = read_text(list)) {
      return make_customers(*words, flags.full ? kFullCustomers : kDefaultCustomers);
    }
  }
  return fail(Errc::kNotFound,
              "no word list /usr/share/dict/words: install wamerican, or name a "
              "file with --customers");
}

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

Result<std::string> first_program(const std::string& name, const std::vector<fs::path>& folders,
                                  const char* advice) {
  for (const fs::path& folder : folders) {
    if (is_program(folder / name)) return (folder / name).string();
  }
  return fail(Errc::kNotFound, name + " is missing: " + advice);
}

std::vector<fs::path> folders_of(const std::string& path) {
  std::vector<fs::path> folders;
  std::istringstream rest(path);
  for (std::string folder; std::getline(rest, folder, ':');) folders.emplace_back(folder);
  return folders;
}

Result<Programs> find_programs(const DemoFlags& flags) {
  std::error_code ignored;
  const fs::path here = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  std::vector<fs::path> ours{here, here / "../../../control/cli"};
  if (!flags.bin_dir.empty()) ours.insert(ours.begin(), flags.bin_dir);
  std::vector<fs::path> system = folders_of(flags.path);
  system.insert(system.end(), {"/usr/sbin", "/usr/local/sbin", here / "../../../../tools/bin"});
  Programs found;
  const char* build = "build it, or say where it is with --bin-dir";
  for (const auto& [name, path] :
       {std::pair{"estop", &found.estop}, std::pair{"incident-mailer", &found.mailer},
        std::pair{"incident-campaign", &found.campaign}}) {
    auto program = first_program(name, ours, build);
    if (!program) return tl::make_unexpected(program.error());
    *path = std::move(*program);
  }
  if (!flags.smtp_sink.empty()) {
    if (!is_program(flags.smtp_sink)) {
      return fail(Errc::kBadArgument, "--smtp-sink: " + flags.smtp_sink + " is no program");
    }
    found.smtp_sink = flags.smtp_sink;
    return found;
  }
  auto sink = first_program("smtp-sink", system, "it comes with Postfix (Debian: postfix)");
  if (!sink) return tl::make_unexpected(sink.error());
  found.smtp_sink = std::move(*sink);
  return found;
}

Result<std::string> make_folder(const std::string& temporary) {
  std::string folder = temporary + "/estop-demo.XXXXXX";
  if (::mkdtemp(folder.data()) != nullptr) return folder;
  return fail(Errc::kStoreUnavailable,
              "no folder below " + temporary + ": " + std::strerror(errno));
}

// The mail server's files, one a mail, go to memory where there is plenty: on a disk, removing
// 50,000 of them can take longer than the demo.
void put_mails_in_memory(const std::string& folder, std::size_t customers) {
  constexpr std::uintmax_t kMail_bytes = 16 * 1024;  // generous, so that it never gets tight
  const std::string memory = "/dev/shm";
  std::error_code failed;
  const fs::space_info space = fs::space(memory, failed);
  if (failed || space.available < customers * kMail_bytes) return;
  const auto mails = make_folder(memory);
  if (!mails) return;
  fs::create_directory_symlink(*mails, folder + kMails, failed);
  if (failed) fs::remove(*mails, failed);
}

}  // namespace

Result<Setup> prepare(const DemoFlags& flags) {
  if (flags.full && !flags.customers.empty()) {
    return fail(Errc::kBadArgument, "either --full or --customers, not both");
  }
  const auto csv = customers_csv(flags);
  if (!csv) return tl::make_unexpected(csv.error());
  auto customers = read_customers(*csv);
  if (!customers) {
    return fail(Errc::kBadArgument, flags.customers + ": " + customers.error().detail);
  }
  if (customers->size() < kInstances) {
    return fail(Errc::kBadArgument, flags.customers + ": three instances need three customers");
  }
  auto programs = find_programs(flags);
  if (!programs) return tl::make_unexpected(programs.error());
  auto folder = make_folder(flags.temporary.empty() ? "/tmp" : flags.temporary);
  if (!folder) return tl::make_unexpected(folder.error());
  if (flags.temporary.empty()) put_mails_in_memory(*folder, customers->size());
  std::ofstream out(*folder + "/customers.csv", std::ios::binary);
  if (!(out << *csv << std::flush)) {
    remove_folder(*folder);
    return fail(Errc::kStoreUnavailable, *folder + " cannot be written");
  }
  return Setup{std::move(*customers), std::move(*programs), std::move(*folder)};
}

void remove_folder(const std::string& folder) {
  std::error_code ignored;
  const fs::path elsewhere = fs::read_symlink(folder + kMails, ignored);
  if (!elsewhere.empty()) fs::remove_all(elsewhere, ignored);
  fs::remove_all(folder, ignored);
}

}  // namespace estop::incident
