// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/anchor.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "broker-bridge/daemon/files.h"
#include "schemas/signing.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::Result;

constexpr std::string_view kPrefix = "estop-anchor 1 ";

std::string to_line(const ChainHead& head) {
  return fmt::format("{}{} {}\n", kPrefix, head.number, schemas::hex(head.hash));
}

bool parse_hash(std::string_view text, schemas::Hash& out) {
  if (text.size() != 2 * out.size()) return false;
  for (std::size_t at = 0; at < out.size(); ++at) {
    const char* begin = text.data() + 2 * at;
    const auto parsed = std::from_chars(begin, begin + 2, out[at], 16);
    if (parsed.ec != std::errc() || parsed.ptr != begin + 2) return false;
  }
  return true;
}

std::optional<ChainHead> parse_line(std::string_view line) {
  if (!line.starts_with(kPrefix)) return std::nullopt;
  line.remove_prefix(kPrefix.size());
  ChainHead head;
  const auto number = std::from_chars(line.data(), line.data() + line.size(), head.number);
  if (number.ec != std::errc()) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(number.ptr - line.data()));
  if (!line.starts_with(' ') || !line.ends_with('\n')) return std::nullopt;
  if (!parse_hash(line.substr(1, line.size() - 2), head.hash)) return std::nullopt;
  return head;
}

}  // namespace

AuditAnchor::AuditAnchor(std::string folder) : path_(std::move(folder) + "/audit.anchor") {}

Result<std::optional<ChainHead>> AuditAnchor::read() const {
  const auto text = daemon::read_file(path_, {.may_be_empty = true});
  if (!text && text.error().code == Errc::kNotFound) return std::optional<ChainHead>();
  if (!text) return schemas::passed_on(text);
  const auto head = parse_line(*text);
  if (!head) {
    return schemas::fail(Errc::kMalformed,
                         fmt::format("{} is not the anchor of an audit: bring it back from a copy, "
                                     "or move it away to go on with that on record",
                                     path_));
  }
  return head;
}

Result<void> AuditAnchor::write(const ChainHead& head) const {
  return daemon::replace_file(path_, to_line(head), {.mode = 0600, .is_durable = true});
}

}  // namespace estop::control
