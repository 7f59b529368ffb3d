// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/names.h"

#include <fmt/format.h>
#include <netdb.h>

#include <ctime>
#include <utility>

namespace estop::nats {

using schemas::Errc;
using schemas::fail;

// The C library writes here until it has an answer.
struct Names::Question {
  explicit Question(std::string asked) : host(std::move(asked)) {
    wanted.ai_socktype = SOCK_STREAM;
    request.ar_name = host.c_str();
    request.ar_request = &wanted;
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() {
    if (request.ar_result != nullptr) ::freeaddrinfo(request.ar_result);
  }
  [[nodiscard]] bool is_answered() { return ::gai_error(&request) != EAI_INPROGRESS; }

  const std::string host;
  addrinfo wanted{};
  gaicb request{};
};

Names::Names() = default;

Names::~Names() {
  for (auto& [host, question] : asked_) {
    // One that is under way cannot be taken back, so its memory stays the C library's.
    const bool is_over = ::gai_cancel(&question->request) != EAI_NOTCANCELED;
    if (!is_over) static_cast<void>(question.release());
  }
}

schemas::Result<void> Names::find(const std::string& host, std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  auto& question = asked_[host];
  if (question == nullptr) {
    question = std::make_unique<Question>(host);
    gaicb* const one = &question->request;
    gaicb* list[] = {one};
    if (::getaddrinfo_a(GAI_NOWAIT, list, 1, nullptr) != 0) {
      asked_.erase(host);
      return fail(Errc::kNoContact, fmt::format("nobody can be asked for the host {}", host));
    }
  }
  const gaicb* const list[] = {&question->request};
  for (const auto end = Clock::now() + patience; !question->is_answered();) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(end - Clock::now());
    if (left.count() <= 0) {
      return fail(Errc::kNoContact,
                  fmt::format("no name server told the address of {} within {} ms", host,
                              patience.count()));
    }
    constexpr long kSecond_ns = 1'000'000'000;
    const timespec wait{left.count() / kSecond_ns, left.count() % kSecond_ns};
    ::gai_suspend(list, 1, &wait);
  }
  const int status = ::gai_error(&question->request);
  asked_.erase(host);
  if (status == 0) return {};
  return fail(Errc::kNoContact,
              fmt::format("the host {} has no address: {}", host, ::gai_strerror(status)));
}

}  // namespace estop::nats
