// SPDX-License-Identifier: Apache-2.0
'use strict';
// Orders and questions: PROTOCOL.md §5 "A kill", §6, §8. The agents really stop and say so.
const assert = require('node:assert/strict');
const test = require('node:test');
const { Kind, Mode } = require('../lib/messages');
const { until } = require('../lib/until');
const { byStage, announced, operator, refusalOf, requestBytes, running } = require('./stack');

let alice;
let bystander;

test.before(async () => {
  alice = await operator();
  bystander = await running('orders/js/bystander');
});

const all = ['fenced', 'stopped', 'committed', 'durable'];

async function killed(format, agent, order) {
  const answers = await alice.command('kill', { scope: agent.address, reason: 'a drill', ...order }, { format });
  const stages = byStage(answers);
  assert.equal(answers[0].stage, 'accepted');
  const { op_id } = stages.accepted;
  assert.ok(stages.fenced.n === 1 && stages.fenced.of === 1 && stages.fenced.us > 0, JSON.stringify(stages.fenced));
  assert.ok(stages.fenced.forwarded_before >= 0);
  assert.deepEqual(stages.stopped, { stage: 'stopped', n: 1, of: 1, missing: [] });
  assert.ok(stages.durable.audit > 0);
  assert.deepEqual(answers.at(-1), { ...answers.at(-1), stage: 'done', op_id, ok: true, done: true });
  for (const stage of ['fenced', 'stopped', 'durable']) assert.ok(answers.at(-1).reached.includes(stage), stage);

  // The agent has the signed record, at least once on each of the two subjects, and has stopped because of it.
  const records = agent.obedience.records.filter((record) => record.op_id === op_id);
  assert.ok(records.length >= 2);
  assert.equal(records[0].kind, Kind.kill);
  assert.equal(records[0].scope, agent.address);
  assert.equal(records[0].actor, 'operator');
  assert.equal(records[0].reason, 'a drill');
  assert.equal(agent.state, 'stopped');
  assert.deepEqual(agent.obedience.receipts.map((receipt) => receipt.op_id), [op_id]);
  return { op_id, record: records[0], stages };
}

async function isKilled(agent) {
  const from = await refusalOf(agent, bystander.address, requestBytes(agent));
  assert.deepEqual([from.number, from.class], [4030, 403]);
  assert.match(from.message, /operator.*a drill/);
  const to = await refusalOf(bystander, agent.address, requestBytes(bystander));
  assert.deepEqual([to.number, to.class], [4090, 409]);
  await assert.rejects(bystander.request(agent.address, 'echo.text', Buffer.alloc(0)), { number: 4090 });
}

test('a kill in JSON', async () => {
  const agent = await running('orders/js/one');
  const { record, op_id, stages } = await killed('json', agent, {});
  assert.deepEqual([record.mode, record.grace_ms], [Mode.grace, 10_000]);
  assert.equal(stages.accepted.warning, undefined);
  await isKilled(agent);

  const { kills } = await alice.ask('ps');
  assert.ok(kills.some((kill) => kill.op_id === op_id && kill.scope === agent.address));
  const one = await alice.ask('get', { address: agent.address });
  assert.deepEqual(one.kills.map((kill) => kill.op_id), [op_id]);
});

test('a kill in msgpack, now, with a field that nobody knows', async () => {
  const agent = await running('orders/js/two');
  const order = { mode: 'now', op_id: 'op-two', wait: all, colour: 'red' };
  const { record, op_id, stages } = await killed('msgpack', agent, order);
  assert.equal(op_id, 'op-two');
  assert.equal(record.mode, Mode.now);
  assert.match(stages.accepted.warning, /colour/);
  assert.ok(stages.committed.seq > 0);
  await isKilled(agent);

  // The same order again is the same order.
  const same = { scope: agent.address, reason: 'a drill', ...order };
  const again = byStage(await alice.command('kill', same, { format: 'msgpack' }));
  assert.equal(again.committed.seq, stages.committed.seq);
  assert.equal(again.done.ok, true);
});

test('a handler under way is told to stop, and is counted', async () => {
  const agent = await running('orders/js/busy');
  let told = false;
  const busy = new Promise((started) => {
    agent.handle('work.long', (payload, { signal }) => {
      started();
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          told = true;
          resolve();
        });
      });
    });
  });
  bystander.send(agent.address, 'work.long', Buffer.alloc(0));
  await busy;
  await killed('json', agent, {});
  assert.ok(told);
  const [receipt] = agent.obedience.receipts;
  assert.deepEqual([receipt.handlers_cancelled, receipt.grace_exceeded], [1, false]);
});

test('only a receipt signed with the agent\'s own key counts', async () => {
  const agent = await running('orders/js/forged');
  const { key } = agent;
  agent.key = bystander.key;
  const order = { scope: agent.address, reason: 'a drill', op_id: 'op-forged', timeout_ms: 1500 };
  const unconfirmed = byStage(await alice.command('kill', order));
  assert.equal(unconfirmed.done.ok, false);
  assert.deepEqual(unconfirmed.done.unreached, ['stopped']);
  assert.deepEqual(unconfirmed.stopped.missing, [`${agent.address}@${agent.instance}`]);

  agent.key = key;
  agent.obedience.confirm(agent.obedience.receipts[0]);
  await agent.nc.flush();
  const confirmed = byStage(await alice.command('kill', order));
  assert.equal(confirmed.done.ok, true);
});

test('a stopped instance leaves its share of the deliveries to the others', async () => {
  const one = await running('orders/js/replicas');
  const two = await running('orders/js/replicas');
  for (const agent of [one, two]) agent.handle('who.answers', () => Buffer.from(agent.instance));
  const who = async (times) => {
    const all = Array.from({ length: times }, () => bystander.request(one.address, 'who.answers', Buffer.alloc(0)));
    return new Set((await Promise.all(all)).map(String));
  };
  // The scope of an instance: the other one goes on, and nothing is swallowed by the stopped one.
  const order = { scope: `${one.address}@${one.instance}`, reason: 'a drill' };
  const { accepted } = byStage(await alice.command('kill', order));
  assert.equal(one.state, 'stopped');
  assert.deepEqual([...(await who(40))], [two.instance]);

  const { scope } = order;
  await alice.command('resume', { scope, reason: 'done', op_id: 'op-replicas', lifts: [accepted.op_id] });
  await until(one, 'change', () => one.ready, 'ready again');
  assert.deepEqual([...(await who(100))].sort(), [one.instance, two.instance].sort());
});

test('an agent that starts while it is killed starts stopped', async () => {
  const scope = 'orders/js/late';
  const order = byStage(await alice.command('kill', { scope, reason: 'a drill' }));
  assert.match(order.accepted.warning, /./); // nobody of that name has announced itself
  const agent = await announced(scope);
  assert.equal(agent.state, 'stopped');
  const [latch] = agent.lastHello.latches;
  assert.deepEqual(
    [latch.op_id, latch.scope, latch.mode, latch.actor, latch.reason],
    [order.accepted.op_id, scope, Mode.grace, 'operator', 'a drill'],
  );
  await isKilled(agent);
});

for (const format of ['json', 'msgpack']) {
  test(`questions in ${format}`, async () => {
    const { agents } = await alice.ask('ps', { filter: 'orders/js/*', wide: true }, { format });
    assert.ok(agents.every((agent) => agent.address.startsWith('orders/js/')));
    const line = agents.find((agent) => agent.address === bystander.address);
    assert.equal(line.pid, process.pid);
    assert.equal(line.instance, bystander.instance);
    assert.equal(line.incarnation, bystander.incarnation);

    const one = await alice.ask('get', { address: bystander.address }, { format });
    assert.deepEqual([one.address, one.kills, one.effects_begun], [bystander.address, [], []]);
    assert.equal(one.instances[0].instance, bystander.instance);

    const status = await alice.ask('status', {}, { format });
    assert.equal(status.bridges.length, 1);
    assert.equal(status.bridges[0].after_fence, 0);

    const { rows } = await alice.ask('audit', { limit: 5, newest_first: true }, { format });
    assert.equal(rows.length, 5);
    for (let n = 1; n < rows.length; n++) {
      assert.equal(rows[n].number, rows[n - 1].number - 1);
      assert.equal(rows[n].hash, rows[n - 1].prev);
    }

    const verified = await alice.ask('verify', {}, { format });
    assert.equal(verified.ok, true);
    assert.ok(verified.rows >= rows[0].number);
  });
}

// A kill is refused only if it is unclear whom it stops, or who orders it.
const tolerated = {
  'without a reason': { scope: 'orders/js/tolerated-1' },
  'with a mode that is none': { scope: 'orders/js/tolerated-2', reason: 'a drill', mode: 'softly' },
  'with an unknown field': { scope: 'orders/js/tolerated-3', reason: 'a drill', colour: 'red' },
};

for (const [what, fields] of Object.entries(tolerated)) {
  test(`a kill acts and warns: ${what}`, async () => {
    const { accepted, done } = byStage(await alice.command('kill', fields));
    assert.equal(done.ok, true);
    assert.match(accepted.warning, /reason|mode|colour/);
  });
}

const refused = {
  'a resume without a reason': [4002, 'resume', { scope: 'orders/js/x' }],
  'a kill of a scope that is none': [4001, 'kill', { scope: 'Orders', reason: 'a drill' }],
  'a resume of what is not killed': [4093, 'resume', { scope: 'orders/js/bystander', reason: 'a drill' }],
  'a resume with an unknown field': [4003, 'resume', { scope: 'orders/js/x', reason: 'a drill', colour: 'red' }],
  'a resume of nobody': [4040, 'resume', { scope: 'orders/js/nobody', reason: 'a drill' }],
  'get of nobody': [4040, 'get', { address: 'orders/js/nobody' }],
  'get of what is no address': [4000, 'get', { address: 'nobody' }],
  'a question with an unknown field': [4003, 'status', { colour: 'red' }],
  'an unknown verb': [4226, 'frobnicate', {}],
  'a field twice': [4220, 'status', Buffer.from('{"a":1,"a":1}')],
  'no object': [4220, 'status', Buffer.from('[]')],
};

for (const [what, [code, verb, fields]] of Object.entries(refused)) {
  test(`refused: ${what}`, async () => {
    const answers = await alice.command(verb, fields);
    assert.equal(answers.length, 1);
    assert.equal(answers[0].error.code, code, JSON.stringify(answers));
    assert.ok(answers[0].error.name && answers[0].error.detail);
  });
}
