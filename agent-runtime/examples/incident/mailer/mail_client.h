// SPDX-License-Identifier: Apache-2.0

// Speaks SMTP to one mail server, over a connection that it keeps. libcurl does the talking.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace estop::incident {

enum class Posted : std::uint8_t {
  kAccepted,  // the server took responsibility for the mail
  kNotSent,   // certainly not: it never got the mail, or refused it
  kUnknown,   // it got the mail, and its answer got lost
};

struct PostResult {
  Posted posted = Posted::kUnknown;
  std::string detail;  // for people, unless accepted
};

// For one thread at a time. libcurl's global initialisation is the caller's.
class MailClient {
 public:
  explicit MailClient(const std::string& server);  // `host:port`
  ~MailClient();
  MailClient(const MailClient&) = delete;
  MailClient& operator=(const MailClient&) = delete;

  // Blocks for at most 10 s. `message`: RFC 5322 with CR LF. Addresses: as is_email allows.
  PostResult post(const std::string& from, const std::string& to, const std::string& message);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One client per thread that is sending right now, each with its own connection. Thread-safe.
class MailClients {
 public:
  explicit MailClients(std::string server) : server_(std::move(server)) {}
  PostResult post(const std::string& from, const std::string& to, const std::string& message);

 private:
  std::string server_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<MailClient>> idle_;
};

}  // namespace estop::incident
