// SPDX-License-Identifier: Apache-2.0
#include "control/app/recorder_desk.h"

#include <utility>

#include "broker-bridge/nats/loop.h"
#include "control/json/replies.h"

namespace estop::control {

class RecorderDesk::Return : public std::enable_shared_from_this<Return> {
 public:
  Return(nats::Loop& loop, Handler handler) : loop_(loop), handler_(std::move(handler)) {}

  // From any thread: `work` runs on the loop, unless the desk is gone by then.
  void run(std::function<void()> work) {
    loop_.post([weak = weak_from_this(), work = std::move(work)] {
      const auto self = weak.lock();
      if (self && self->handler_) work();
    });
  }
  void post(Event event) {
    run([this, event = std::move(event)] { handler_(event); });
  }
  void close() { handler_ = nullptr; }  // on the loop

 private:
  nats::Loop& loop_;
  Handler handler_;
};

RecorderDesk::RecorderDesk(nats::Loop& loop, std::unique_ptr<Recorder> recorder, Handler handler)
    : return_(std::make_shared<Return>(loop, std::move(handler))), recorder_(std::move(recorder)) {
  recorder_->follow_audit(
      [back = return_](std::vector<AuditRow> rows) { back->post(AuditWritten{std::move(rows)}); });
}

RecorderDesk::~RecorderDesk() {
  return_->close();
}

void RecorderDesk::perform(const RecorderAction& action) {
  std::visit([this](const auto& one) { act(one); }, action);
}

void RecorderDesk::act(const StoreRecord& effect) {
  std::optional<AuditEntry> audit;
  if (effect.audit) audit = entry_of(*effect.audit);
  recorder_->append_record(
      effect.record, audit, Urgency::kFirst,
      [back = return_, seq = effect.record.record.seq](schemas::Result<std::uint64_t> row) {
        schemas::Result<void> done;
        if (!row) done = tl::make_unexpected(row.error());
        back->post(RecordStored{seq, std::move(done), row.value_or(0)});
      });
}

void RecorderDesk::act(const WriteAudit& effect) {
  // Failures leave a gap line. Whoever looks at the feed sees it all the same.
  recorder_->audit(entry_of(effect.line), Urgency::kGroup,
                   [back = return_, effect](const auto& number) {
                     if (!number) back->post(AuditUnwritten{effect.line});
                   });
}

void RecorderDesk::act(const PutAgent& effect) {
  recorder_->put_agent(effect.agent);
}

void RecorderDesk::act(const ListCheckpoints& effect) {
  recorder_->list_checkpoints(effect.address, [back = return_, effect](auto checkpoints) {
    back->post(
        CheckpointsListed{effect.address, effect.instance, effect.asker, std::move(checkpoints)});
  });
}

void RecorderDesk::act(const Store& effect) {
  recorder_->store(
      effect.address, effect.instance, effect.request,
      [back = return_, address = effect.address, instance = effect.instance, op = effect.request.op,
       key = effect.request.key, asker = effect.asker](schemas::StoreReply answer) {
        back->post(StoreAnswered{address, instance, op, key, asker, std::move(answer)});
      });
}

void RecorderDesk::act(const QueryAudit& effect) {
  recorder_->list_audit(effect.query, [back = return_, effect](auto rows) {
    back->post(AuditListed{effect.asker, std::move(rows), effect.query});
  });
}

void RecorderDesk::act(const VerifyAudit& effect) {
  recorder_->verify_audit([back = return_, asker = effect.asker](auto verdict) {
    back->post(AuditVerified{asker, std::move(verdict)});
  });
}

void RecorderDesk::act(const FindOrder& effect) {
  recorder_->find_order(effect.op_id, [back = return_, effect](auto found) {
    back->post(OrderFound{effect.lookup, effect.op_id, std::move(found)});
  });
}

void RecorderDesk::act(const FindBeginning& /*effect*/) {
  recorder_->read_beginning(
      [back = return_](auto cut) { back->post(AuditBegins{std::move(cut)}); });
}

void RecorderDesk::act(const CutAway& effect) {
  recorder_->cut_audit(effect.request, [back = return_, effect](auto cut) {
    back->post(AuditCutAway{effect.asker, effect.request, std::move(cut)});
  });
}

void RecorderDesk::act(const ReadDetails& effect) {
  recorder_->list_checkpoints(effect.address, [this, back = return_, effect](auto checkpoints) {
    back->run([this, back, effect, checkpoints] {
      recorder_->list_begun_effects(effect.address, [back, effect, checkpoints](auto begun) {
        back->post(
            DetailsRead{effect.asker, effect.address, checkpoints, std::move(begun), effect.page});
      });
    });
  });
}

}  // namespace estop::control
