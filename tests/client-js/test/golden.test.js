// SPDX-License-Identifier: Apache-2.0
'use strict';
// The golden files, read and written with nothing but PROTOCOL.md: §4 for the fields, §7 for key and hash.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const keys = require('../lib/keys');
const messages = require('../lib/messages');

const folder = path.join(__dirname, '../../golden/data');
const seed = Buffer.from(Array.from({ length: 32 }, (_, n) => n));
const testKey = keys.rawPublicKey(keys.rawOf(keys.privateKey(seed)));

function golden(name) {
  return Buffer.from(fs.readFileSync(path.join(folder, `${name}.hex`), 'utf8').replace(/\s/g, ''), 'hex');
}

const fill = (byte) => Buffer.alloc(32, byte);
const reads = messages.READS;
const selector = ['acme/prod/email-campaign', [], '', false];
const orders = {
  epoch: 1, term: 1, prev: fill(0xaa), actor: { kind: 1, name: 'alice', detail: '' }, issued_at_ms: 1_760_000_000_000,
};

const plain = {
  intent_request: [messages.Intent, {
    id: 'k3j9x2ab-1', incarnation: 4, ttl_ms: 5000, trace: '', flags: messages.Flag.request,
    payload: Buffer.from('hello'), reply_instance: 'k3j9x2ab',
  }],
  intent_reply: [messages.Intent, {
    id: 'k3j9x2ab-1', incarnation: 0, ttl_ms: 5000, trace: '', flags: messages.Flag.reply, payload: Buffer.from('done'),
    reply_instance: 'k3j9x2ab',
  }],
  hello: [messages.Hello, {
    key: fill(0x22), process: 'p7q2m1z9', host: 'host1', pid: 4711, runtime: 'estop-cpp/0.1.0', spawned_by: '',
    goodbye: false, reads,
  }],
  hello_reply: [messages.HelloReply, {
    code: 0, detail: '', incarnation: 4, beat_ms: 5000, lease_ms: 15_000,
    latches: [{
      op_id: 'op-7f3a', seq: 3, hold: 1, scope: 'acme/prod/email-campaign', mode: messages.Mode.grace, actor: 'alice',
      reason: 'broken unsubscribe link', since_ms: 1_760_000_000_000,
    }],
    checkpoints: [{ key: 'partition-0', version: 12, size: 64 }],
  }],
  beat: [messages.Beat, {
    process: 'p7q2m1z9', nonce: 9, incarnation: 4, stopped: false, sent: 10, succeeded: 9, failed: 1, handled: 8, latency_total_us: 12_345,
    cost_micro_usd: 150_000, tokens: 900, api_calls: 3,
  }],
  beat_reply: [messages.BeatReply, { nonce: 9, code: 0, incarnation: 4, latches: [] }],
  bridge_beat: [messages.BridgeBeat, {
    bridge: 'b1', process: 'p7q2m1z9', nonce: 9, state: 3, epoch: 1, seq: 3, hash: fill(0xbb), key: fill(0x11), reads,
    forwarded: 100, refused: 7, refused_killed: 6, after_fence: 0, held: [],
  }],
  log_read: [messages.LogRead, { seq: 4711 }],
  log_read_reply: [messages.LogReadReply, { code: 4040, detail: 'no such sequence', frame: Buffer.alloc(0) }],
  store_request: [messages.StoreRequest, {
    op: messages.Store.put, key: 'partition-0', expected_version: 12, incarnation: 4, bytes: Buffer.from('row 1667'),
  }],
  store_reply: [messages.StoreReply, { code: 0, detail: '', version: 13, effect: 0, bytes: Buffer.alloc(0) }],
};

const control = { ...orders, prev: fill(0), actor: { kind: 6, name: 'control', detail: '' }, reason: '', issued_at_ms: 0 };
const entries = messages.State.encode({
  kills: [golden('record_kill')], lives: [{ scope: 'acme/prod/email-campaign', incarnation: 4 }],
  joined: [{ bridge: 'b1', process: 'p7q2m1z9', key: fill(0x11) }],
});
const lease = {
  leader: 'c3d4e5f6', term: 1, reads, epoch: 1, seq: 3, hash: fill(0xbb),
  grants: [{ bridge: 'b1', process: 'p7q2m1z9', nonce: 9 }], uncommitted: [], round: 12, count: 0, digest: fill(0),
  sent_at_ms: 1_760_000_000_000,
};

const signed = {
  record_kill: ['record', messages.Record, {
    ...orders, seq: 3, op_id: 'op-7f3a', kind: messages.Kind.kill, reason: 'broken unsubscribe link',
    content: [1, selector, messages.Mode.grace, 10_000, ''],
  }],
  record_resume: ['record', messages.Record, {
    ...orders, seq: 4, op_id: 'op-8c11', kind: messages.Kind.resume, reason: 'template fixed',
    content: [1, selector, ['op-7f3a'], [0, 0, Buffer.alloc(0)], 0, Buffer.alloc(0), 1, 1],
  }],
  record_resume_by_place: ['record', messages.Record, {
    ...orders, seq: 4, op_id: 'op-8c11', kind: messages.Kind.resume, reason: 'template fixed',
    content: [1, selector, [], [1, 3, fill(0xbb)], 850, fill(0xcc), 1, 1],
  }],
  record_bridge_joined: ['record', messages.Record, {
    ...control, seq: 2, op_id: 'join-b1-1', kind: messages.Kind.bridgeJoined,
    content: ['b1', 'p7q2m1z9', fill(0x11)],
  }],
  record_snapshot_part: ['record', messages.Record, {
    ...control, seq: 9, op_id: 'snapshot-8-0', kind: messages.Kind.snapshotPart, content: [8, 0, entries],
  }],
  record_snapshot: ['record', messages.Record, {
    ...control, seq: 10, op_id: 'snapshot-8', kind: messages.Kind.snapshot,
    content: [1, 8, fill(0xbb), 1, keys.hash(entries)],
  }],
  lease_frame: ['lease', messages.LeaseFrame, lease],
  lease_frame_of_a_cut_log: ['lease', messages.LeaseFrame, { ...lease, begins: Buffer.from('0000000000000009', 'hex') }],
  bridge_receipt: ['receipt', messages.BridgeReceipt, {
    bridge: 'b1', process: 'p7q2m1z9', connection: 1, op_id: 'op-7f3a', epoch: 1, seq: 3, kind: messages.Kind.kill,
    forwarded_before: 1667, refused_since: 0, latched_in_us: 31,
  }],
  stopped_receipt: ['stopped', messages.StoppedReceipt, {
    op_id: 'op-7f3a', process: 'p7q2m1z9', seq: 3, stage: 1, handlers_cancelled: 2, intents_dropped: 5, grace_exceeded: false, stopped_in_us: 1200,
  }],
};

for (const [name, [message, fields]] of Object.entries(plain)) {
  test(`golden: ${name}`, () => {
    assert.deepEqual(message.decode(golden(name)), fields);
    assert.deepEqual(message.encode(fields), golden(name));
  });
}

for (const [name, [domain, message, fields]] of Object.entries(signed)) {
  test(`golden: ${name}, signed`, () => {
    const body = keys.open(keys.Domain[domain], golden(name), testKey);
    assert.deepEqual(message.decode(body), fields);
    assert.deepEqual(message.encode(fields), body);
    // Ed25519 is deterministic: the same key makes the same signature.
    assert.deepEqual(keys.sign(keys.Domain[domain], body, keys.privateKey(seed)), golden(name));
    const others = Object.values(keys.Domain).filter((other) => other !== keys.Domain[domain]);
    for (const other of others) assert.throws(() => keys.open(other, golden(name), testKey), { number: 4033 });
  });
}

test('golden: the hash of the kill is the documented one', () => {
  const body = keys.open(keys.Domain.record, golden('record_kill'), testKey);
  assert.equal(body.length, 127);
  assert.equal(keys.hash(body).toString('hex'), '2aae5aeaa04dcd98d58b0c8caf852bbae48acec828875ed04adb211c122f1104');
});

test('golden: every file is read here', () => {
  const there = fs.readdirSync(folder).filter((name) => name.endsWith('.hex')).map((name) => name.slice(0, -4));
  assert.deepEqual(there.sort(), [...Object.keys(plain), ...Object.keys(signed)].sort());
});

test('golden: what a reader has to refuse', () => {
  const bytes = golden('beat_reply');
  const refuses = (number, bad) => assert.throws(() => messages.BeatReply.decode(bad), { number });
  refuses(4222, Buffer.concat([bytes, Buffer.from([0])]));
  refuses(4220, bytes.subarray(0, -1));
  refuses(4220, Buffer.from('950209000480', 'hex'));
  const version = Buffer.from(bytes);
  version[1] = 1;
  refuses(4221, version);
});
