// SPDX-License-Identifier: Apache-2.0

// The only hop between control's loop and the recorder's thread: requests go in, answers come back
// as events on the loop.
#pragma once

#include <functional>
#include <memory>

#include "control/core/events.h"
#include "control/core/ports/recorder_port.h"
#include "control/recorder/recorder.h"

namespace estop::nats {
class Loop;
}

namespace estop::control {

class RecorderDesk {
 public:
  using Handler = std::function<void(const Event&)>;

  // `loop` must outlive this; `handler` is called on it, never after this is destroyed.
  RecorderDesk(nats::Loop& loop, std::unique_ptr<Recorder> recorder, Handler handler);
  ~RecorderDesk();  // commits what is queued
  RecorderDesk(const RecorderDesk&) = delete;
  RecorderDesk& operator=(const RecorderDesk&) = delete;

  void perform(const RecorderAction& action);
  [[nodiscard]] Recorder& recorder() { return *recorder_; }

 private:
  void act(const StoreRecord& effect);
  void act(const WriteAudit& effect);
  void act(const ListCheckpoints& effect);
  void act(const PutAgent& effect);
  void act(const Store& effect);
  void act(const QueryAudit& effect);
  void act(const VerifyAudit& effect);
  void act(const FindOrder& effect);
  void act(const FindBeginning& effect);
  void act(const CutAway& effect);
  void act(const ReadDetails& effect);

  // The way back; may be used from any thread, also while the desk is being destroyed.
  class Return;

  std::shared_ptr<Return> return_;
  std::unique_ptr<Recorder> recorder_;  // destroyed first: it answers everybody
};

}  // namespace estop::control
