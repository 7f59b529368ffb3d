// SPDX-License-Identifier: Apache-2.0
'use strict';
// After a resume: a new incarnation, and what the agent had left behind. PROTOCOL.md §4 "StoreRequest", §5, §6.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const test = require('node:test');
const { Effect, Store } = require('../lib/messages');
const { until } = require('../lib/until');
const { byStage, operator, refusalOf, requestBytes, running } = require('./stack');

let alice;
let peer;

test.before(async () => {
  alice = await operator();
  peer = await running('again/js/peer');
  peer.handle('echo.text', (payload) => payload);
});

test('resume: hello again, a higher incarnation, the old one is over', async () => {
  const agent = await running('again/js/mailer');
  const before = agent.incarnation;
  const kill = byStage(await alice.command('kill', { scope: agent.address, reason: 'a drill' }));
  assert.equal(kill.done.ok, true);
  assert.equal(agent.state, 'stopped');

  // Still within the grace: it may save where it is, but begin nothing new.
  assert.equal((await agent.store(Store.effectBegin, 'mail')).code, 4030);
  const saved = await agent.store(Store.put, 'row', { bytes: Buffer.from('1667') });
  assert.deepEqual([saved.code, saved.version], [0, 1]);

  const { op_id } = kill.accepted;
  const order = { scope: agent.address, reason: 'repaired', op_id: 'op-repaired', lifts: [op_id] };
  const [refused] = await alice.command('resume', order, { plain: true });
  assert.equal(refused.error.code, 4033);
  const answers = await alice.command('resume', order);
  assert.equal(answers[0].stage, 'accepted');
  const resume = byStage(answers);
  assert.ok(resume.durable.audit > kill.durable.audit);
  assert.deepEqual([resume.opened.n, resume.opened.of], [1, 1]);
  assert.equal(resume.done.ok, true);

  await until(agent, 'change', () => agent.ready, 'ready again');
  assert.ok(agent.incarnation > before);
  assert.deepEqual(agent.checkpoints, [{ key: 'row', version: 1, size: 4 }]);

  const old = await refusalOf(agent, peer.address, requestBytes(agent, { incarnation: before }));
  assert.deepEqual([old.number, old.class], [4100, 410]);
  assert.equal((await agent.request(peer.address, 'echo.text', Buffer.from('back'))).toString(), 'back');

  const late = { bytes: Buffer.from('1'), expected_version: 1, incarnation: before };
  assert.equal((await agent.store(Store.put, 'row', late)).code, 4100);
});

test('a resume that names one of two kills leaves the other', async () => {
  const agent = await running('again/js/twice');
  for (const op_id of ['op-first', 'op-second']) {
    await alice.command('kill', { scope: agent.address, reason: 'a drill', op_id });
  }
  assert.deepEqual(agent.obedience.receipts.map((receipt) => receipt.op_id), ['op-first', 'op-second']);
  await alice.command('resume', { scope: agent.address, reason: 'half', op_id: 'op-half', lifts: ['op-first'] });
  await until(agent, 'change', () => agent.lastHello.latches.length === 1, 'a hello with the other kill');
  assert.equal(agent.lastHello.latches[0].op_id, 'op-second');
  assert.equal(agent.state, 'stopped');
  await alice.command('resume', { scope: agent.address, reason: 'whole', op_id: 'op-whole', lifts: ['op-second'] });
  await until(agent, 'change', () => agent.ready, 'ready again');
});

test('a resume by place lifts what stands in the log there, and nothing later', async () => {
  const agent = await running('again/js/many');
  for (const op_id of ['op-one', 'op-two']) {
    await alice.command('kill', { scope: agent.address, reason: 'a drill', op_id });
  }
  const seen = await alice.ask('ps', { kills_of: agent.address });
  await alice.command('kill', { scope: agent.address, reason: 'a drill', op_id: 'op-three' });

  const kills = seen.kills.filter((kill) => kill.scope === agent.address).sort((a, b) => a.epoch - b.epoch || a.seq - b.seq);
  const digest = crypto.createHash('sha256').update(kills.map((kill) => `${kill.op_id}\0`).join('')).digest('hex');
  const { epoch, seq, hash } = seen.log;
  const order = { scope: agent.address, reason: 'whole', op_id: 'op-place', through: { epoch, seq, hash, count: kills.length, digest } };
  const other = { ...order, through: { ...order.through, count: 3 } };
  const [refused] = await alice.command('resume', other);
  assert.equal(refused.error.code, 4095);
  assert.equal(byStage(await alice.command('resume', order)).done.ok, true);
  await until(agent, 'change', () => agent.lastHello.latches.length === 1, 'a hello with the later kill');
  assert.equal(agent.lastHello.latches[0].op_id, 'op-three');
  await alice.command('resume', { scope: agent.address, reason: 'whole', op_id: 'op-rest', lifts: ['op-three'] });
  await until(agent, 'change', () => agent.ready, 'ready again');
});

test('checkpoints: compare and set', async () => {
  const agent = await running('again/js/saver');
  const none = await agent.store(Store.get, 'row');
  assert.equal(none.code, 4040);
  const first = await agent.store(Store.put, 'row', { bytes: Buffer.from('a') });
  assert.deepEqual([first.code, first.version], [0, 1]);
  const exists = await agent.store(Store.put, 'row', { bytes: Buffer.from('b') });
  assert.deepEqual([exists.code, exists.version], [4092, 1]);
  const second = await agent.store(Store.put, 'row', { bytes: Buffer.from('b'), expected_version: 1 });
  assert.deepEqual([second.code, second.version], [0, 2]);
  const late = await agent.store(Store.put, 'row', { bytes: Buffer.from('c'), expected_version: 1 });
  assert.deepEqual([late.code, late.version], [4092, 2]);
  const got = await agent.store(Store.get, 'row');
  assert.deepEqual([got.code, got.version, got.bytes.toString()], [0, 2, 'b']);
});

test('effects: begin, finish, abandon', async () => {
  const agent = await running('again/js/doer');
  const state = async (op, key, bytes) => {
    const { code, effect, bytes: outcome } = await agent.store(op, key, { bytes });
    return [code, effect, outcome.toString()];
  };
  assert.deepEqual(await state(Store.effectBegin, 'mail-1'), [0, Effect.none, '']);
  assert.deepEqual(await state(Store.effectFinish, 'mail-1', Buffer.from('sent')), [0, Effect.begun, '']);
  assert.deepEqual(await state(Store.effectBegin, 'mail-1'), [0, Effect.finished, 'sent']);

  assert.deepEqual(await state(Store.effectBegin, 'mail-2'), [0, Effect.none, '']);
  assert.deepEqual(await state(Store.effectAbandon, 'mail-2'), [0, Effect.begun, '']);
  assert.deepEqual(await state(Store.effectBegin, 'mail-2'), [0, Effect.none, '']);

  const never = await agent.store(Store.effectFinish, 'mail-3');
  assert.equal(never.code, 4040);

  // Begun by a process that is gone: nobody knows whether it happened.
  const { effects_begun } = await alice.ask('get', { address: agent.address });
  assert.equal(effects_begun.length, 1);
  const heir = await running(agent.address);
  const { code, effect } = await heir.store(Store.effectBegin, 'mail-2');
  assert.deepEqual([code, effect], [4094, Effect.begun]);
});
