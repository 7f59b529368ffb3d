// SPDX-License-Identifier: Apache-2.0

// What a daemon checks before it starts, so that a wrong option is told and nothing has happened.
//
// kBadArgument: an option is wrong; the detail names it, its value, and what to do. None of these
// needs the network or changes anything.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "broker-bridge/daemon/files.h"
#include "schemas/result.h"
#include "schemas/signing.h"

namespace estop::daemon {

template <class... Args>
tl::unexpected<schemas::Error> bad_option(fmt::format_string<Args...> text, Args&&... args) {
  return schemas::fail(schemas::Errc::kBadArgument, fmt::format(text, std::forward<Args>(args)...));
}

// An IP address and a port. The text of an IPv6 address has brackets: "[::1]:9622".
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
[[nodiscard]] schemas::Result<Endpoint> parse_endpoint(std::string_view option,
                                                       std::string_view text);
[[nodiscard]] std::string to_text(const Endpoint& endpoint);
// Whether a socket could listen there now. kNoContact: the port is taken, no right to it, or no
// such address here. Binds, and lets go at once.
[[nodiscard]] schemas::Result<void> can_listen(std::string_view option, const Endpoint& endpoint);

// read_file, with the option in front of what is wrong.
[[nodiscard]] schemas::Result<std::string> option_file(std::string_view option,
                                                       const std::string& path,
                                                       const FileRules& rules = {});
// Public key of a file, or the text itself. A seed in its place is refused and never shown.
[[nodiscard]] schemas::Result<schemas::PublicKey> option_public_key(std::string_view option,
                                                                    const std::string& given);
// A PEM file with a certificate in it.
[[nodiscard]] schemas::Result<void> check_certificates(std::string_view option,
                                                       const std::string& path);
// Whether a file can be written there: it, or else its folder.
[[nodiscard]] schemas::Result<void> can_write(std::string_view option, const std::string& path);

// The file that tells which port was chosen. What an earlier process left is taken away at the
// start, so that it is there only while somebody listens; it goes with its owner.
class ReadyFile {
 public:
  explicit ReadyFile(std::string path);  // empty: there is none
  ~ReadyFile();
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;
  [[nodiscard]] schemas::Result<void> write(std::uint16_t port);

 private:
  std::string path_;
  std::string text_;  // what we wrote; a successor may have written another
};

}  // namespace estop::daemon
