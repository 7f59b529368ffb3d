// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/mailer/mail_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace estop::incident {
namespace {

constexpr long kConnectTimeout_ms = 3'000;
constexpr long kTimeout_ms = 10'000;

struct CurlEnd {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListEnd {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// The message as libcurl asks for it.
struct Upload {
  std::string_view rest;
  bool begun = false;  // the server has said 354: from now on it may accept

  static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self) {
    auto& upload = *static_cast<Upload*>(self);
    upload.begun = true;
    const std::size_t taken = std::min(size * count, upload.rest.size());
    std::memcpy(buffer, upload.rest.data(), taken);
    upload.rest.remove_prefix(taken);
    return taken;
  }
};

}  // namespace

struct MailClient::State {
  std::unique_ptr<CURL, CurlEnd> handle{curl_easy_init()};
};

MailClient::MailClient(const std::string& server) : state_(std::make_unique<State>()) {
  CURL* handle = state_->handle.get();
  if (handle == nullptr) return;  // post() says so
  curl_easy_setopt(handle, CURLOPT_URL, ("smtp://" + server + "/mailer.acme.example").c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeout_ms);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, kTimeout_ms);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");  // whatever the environment says
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, &Upload::read);
}

MailClient::~MailClient() = default;

PostResult MailClient::post(const std::string& from, const std::string& to,
                            const std::string& message) {
  CURL* handle = state_->handle.get();
  if (handle == nullptr) return {Posted::kNotSent, "libcurl has no memory"};
  Upload upload{message};
  const std::unique_ptr<curl_slist, ListEnd> recipients(curl_slist_append(nullptr, to.c_str()));
  curl_easy_setopt(handle, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(handle, CURLOPT_READDATA, &upload);
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, nullptr);
  if (code == CURLE_OK) return {Posted::kAccepted, {}};
  long answer = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer);
  const bool refused = upload.begun && answer >= 400 && answer <= 599;
  const Posted posted = !upload.begun || refused ? Posted::kNotSent : Posted::kUnknown;
  return {posted, curl_easy_strerror(code)};
}

PostResult MailClients::post(const std::string& from, const std::string& to,
                             const std::string& message) {
  std::unique_ptr<MailClient> client;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      client = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!client) client = std::make_unique<MailClient>(server_);
  PostResult result = client->post(from, to, message);
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(client));
  return result;
}

}  // namespace estop::incident
