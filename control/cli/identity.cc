// SPDX-License-Identifier: Apache-2.0
#include "control/cli/identity.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "control/cli/read_text.h"
#include "control/cli/text.h"
#include "schemas/order.h"
#include "schemas/subjects.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using schemas::Errc;
using schemas::fail;
using schemas::Result;
using schemas::Segment;

constexpr const char* kUnnamed = "operator";  // whom `up` makes if $USER is no operator's name
constexpr std::string_view kKinds[] = {"operator-", "viewer-"};
constexpr std::string_view kSuffix = ".creds";

std::string folder_of(const Common& common) {
  return common.data + "/creds/";
}

tl::unexpected<schemas::Error> unreadable(const std::string& path, std::string_view why) {
  return fail(Errc::kUnauthenticated, fmt::format("the credentials {} cannot be used: {}; name "
                                                  "others with --creds FILE",
                                                  path, why));
}

// Whom the broker takes its owner for: who may publish orders of that name. nullopt: it does not
// say.
std::optional<std::pair<Segment, schemas::Scope>> named_in(const std::string& creds_text) {
  const auto jwt = schemas::jwt_from_creds(creds_text);
  if (!jwt) return std::nullopt;
  const auto credential = schemas::read_credential(*jwt);
  if (!credential) return std::nullopt;
  const schemas::Subjects subjects = schemas::Subjects::standard();
  std::optional<std::pair<Segment, schemas::Scope>> found;
  for (const std::string& subject : credential->publish) {
    const auto emergency = subjects.parse_emergency(subject);
    const auto command = subjects.parse_command(subject);
    const auto name = Segment::parse(emergency ? emergency->actor : command ? command->actor : "");
    if (!name) continue;
    if (!found) found.emplace(*name, schemas::Scope::fleet());
    if (emergency) found->second = emergency->reach;
  }
  return found;
}

Result<Identity> read_identity(const std::string& path, Use use) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return unreadable(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return unreadable(path, "it is no plain file");
  Identity found;
  if ((status.st_mode & S_IRWXO) != 0) {
    const std::string others =
        fmt::format("everybody may use it; if nobody has, `chmod 600 {}`", shell_quoted(path));
    if (use != Use::kStop) return unreadable(path, others);
    found.notices.push_back(fmt::format("warning: {}: {}", path, others));
  }
  auto text = read_file(path);
  if (!text) return unreadable(path, text.error().detail);
  if (text->empty()) return unreadable(path, "it is empty");
  const auto jwt = schemas::jwt_from_creds(*text);
  if (!jwt) return unreadable(path, jwt.error().detail);
  if (const auto key = schemas::key_from_creds(*text); !key) {
    return unreadable(path, key.error().detail);
  }
  found.creds_file = path;
  found.creds_text = std::move(*text);
  if (const auto owner = named_in(found.creds_text)) {
    found.name = owner->first;
    found.reach = owner->second;
  }
  return found;
}

// The file that was written last: who was made a viewer in the place of an operator has both.
std::string file_of(const Common& common, const std::string& name) {
  std::string newest;
  timespec written{};
  for (const std::string_view kind : kKinds) {
    const std::string path = folder_of(common) + std::string(kind) + name + std::string(kSuffix);
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) continue;
    const bool is_newer = std::pair(status.st_mtim.tv_sec, status.st_mtim.tv_nsec) >
                          std::pair(written.tv_sec, written.tv_nsec);
    if (!newest.empty() && !is_newer) continue;
    newest = path;
    written = status.st_mtim;
  }
  return newest;
}

// Everybody who has a file here, operators before viewers.
std::vector<std::string> people(const Common& common) {
  std::vector<std::string> names;
  for (const std::string_view kind : kKinds) {
    std::error_code error;
    for (fs::directory_iterator at(folder_of(common), error), end; !error && at != end;
         at.increment(error)) {
      const std::string file = at->path().filename().string();
      if (!file.starts_with(kind) || !file.ends_with(kSuffix)) continue;
      names.push_back(file.substr(kind.size(), file.size() - kind.size() - kSuffix.size()));
    }
    if (!names.empty()) break;
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> check_folder(const Common& common) {
  struct stat status {};
  if (::stat(folder_of(common).c_str(), &status) == 0) return {};
  const std::string cause = std::strerror(errno);
  if (errno != ENOENT && errno != ENOTDIR) {
    return fail(Errc::kStoreUnavailable,
                fmt::format("{}: {}; name your credentials with --creds FILE", common.data, cause));
  }
  return fail(Errc::kNotFound,
              fmt::format("{} is no data folder: name one with --data or ESTOP_DATA, start one "
                          "with `estop up --data {}`, or name your credentials with --creds FILE "
                          "and the broker with --url",
                          common.data, shell_quoted(common.data)));
}

// Who acts if neither --as nor $USER names somebody who is here. An error says whom one could name.
Result<std::string> only_one(const Common& common) {
  const std::vector<std::string> names = people(common);
  const bool is_unnamed = common.named_by == NamedBy::kNobody;
  if (is_unnamed && std::find(names.begin(), names.end(), kUnnamed) != names.end()) {
    return std::string(kUnnamed);
  }
  if (names.size() == 1) return names.front();
  if (names.empty()) {
    return fail(Errc::kNotFound,
                fmt::format("no operator has credentials in {}: `estop auth operator NAME` makes "
                            "them, or name a file with --creds FILE",
                            folder_of(common)));
  }
  return fail(Errc::kBadArgument,
              fmt::format("who are you? $USER '{}' has no credentials here: name yourself with "
                          "--as, one of {}, or a file with --creds FILE",
                          common.user, fmt::join(names, ", ")));
}

Result<Identity> from_folder(const Common& common, Use use) {
  if (auto checked = check_folder(common); !checked) return tl::make_unexpected(checked.error());
  std::string name = common.operator_name;
  std::string file = common.named_by == NamedBy::kNobody ? "" : file_of(common, name);
  std::string notice;
  if (file.empty() && common.named_by == NamedBy::kOption) {
    return fail(
        Errc::kNotFound,
        fmt::format("there is no operator {0} here: `estop auth operator {0}` makes one, or "
                    "name a file with --creds FILE",
                    name));
  }
  if (file.empty()) {
    auto other = only_one(common);
    if (!other) return tl::make_unexpected(other.error());
    name = *other;
    file = file_of(common, name);
    notice = fmt::format(
        "warning: acting as operator {}, because $USER '{}' is none here; --as "
        "NAME names another",
        name, common.user);
  }
  auto found = read_identity(file, use);
  if (!found) return found;
  if (auto parsed = Segment::parse(name)) found->name = *parsed;
  if (!notice.empty()) found->notices.push_back(std::move(notice));
  return found;
}

}  // namespace

Result<Identity> find_identity(const Common& common, Use use) {
  if (common.creds.empty()) return from_folder(common, use);
  auto found = read_identity(common.creds, use);
  if (!found) return found;
  const auto asked = Segment::parse(common.operator_name);
  if (found->name.empty() && asked) found->name = *asked;
  if (common.named_by != NamedBy::kOption || found->name.text() == common.operator_name) {
    return found;
  }
  return fail(Errc::kBadArgument,
              fmt::format("the credentials {} are those of {}, not of {}: leave --as out, or name "
                          "another file",
                          common.creds, found->name.text(), common.operator_name));
}

}  // namespace estop::cli
