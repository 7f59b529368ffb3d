// SPDX-License-Identifier: Apache-2.0

// Checks of a daemon before it starts: it reports a wrong option before anything has happened.
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
#include "schemas/address.h"
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

// Whether a listener is allowed there: beyond the loopback only with TLS, or where plain text is
// wanted.
[[nodiscard]] schemas::Result<void> check_exposure(const Endpoint& endpoint, bool has_tls,
                                                   bool is_plain_allowed);
// --listen: an address and a port, and a listener may be there.
[[nodiscard]] schemas::Result<void> check_listen(std::string_view listen, bool has_tls,
                                                 bool is_plain_allowed);

// As read_file; errors begin with the option.
[[nodiscard]] schemas::Result<std::string> option_file(std::string_view option,
                                                       const std::string& path,
                                                       const FileRules& rules = {});
// Public key of a file, or the text itself. A seed in its place is refused and never shown.
[[nodiscard]] schemas::Result<schemas::PublicKey> option_public_key(std::string_view option,
                                                                    const std::string& given);
// The content of a `.creds` file: its key, and the key of the account that issued it.
struct Creds {
  schemas::SigningKey key;
  schemas::PublicKey issuer{};
};
[[nodiscard]] schemas::Result<Creds> option_creds(std::string_view option, const std::string& path);
// A name as it may stand in a subject.
[[nodiscard]] schemas::Result<schemas::Segment> option_segment(std::string_view option,
                                                               const std::string& text);
// --<whose>-beat-ms and --<whose>-lease-ms: a lease is `beats` of them at least.
[[nodiscard]] schemas::Result<void> check_lease(std::string_view whose, std::uint32_t beat_ms,
                                                std::uint32_t lease_ms, std::uint32_t beats);
// A PEM file with a certificate in it. An empty path is none, and fine.
[[nodiscard]] schemas::Result<void> check_certificates(std::string_view option,
                                                       const std::string& path);
// Finds everything besides a daemon's own options that would prevent its start: a --ready-file or
// --log-file that it cannot write, an address of --listen that it cannot have. Changes nothing.
[[nodiscard]] schemas::Result<void> check_surroundings(const std::string& ready_file,
                                                       const std::string& log_file,
                                                       std::string_view listen);

// The file with the chosen port. A start removes the file of an earlier process, so it exists only
// while a process listens; the destructor removes it, too.
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
