'use strict';
// The messages of PROTOCOL.md §4, field by field.
const { Message, Struct } = require('./wire');

const Flag = { request: 1, reply: 2, failed: 4 };
const Kind = { epoch: 1, kill: 2, resume: 3, bridgeJoined: 4, bridgeLeft: 5, term: 6 };
const Mode = { now: 1, grace: 2 };
const Store = { put: 1, get: 2, effectBegin: 3, effectFinish: 4, effectAbandon: 5 };
const Effect = { none: 0, begun: 1, finished: 2 };

const Intent = new Message(
  { id: 'text', incarnation: 'u64', ttl_ms: 'u32', trace: 'text', flags: 'u32', payload: 'bytes' },
  { reply_instance: 'text' },
);

const SignedFrame = new Message({ body: 'bytes', signature: 'bytes64' });

const Record = new Message({
  epoch: 'u64', term: 'u64', seq: 'u64', prev: 'bytes32', op_id: 'text', kind: 'u8', scope: 'text', mode: 'u8',
  grace_ms: 'u32', actor: 'text', reason: 'text', issued_at_ms: 'u64', lifts: ['text'], pending: 'u8',
  incarnation: 'u64', target: 'text', key: 'bytes',
});

const LeaseFrame = new Message({
  term: 'u64', epoch: 'u64', seq: 'u64', hash: 'bytes32', grants: [new Struct({ bridge: 'text', nonce: 'u64' })],
  uncommitted: ['bytes'], sent_at_ms: 'u64',
});

const BridgeBeat = new Message({
  bridge: 'text', nonce: 'u64', state: 'u8', epoch: 'u64', seq: 'u64', hash: 'bytes32', key: 'bytes32',
  forwarded: 'u64', refused: 'u64', refused_killed: 'u64', after_fence: 'u64', held: ['bytes'],
});

const BridgeReceipt = new Message({
  bridge: 'text', op_id: 'text', seq: 'u64', kind: 'u8', forwarded_before: 'u64', refused_since: 'u64',
  latched_in_us: 'u64',
});

const StoppedReceipt = new Message({
  op_id: 'text', seq: 'u64', handlers_cancelled: 'u64', intents_dropped: 'u64', grace_exceeded: 'bool',
  stopped_in_us: 'u64',
});

const Latch = new Struct({
  op_id: 'text', seq: 'u64', scope: 'text', mode: 'u8', actor: 'text', reason: 'text', since_ms: 'u64',
});

const Hello = new Message({
  key: 'bytes32', host: 'text', pid: 'u64', runtime: 'text', spawned_by: 'text', goodbye: 'bool',
});

const HelloReply = new Message({
  code: 'u16', detail: 'text', incarnation: 'u64', beat_ms: 'u32', lease_ms: 'u32', latches: [Latch],
  checkpoints: [new Struct({ key: 'text', version: 'u64', size: 'u64' })],
});

const Beat = new Message({
  nonce: 'u64', incarnation: 'u64', stopped: 'bool', sent: 'u64', succeeded: 'u64', failed: 'u64', handled: 'u64',
  latency_total_us: 'u64', cost_micro_usd: 'u64', tokens: 'u64', api_calls: 'u64',
});

const BeatReply = new Message({ nonce: 'u64', code: 'u16', incarnation: 'u64', latches: [Latch] });

const StoreRequest = new Message({
  op: 'u8', key: 'text', expected_version: 'u64', incarnation: 'u64', bytes: 'bytes',
});

const StoreReply = new Message({ code: 'u16', detail: 'text', version: 'u64', effect: 'u8', bytes: 'bytes' });

const LogRead = new Message({ seq: 'u64' });

const LogReadReply = new Message({ code: 'u16', detail: 'text', frame: 'bytes' });

module.exports = {
  Beat, BeatReply, BridgeBeat, BridgeReceipt, Effect, Flag, Hello, HelloReply, Intent, Kind, LeaseFrame, LogRead, LogReadReply, Mode,
  Record, SignedFrame, StoppedReceipt, Store, StoreReply, StoreRequest,
};
