// SPDX-License-Identifier: Apache-2.0
'use strict';
// The messages of PROTOCOL.md §4, field by field.
const { Message, Struct } = require('./wire');

const Flag = { request: 1, reply: 2, failed: 4 };
const Kind = { epoch: 1, kill: 2, resume: 3, bridgeJoined: 4, bridgeLeft: 5, term: 6, snapshotPart: 13, snapshot: 14 };
const Mode = { now: 1, grace: 2 };
const Store = { put: 1, get: 2, effectBegin: 3, effectFinish: 4, effectAbandon: 5 };
const Effect = { none: 0, begun: 1, finished: 2 };

const Reads = new Struct({ version: 'u8', kinds: ['u8'] });
const READS = { version: 2, kinds: [1, 2, 3, 4, 5, 6, 13, 14] }; // what this client reads

const Intent = new Message({
  id: 'text', incarnation: 'u64', ttl_ms: 'u32', trace: 'text', flags: 'u32', payload: 'bytes', reply_instance: 'text',
});

const SignedFrame = new Message({ body: 'bytes', signature: 'bytes64' }, { tags: false });

const Record = new Message({
  epoch: 'u64', term: 'u64', seq: 'u64', prev: 'bytes32', op_id: 'text',
  actor: new Struct({ kind: 'u8', name: 'text', detail: 'text' }), reason: 'text', issued_at_ms: 'u64', kind: 'u8',
  content: 'any',
});

const Selector = new Struct({ scope: 'text', actions: ['text'], label: 'text', tree: 'bool' });

/** The content of a record, by its kind. */
const Content = {
  [Kind.epoch]: new Struct({ old: 'text' }),
  [Kind.kill]: new Struct({ hold: 'u8', selector: Selector, mode: 'u8', grace_ms: 'u32', given: 'text' }),
  [Kind.resume]: new Struct({
    hold: 'u8', selector: Selector, lifts: ['text'],
    place: new Struct({ epoch: 'u64', seq: 'u64', hash: 'bytes' }), count: 'u64', digest: 'bytes', pending: 'u8',
    incarnation: 'u64',
  }),
  [Kind.bridgeJoined]: new Struct({ bridge: 'text', process: 'text', key: 'bytes32' }),
  [Kind.bridgeLeft]: new Struct({ bridge: 'text', process: 'text' }),
  [Kind.term]: new Struct({ reserved: 'text' }),
  [Kind.snapshotPart]: new Struct({ place_seq: 'u64', index: 'u64', entries: 'bytes' }),
  [Kind.snapshot]: new Struct({ epoch: 'u64', seq: 'u64', hash: 'bytes32', parts: 'u64', digest: 'bytes32' }),
};

/** What the entries of a snapshot's part are. */
const State = new Message({
  kills: ['bytes'], lives: [new Struct({ scope: 'text', incarnation: 'u64' })],
  joined: [new Struct({ bridge: 'text', process: 'text', key: 'bytes32' })],
});

const LeaseFrame = new Message({
  leader: 'text', term: 'u64', reads: Reads, epoch: 'u64', seq: 'u64', hash: 'bytes32',
  grants: [new Struct({ bridge: 'text', process: 'text', nonce: 'u64' })], uncommitted: ['bytes'], round: 'u64',
  count: 'u64', digest: 'bytes32', sent_at_ms: 'u64',
}, { known: { 1: 'begins' } });

const BridgeBeat = new Message({
  bridge: 'text', process: 'text', nonce: 'u64', state: 'u8', epoch: 'u64', seq: 'u64', hash: 'bytes32',
  key: 'bytes32', reads: Reads, forwarded: 'u64', refused: 'u64', refused_killed: 'u64', after_fence: 'u64',
  held: ['bytes'],
});

const BridgeReceipt = new Message({
  bridge: 'text', process: 'text', connection: 'u64', op_id: 'text', epoch: 'u64', seq: 'u64', kind: 'u8',
  forwarded_before: 'u64', refused_since: 'u64', latched_in_us: 'u64',
});

const StoppedReceipt = new Message({
  op_id: 'text', process: 'text', seq: 'u64', stage: 'u8', handlers_cancelled: 'u64', intents_dropped: 'u64',
  grace_exceeded: 'bool', stopped_in_us: 'u64',
});

const Latch = new Struct({
  op_id: 'text', seq: 'u64', hold: 'u8', scope: 'text', mode: 'u8', actor: 'text', reason: 'text', since_ms: 'u64',
});

const Hello = new Message({
  key: 'bytes32', process: 'text', host: 'text', pid: 'u64', runtime: 'text', spawned_by: 'text', goodbye: 'bool',
  reads: Reads,
});

const HelloReply = new Message({
  code: 'u16', detail: 'text', incarnation: 'u64', beat_ms: 'u32', lease_ms: 'u32', latches: [Latch],
  checkpoints: [new Struct({ key: 'text', version: 'u64', size: 'u64' })],
});

const Beat = new Message({
  process: 'text', nonce: 'u64', incarnation: 'u64', stopped: 'bool', sent: 'u64', succeeded: 'u64', failed: 'u64',
  handled: 'u64', latency_total_us: 'u64', cost_micro_usd: 'u64', tokens: 'u64', api_calls: 'u64',
});

const BeatReply = new Message({ nonce: 'u64', code: 'u16', incarnation: 'u64', latches: [Latch] });

const StoreRequest = new Message({
  op: 'u8', key: 'text', expected_version: 'u64', incarnation: 'u64', bytes: 'bytes',
});

const StoreReply = new Message({ code: 'u16', detail: 'text', version: 'u64', effect: 'u8', bytes: 'bytes' });

const LogRead = new Message({ seq: 'u64' });

const LogReadReply = new Message({ code: 'u16', detail: 'text', frame: 'bytes' });

module.exports = {
  Beat, BeatReply, BridgeBeat, BridgeReceipt, Content, Effect, Flag, Hello, HelloReply, Intent, Kind, LeaseFrame, LogRead, LogReadReply, Mode,
  READS, Record, SignedFrame, State, StoppedReceipt, Store, StoreReply, StoreRequest,
};
