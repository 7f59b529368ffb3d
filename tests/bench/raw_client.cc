// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/raw_client.h"

#include <signal.h>

#include <cstdio>
#include <stdexcept>

namespace estop::bench {
namespace {

void check(natsStatus status, const char* what) {
  if (status != NATS_OK)
    throw std::runtime_error(std::string(what) + ": " + natsStatus_GetText(status));
}

void forward(natsConnection* connection, natsSubscription*, natsMsg* message, void* closure) {
  const auto* target = static_cast<const std::string*>(closure);
  natsConnection_Publish(connection, target->c_str(), natsMsg_GetData(message),
                         natsMsg_GetDataLength(message));
  natsMsg_Destroy(message);
}

void answer(natsConnection* connection, natsSubscription*, natsMsg* message, void*) {
  if (const char* reply = natsMsg_GetReply(message); reply != nullptr) {
    natsConnection_Publish(connection, reply, natsMsg_GetData(message),
                           natsMsg_GetDataLength(message));
  }
  natsMsg_Destroy(message);
}

// Tells the parent on standard output that it listens, and waits for SIGTERM.
int serve_until_told(natsConnection* connection) {
  check(natsConnection_FlushTimeout(connection, 2'000), "flush");
  std::puts("ready");
  std::fflush(stdout);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  int signal = 0;
  sigwait(&set, &signal);
  return 0;
}

// Before the library starts its threads, so that all of them inherit it.
void block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

RawClient::RawClient(const RawOptions& options) {
  natsOptions* made = nullptr;
  check(natsOptions_Create(&made), "options");
  const std::unique_ptr<natsOptions, void (*)(natsOptions*)> owner(made, natsOptions_Destroy);
  check(natsOptions_SetURL(made, options.url.c_str()), "url");
  check(natsOptions_SetUserCredentialsFromFiles(made, options.creds_file.c_str(), nullptr),
        "creds");
  check(natsOptions_SetSendAsap(made, options.send_asap), "send asap");
  if (!options.inbox_prefix.empty()) {
    check(natsOptions_SetCustomInboxPrefix(made, options.inbox_prefix.c_str()), "inbox");
  }
  // nats.c loses one valid signature in 256 (see broker-bridge/nats/credentials.h).
  natsStatus status = natsConnection_Connect(&connection_, made);
  for (int again = 0; again < 3 && status == NATS_CONNECTION_AUTH_FAILED; ++again) {
    status = natsConnection_Connect(&connection_, made);
  }
  check(status, "connect");
}

RawClient::~RawClient() {
  natsConnection_Close(connection_);
  natsConnection_Destroy(connection_);
}

int run_relay(const RawOptions& options, const std::string& pattern, const std::string& target) {
  block_signals();
  const RawClient client(options);
  std::string to = target;
  natsSubscription* made = nullptr;
  check(natsConnection_QueueSubscribe(&made, client.get(), pattern.c_str(), "relay", forward, &to),
        "subscribe");
  const std::unique_ptr<natsSubscription, void (*)(natsSubscription*)> owner(
      made, natsSubscription_Destroy);
  check(natsSubscription_SetPendingLimits(made, -1, -1), "limits");
  return serve_until_told(client.get());
}

int run_responder(const RawOptions& options, const std::string& pattern) {
  block_signals();
  const RawClient client(options);
  natsSubscription* made = nullptr;
  check(natsConnection_Subscribe(&made, client.get(), pattern.c_str(), answer, nullptr),
        "subscribe");
  const std::unique_ptr<natsSubscription, void (*)(natsSubscription*)> owner(
      made, natsSubscription_Destroy);
  return serve_until_told(client.get());
}

}  // namespace estop::bench
