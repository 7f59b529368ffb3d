// The one who tells the broker which credentials hold: keeps the broker's accounts equal to those
// in the data folder, over a connection to the SYS account of its own.
//
// The folder is the truth (control/auth/accounts.h); whoever holds its lock writes, and only this
// pushes. It looks at start, after every reconnect and every few seconds. One job at a time, so
// that no push can overtake a newer one. What blocks (files, locks, signatures) runs on a thread of
// its own; everything else on the loop's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "control/core/effects.h"
#include "schemas/result.h"

namespace boost::asio {
class io_context;
}

namespace estop::control {

class ClaimsWriter {
 public:
  struct Options {
    std::string data;  // the data folder: keys/, accounts/, credentials.jsonl
    std::string url;
    std::string sys_creds;  // .creds file for the SYS account
    std::string tls_ca;     // as ControlConfig's
    std::chrono::milliseconds look_every{5'000};
  };
  using Handler = std::function<void(const Event&)>;
  using Failed = std::function<void(std::string cause)>;

  // A writer without the operator's key (`keys/operator.seed`) or without the credential refuses
  // every withdrawal and says why. `loop` must outlive this; `handler` and `failed` are called on
  // it.
  ClaimsWriter(boost::asio::io_context& loop, Options options, const schemas::Subjects& subjects,
               Handler handler, Failed failed);
  ~ClaimsWriter();  // waits for the file that is being written
  ClaimsWriter(const ClaimsWriter&) = delete;
  ClaimsWriter& operator=(const ClaimsWriter&) = delete;

  // Connects, in the background if the broker is not there yet.
  schemas::Result<void> start();

  void perform(const RevokeCredentials& effect);
  void perform(const LiftBar& effect);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace estop::control
