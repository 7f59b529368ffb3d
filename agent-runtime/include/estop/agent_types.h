// SPDX-License-Identifier: Apache-2.0

// What goes into and comes out of estop::Agent (see agent.h): options and plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "estop/stop_cause.h"
#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop {

using schemas::Bytes;        // opaque bytes, a std::string
using schemas::EffectState;  // kNone: it is yours now · kBegun: ambiguous · kFinished
using schemas::Errc;
using schemas::Error;
using schemas::fail;  // return estop::fail(Errc::kBadArgument, "no such list");
using schemas::Result;
using Millis = std::chrono::milliseconds;

enum class OnLostContact : std::uint8_t {
  kStop,      // the lease ran out: stop as if killed; continue by itself when contact is back
  kContinue,  // only for agents whose stopping is the greater harm: the bridges still refuse
};

// Every member of the structs below has a default: name the ones that you set.
struct AgentOptions {
  std::string address = {};                   // `org/workspace/name`; replicas share it
  std::string url = "nats://127.0.0.1:4222";  // of the broker; several with commas
  std::string creds_file = {};                // .creds of this address; its key signs receipts
  // PEM file of a CA. If set: TLS only, to a broker with a certificate of that CA. Empty: TLS if
  // the broker asks for it.
  std::string tls_ca_file = {};
  std::string control_key = {};  // log.pub: its path, or the key's text itself
  // `[a-z0-9]{8,16}`. Empty: random. Estop tells two processes with one name apart, and each has to
  // confirm a stop, but they share an inbox.
  std::string instance = {};
  std::string host = {};        // shown to operators, at most 256 bytes; empty: this machine's
  std::string spawned_by = {};  // address of the agent that started this one
  OnLostContact on_lost_contact = OnLostContact::kStop;
  unsigned handler_threads = 4;       // 1 to 256
  std::size_t queue_max = 1'024;      // deliveries that wait for a handler thread; beyond: refused
  std::size_t requests_max = 65'536;  // requests and sends under way; beyond: kOverLimit
  Millis connect_timeout{2'000};      // until the broker accepted the connection
  Millis ready_timeout{5'000};        // until control answered the hello and the first beat
  Millis store_timeout{5'000};        // of checkpoint and effect calls
};

// A delivered intent. The bridge vouches for `from`; the sender wrote everything else.
struct Intent {
  std::string from = {};    // org/workspace/name
  std::string action = {};  // email.send
  std::string id = {};      // unique per sender: a good part of an effect key
  std::string trace = {};   // W3C traceparent or empty
  Bytes payload = {};
  bool wants_reply = false;
};

// Runs on a handler thread. Its result (or exception) is the reply, if one is wanted. The token is
// requested when this agent or the sender is stopped: then return soon, with any result.
using Handler = std::function<Result<Bytes>(const Intent&, std::stop_token)>;

// Why this agent is stopped.
struct StopOrder {
  StopCause cause = StopCause::kKill;
  std::string op_id = {};  // of the kill, as all texts here
  std::string scope = {};  // acme/prod/*
  std::string actor = {};
  std::string reason = {};  // for the other causes, a sentence
  // Control accepts checkpoints until about this time.
  std::chrono::steady_clock::time_point grace_until = {};
  friend bool operator==(const StopOrder&, const StopOrder&) = default;
};

// An intent of ours that did not pass.
struct Refusal {
  std::string id = {};  // as send() returned it
  Error error = {};     // kReceiverKilled, kOldIncarnation, kNoContact, …: who, why, since when
};

struct Checkpoint {
  std::uint64_t version = 0;
  Bytes bytes = {};
};

struct Effect {
  EffectState before = EffectState::kNone;
  Bytes outcome = {};  // as given to finish(), if kFinished
};

// The result of one piece of work. Results are added up; every beat shows the sums to operators.
struct Report {
  bool success = true;
  std::chrono::microseconds latency{0};
  std::uint64_t cost_micro_usd = 0;
  std::uint64_t tokens = 0;
  std::uint64_t api_calls = 0;
};

// Counters since connect.
struct AgentStats {
  std::uint64_t sent = 0;     // intents handed to the broker, replies included
  std::uint64_t handled = 0;  // handlers that ended
  // Deliveries not handled: stopped, sender killed, too old, unreadable; and unreadable replies.
  std::uint64_t dropped = 0;
  std::uint64_t refused = 0;  // refusals received
  // Replies of handlers that were not sent: the agent was stopped meanwhile or disconnected, or the
  // broker takes no more (the last two also go to on_error). The requester's time runs out.
  std::uint64_t replies_lost = 0;
  // Replies by an address that was not asked: ignored, and the request continues to wait. The first
  // one for a request also goes to on_error.
  std::uint64_t foreign_replies = 0;
  // Receipts of a stop, and the goodbye, that were not sent. A receipt also goes to on_error; it is
  // sent again later.
  std::uint64_t unsent = 0;
  std::uint64_t bad_signatures = 0;  // orders, and other bytes, without control's signature
  // Calls of on_refused and on_error that were left out, because the callbacks are too slow.
  std::uint64_t notices_dropped = 0;
};

}  // namespace estop
