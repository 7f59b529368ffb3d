# SPDX-License-Identifier: Apache-2.0
#
# Where the bugs of seeded_bug.h are sown. Each row puts a text into a copy of a source in the place of another, which
# must be there once: a source that has changed ends the configuration, and somebody looks where its rule is kept now.

# sow(SOURCE OLD NEW)
function(sow source old new)
  string(MAKE_C_IDENTIFIER sown_${source} text)
  if(NOT DEFINED ${text})
    file(READ ${PROJECT_SOURCE_DIR}/${source} ${text})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${source})
    set(sown_sources ${sown_sources} ${source} PARENT_SCOPE)
  endif()
  string(FIND "${${text}}" "${old}" first)
  string(FIND "${${text}}" "${old}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "${source} does not hold once, for a bug of tests/sim/seeded_bugs.cmake to be sown: ${old}")
  endif()
  string(REPLACE "${old}" "${new}" ${text} "${${text}}")
  set(${text} "${${text}}" PARENT_SCOPE)
endfunction()

# The copies, each with its switches, below the build folder: `sources` gets their paths.
function(write_sown sources)
  foreach(source ${sown_sources})
    string(MAKE_C_IDENTIFIER sown_${source} text)
    set(sown "#include \"tests/sim/seeded_bug.h\"\n#line 1 \"${PROJECT_SOURCE_DIR}/${source}\"\n${${text}}")
    file(CONFIGURE OUTPUT sown/${source} CONTENT "@sown@" @ONLY)
    list(APPEND written ${CMAKE_CURRENT_BINARY_DIR}/sown/${source})
  endforeach()
  set(${sources} ${written} PARENT_SCOPE)
endfunction()

set(bridge broker-bridge/core)
set(control control/core)

# 1
sow(${bridge}/bridge_core.cc [[  if (record->record.is<schemas::Kill>())]]
  [[  if (SOWN(kKillIgnoredWhileClosed) && contact_.state() != schemas::BridgeState::kOpen) return;
  if (record->record.is<schemas::Kill>())]])
# 2
sow(${bridge}/kills/kills.cc [[    if (!receipts_.owe(kill))]]
  [[    if (SOWN(kLatchLostAtReconnect)) gate_.unlatch(kill);
    if (!receipts_.owe(kill))]])
sow(${control}/log/ledger_stream.cc [[      apply(log[i], now.boot_us);]]
  [[      if (!SOWN(kLatchLostAtRestart)) apply(log[i], now.boot_us);]])
# 3
sow(${bridge}/bridge_core.cc [[  follower_.saw(std::move(*record));]]
  [[  if (SOWN(kResumeActsOnSight)) apply(record->record, turn);
  follower_.saw(std::move(*record));]])
sow(${bridge}/admission/gate.cc [[  node.incarnation = std::max(node.incarnation, resume.incarnation);]]
  [[  while (SOWN(kResumeLiftsUnnamed) && node.kills != nullptr) release(*node.kills);
  node.incarnation = std::max(node.incarnation, resume.incarnation);]])
# 4, and the receipt of 8
sow(${bridge}/kills/kills.cc [[  const Latched latched = gate_.kill(kill.record);]]
  [[  if (SOWN(kReceiptWithoutLatch)) confirm(kill.record, turn);
  if (SOWN(kReceiptWithoutLatch) || SOWN(kKillWaitsForCommit)) return Latched::kLifted;
  const Latched latched = gate_.kill(kill.record);]])
sow(${control}/log/ledger.cc [[(durable || !opens)]] [[(durable || !opens || SOWN(kResumeWithoutRecorder))]])
# 5
sow(${bridge}/admission/gate.cc [[(head.incarnation != verdict.incarnation)]]
  [[(head.incarnation != verdict.incarnation && !SOWN(kOldLifePasses))]])
sow(agent-runtime/core/own_kills.cc [[order.hello_at_sight >= event.number;]]
  [[order.hello_at_sight >= event.number && !SOWN(kOldAnswerLifts);]])
sow(agent-runtime/core/obedience.cc [[  if (!contact_.is_confirmed() || ]]
  [[  if (!(contact_.is_confirmed() || (SOWN(kOldAnswerLifts) && contact_.is_announced())) || ]])
# 6
sow(${bridge}/contact/follower.cc [[  if (applied_ == head_) return {};]]
  [[  if (applied_ == head_ || SOWN(kOpenBeforeReplay)) return {};]])
sow(${bridge}/contact/control_log.cc [[return follower_.applied() == frame.head &&]]
  [[return (follower_.applied() == frame.head || SOWN(kOpenBeforeReplay)) &&]])
# 7
sow(${bridge}/contact/contact.cc [[    admitted |= lease_.granted(grant.nonce);]]
  [[    admitted |= lease_.granted(grant.nonce);
    if (SOWN(kLeaseFromArrival)) lease_.granted(lease_.beat(turn.now, false));]])
sow(${bridge}/contact/contact.cc [[state_ == BridgeState::kOpen && lease_.holds(now);]]
  [[state_ == BridgeState::kOpen && (lease_.holds(now) || SOWN(kLeaseUnchecked));]])
# 8
sow(${control}/bridges/roster.cc [[  if (!earlier) return;]] [[  if (!earlier || SOWN(kFenceForgetsOldBridges)) return;]])
sow(${control}/bridges/roster.cc [[  bridge.wants_grant = trusted && asks;]]
  [[  const bool is_closed = beat.state == BridgeState::kReplaying;
  bridge.wants_grant = trusted && (asks || (SOWN(kClosedBridgeIsGranted) && is_closed));]])
# 9
sow(${bridge}/contact/follower.cc [[    if (is_before(head, known)) {]]
  [[    if (SOWN(kLogMayGoBack)) break;
    if (is_before(head, known)) {]])
# 10
sow(${bridge}/contact/contact.cc [[  ++turn.counters.bad_frames;
  stop_for_good(]]
  [[  if (SOWN(kUnknownOrderIgnored)) return turn.reject_frame(what, error);
  ++turn.counters.bad_frames;
  stop_for_good(]])
sow(control/json/order_commands.cc
  [[  std::string reason = schemas::printable(fields.text("reason", schemas::kReasonMax_bytes));]]
  [[  const std::size_t most =
      SOWN(kUnreadableRecord) ? schemas::kControlMessageMax_bytes : schemas::kReasonMax_bytes;
  std::string reason = schemas::printable(fields.text("reason", most));]])
sow(schemas/codec_record.cc [[  const auto read = decode_body(body_of(record), Reason::kStrict);]]
  [[  if (SOWN(kUnreadableRecord)) return {};
  const auto read = decode_body(body_of(record), Reason::kStrict);]])
sow(schemas/codec_record.cc [[  return open_record(seal(kRecordDomain, body_of(record), key));]]
  [[  const Bytes body = body_of(record);
  if (SOWN(kUnreadableRecord)) {
    return SignedRecord{record, seal(kRecordDomain, body, key), sha256(body)};
  }
  return open_record(seal(kRecordDomain, body, key));]])
# 12
sow(${bridge}/admission/refusal.cc [[  if (verdict.cause != nullptr) {]]
  [[  if (verdict.cause != nullptr && !SOWN(kRefusalNamesNoKill)) {]])
# told
sow(${control}/orders/op_table.cc
  [[  if (known->kind != RecordKind::kKill || known->scope != scope) return std::nullopt;]]
  [[  const bool is_other = known->kind != RecordKind::kKill || known->scope != scope;
  if (is_other && !SOWN(kOpIdHijacked)) return std::nullopt;]])
# kept: and nobody looks before it is signed
sow(${control}/log/snapshots.cc [[  state_.apply(record);]]
  [[  if (!SOWN(kSnapshotForgetsKills) || !record.record.is<schemas::Kill>()) state_.apply(record);]])
sow(${control}/log/snapshots.cc [[  for (const HeldKill* held : latches.all()) {]]
  [[  if (SOWN(kSnapshotForgetsKills)) return {};
  for (const HeldKill* held : latches.all()) {]])
# stopped
sow(${control}/agents/agents.cc [[stored.left || is_past;]]
  [[stored.left || (is_past && !SOWN(kDeadAreWaitedFor));]])
