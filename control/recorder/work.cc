// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/work.h"

#include "broker-bridge/daemon/boot_clock.h"
#include "control/recorder/store.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::Error;
using schemas::StoreOp;
using schemas::StoreReply;

StoreReply serve(RecorderStore& store, const StoreRequestOf& work) {
  const schemas::StoreRequest& request = work.request;
  if (auto refused = refuse_key(request.key)) return *refused;
  const EffectTable::Life life{work.address, work.instance, request.incarnation};
  switch (request.op) {
    case StoreOp::kPut:
      return store.checkpoints.put(work.address, request, daemon::wall_ms());
    case StoreOp::kGet:
      return store.checkpoints.get(work.address, request.key);
    case StoreOp::kEffectBegin:
      return store.effects.begin(life, request.key, daemon::wall_ms());
    case StoreOp::kEffectFinish:
      return store.effects.finish(life, request.key, request.bytes, daemon::wall_ms());
    case StoreOp::kEffectAbandon:
      return store.effects.abandon(life, request.key);
  }
  return {Errc::kUnknownType, "not an operation of the store", 0, {}, {}};
}

struct Perform {
  RecorderStore& store;

  void operator()(AddRecord& work) const {
    const auto added = store.records.add(work.record);
    if (added == RecordTable::Added::kAnother) {
      work.outcome =
          schemas::fail(Errc::kChainBroken, "another record is stored under this epoch and seq");
      return;
    }
    const bool is_snapshot = work.record.kind == schemas::RecordKind::kSnapshot;
    if (added == RecordTable::Added::kNew && is_snapshot) store.sweep.snapshot_stored(work.record);
    const bool is_told = added == RecordTable::Added::kNew && work.audit;
    work.outcome = is_told ? store.audit.append(*work.audit) : 0;
  }
  void operator()(AddAudit& work) const { work.outcome = store.audit.append(work.entry); }
  void operator()(CutAudit& work) const { work.outcome = store.audit.cut(work.request); }
  void operator()(StoreRequestOf& work) const { work.outcome = serve(store, work); }
  void operator()(KeepAgent& work) const { store.agents.put(work.agent); }
  template <class T>
  void operator()(ReadStore<T>& work) const {
    work.outcome = work.read(store);
  }
  void operator()(FollowAudit& work) const { store.audit.follow(work.tail); }
  void operator()(ListRows&) const {}    // a scan: see audit_scan.h
  void operator()(VerifyRows&) const {}  // likewise
};

struct Answer {
  template <class W>
  void operator()(W& work) const {
    if (auto done = std::exchange(work.done, nullptr)) done(std::move(work.outcome));
  }
  void operator()(KeepAgent&) const {}
  void operator()(FollowAudit&) const {}
  void operator()(ListRows&) const {}
  void operator()(VerifyRows&) const {}
};

struct Refuse {
  const Error& error;

  template <class W>
  void operator()(W& work) const {
    if (auto done = std::exchange(work.done, nullptr)) done(tl::make_unexpected(error));
  }
  void operator()(StoreRequestOf& work) const {
    if (auto done = std::exchange(work.done, nullptr)) done({error.code, error.detail, 0, {}, {}});
  }
  void operator()(KeepAgent&) const {}
  void operator()(FollowAudit&) const {}  // the queue is closed or full: nothing is told
};

struct Size {
  std::size_t operator()(const AddRecord& work) const {
    return work.record.frame.size() + (work.audit ? text_bytes(*work.audit) : 0);
  }
  std::size_t operator()(const AddAudit& work) const { return text_bytes(work.entry); }
  std::size_t operator()(const StoreRequestOf& work) const {
    return work.request.bytes.size() + work.request.key.size();
  }
  template <class W>
  std::size_t operator()(const W&) const {
    return 0;
  }
};

}  // namespace

WorkClass class_of(const Work& work) noexcept {
  if (std::holds_alternative<ListRows>(work) || std::holds_alternative<VerifyRows>(work)) {
    return WorkClass::kScan;
  }
  if (const auto* request = std::get_if<StoreRequestOf>(&work)) {
    return request->request.op == StoreOp::kGet ? WorkClass::kRead : WorkClass::kWrite;
  }
  const bool write =
      std::holds_alternative<AddRecord>(work) || std::holds_alternative<AddAudit>(work) ||
      std::holds_alternative<CutAudit>(work) || std::holds_alternative<FollowAudit>(work) ||
      std::holds_alternative<KeepAgent>(work);
  return write ? WorkClass::kWrite : WorkClass::kRead;
}

std::size_t size_bytes(const Work& work) noexcept {
  return sizeof(Work) + std::visit(Size{}, work);
}

std::size_t audit_lines(const Work& work) noexcept {
  if (const auto* record = std::get_if<AddRecord>(&work)) return record->audit ? 1 : 0;
  return std::holds_alternative<AddAudit>(work) ? 1 : 0;
}

void perform(RecorderStore& store, Work& work) {
  std::visit(Perform{store}, work);
}

void answer(Work& work) {
  std::visit(Answer{}, work);
}

void refuse(Work& work, const Error& error) {
  std::visit(Refuse{error}, work);
}

}  // namespace estop::control
