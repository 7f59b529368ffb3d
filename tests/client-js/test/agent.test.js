// SPDX-License-Identifier: Apache-2.0
'use strict';
// Two agents talk through the bridge, and the bridge refuses what it must: PROTOCOL.md §4, §5 "The gate", §6, §9.
const assert = require('node:assert/strict');
const test = require('node:test');
const msgpack = require('@msgpack/msgpack');
const { Flag, Intent } = require('../lib/messages');
const { until } = require('../lib/until');
const { refusalOf, requestBytes, running } = require('./stack');

let asker;
let answerer;

test.before(async () => {
  asker = await running('talk/js/asker');
  answerer = await running('talk/js/answerer');
  answerer.handle('echo.text', (payload, { from }) => Buffer.concat([Buffer.from(`${from}: `), payload]));
  answerer.handle('fail.always', () => Promise.reject(new Error('4031 not on a Sunday')));
});

test('hello gives incarnation, beat and lease', () => {
  const { code, beat_ms, lease_ms, latches } = asker.lastHello;
  assert.equal(code, 0);
  assert.ok(beat_ms > 0 && lease_ms > beat_ms);
  assert.deepEqual(latches, []);
  assert.deepEqual(asker.lastBeat, { nonce: asker.nonce, code: 0, incarnation: asker.incarnation, latches: [] });
});

test('a request gets its reply', async () => {
  const reply = await asker.request(answerer.address, 'echo.text', Buffer.from('hello'));
  assert.equal(reply.toString(), 'talk/js/asker: hello');
});

/** The reply of `from` to a request of `asker`, as it would come through a bridge that did not see the request. */
function replyOf(from, id, text) {
  const bytes = Intent.encode(asker.intent({ id, flags: Flag.reply, reply_instance: asker.instance, payload: Buffer.from(text) }));
  asker.onInbox({ subject: `${asker.subjects.inbox}.reply.${id}.${from}`, data: bytes });
}

test('a reply by another address than the asked is not taken', async () => {
  const { newId } = asker;
  asker.newId = () => 'known';
  let settled = false;
  const reply = asker.request('talk/js/silent', 'echo.text', Buffer.alloc(0)).finally(() => (settled = true));
  asker.newId = newId;
  const strangers = ['talk.js.mallory', 'talk.refused.known', 'reply.known.silent', 'talk.js.silent2'];
  const before = asker.foreignReplies;
  for (const stranger of strangers) replyOf(stranger, 'known', 'forged');
  assert.equal(asker.foreignReplies - before, strangers.length);
  await asker.nc.flush();
  assert.equal(settled, false);
  replyOf('talk.js.silent', 'known', 'true');
  assert.equal((await reply).toString(), 'true');
});

test('the subject of a reply names who replies', async () => {
  const seen = [];
  const listening = asker.nc.subscribe(asker.subjects.replies, { callback: (_, message) => seen.push(message.subject) });
  await asker.request(answerer.address, 'echo.text', Buffer.alloc(0));
  await asker.nc.flush(); // the second of the two copies is there as well
  listening.unsubscribe();
  assert.match(seen.join(), /\.reply\.[a-z0-9-]+\.talk\.js\.answerer$/);
});

test('the id of a request cannot be guessed from the one before', () => {
  const ids = Array.from({ length: 100 }, () => asker.intent({}).id);
  const chance = ids.map((id) => id.slice(id.lastIndexOf('-') + 1));
  assert.ok(chance.every((text) => /^[0-9a-f]{16,}$/.test(text)), chance[0]);
  // Of 64 random bits the first 32 alone come twice in 100 ids once in a million.
  assert.equal(new Set(chance.map((text) => text.slice(0, 8))).size, ids.length);
  assert.equal(new Set(chance.map((text) => text.slice(8, 16))).size, ids.length);
});

test('the largest payload passes', async () => {
  const reply = await asker.request(answerer.address, 'echo.text', Buffer.alloc(262_144 - 'talk/js/asker: '.length));
  assert.equal(reply.length, 262_144);
});

test('an intent that wants no reply is delivered', async () => {
  const before = answerer.counters.handled;
  asker.send(answerer.address, 'echo.text', Buffer.from('hello'));
  await until(answerer, 'change', () => answerer.counters.handled > before, 'the delivery');
});

test('a failed handler and a missing one are failed replies', async () => {
  const ask = (action) => asker.request(answerer.address, action, Buffer.alloc(0));
  await assert.rejects(ask('fail.always'), { message: '4031 not on a Sunday' });
  await assert.rejects(ask('no.such'), { message: '4040 no handler for no.such' });
});

test('the first beat after a hello, not the hello, lets an agent run', async () => {
  const agent = await running('talk/js/lease');
  const seen = [];
  agent.on('change', () => seen.push(agent.state));
  const { call } = agent;
  agent.call = (subject, ...rest) => (
    subject === agent.subjects.beat ? Promise.reject(new Error('lost on its way')) : call.call(agent, subject, ...rest)
  );
  agent.leaseMs = 300;
  agent.obedience.renewLease(performance.now());
  await until(agent, 'change', () => agent.state === 'stopped', 'the end of the lease');
  const hello = agent.lastHello;
  await until(agent, 'change', () => agent.lastHello !== hello, 'a hello that is answered');
  const another = agent.lastHello;
  agent.hello();
  await until(agent, 'change', () => agent.lastHello !== another, 'one more');
  assert.equal(agent.state, 'stopped');
  agent.call = call;
  await agent.beatNow();
  assert.equal(agent.state, 'running');
  // It stopped once and ran again once: no flapping between.
  const changes = seen.filter((state, n) => n === 0 || state !== seen[n - 1]);
  assert.deepEqual(changes.slice(-2), ['stopped', 'running']);
  assert.ok(changes.length <= 3, changes.join(' '));
});

test('requests without any answer make the connection anew, ever less often', async () => {
  const agent = await running('talk/js/silent');
  const { call } = agent;
  const silence = Object.assign(new Error('TIMEOUT'), { code: 'TIMEOUT' });
  agent.call = () => Promise.reject(silence);
  const beats = async (count) => {
    for (let n = 0; n < count; n++) await agent.beatNow().catch((error) => assert.equal(error, silence));
    return agent.reconnects;
  };
  assert.equal(await beats(2), 0);
  assert.equal(await beats(1), 1);
  await until(agent, 'change', () => !agent.connected, 'the end of the connection');
  await until(agent, 'change', () => agent.connected, 'a new connection');
  assert.equal(agent.patience, 6);
  agent.call = call;
  await agent.beatNow();
  assert.equal(agent.patience, 3);
});

function changed(bytes, at, value) {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}

/** The same request, but its length of 1 payload byte as bin16. */
function longForm(bytes) {
  const at = bytes.lastIndexOf(Buffer.from([0xc4, 1, 0x78]));
  return Buffer.concat([bytes.subarray(0, at), Buffer.from([0xc5, 0, 1]), bytes.subarray(at + 2)]);
}

// What nobody can read has no id: its refusal has `unknown` in its place.
const unreadable = {
  'not msgpack at all': [4220, () => Buffer.from('hello')],
  'nothing': [4220, () => Buffer.alloc(0)],
  'not an array': [4220, () => Buffer.from(msgpack.encode({ id: 'x' }))],
  'too few fields': [4220, () => Buffer.from(msgpack.encode([2, 'x', 0]))],
  'a wrong type': [4220, () => Buffer.from(msgpack.encode([2, 2, 0, 0, '', 0, Buffer.alloc(0), '', {}]))],
  'a request without reply_instance': [4220, () => Intent.encode(asker.intent({ flags: Flag.request }))],
  'a length that is not in its shortest form': [4220, () => longForm(requestBytes(asker))],
  'text with a control character': [4220, () => requestBytes(asker, { trace: '\n' })],
  'a reply that is a request, too': [4220, () => requestBytes(asker, { flags: Flag.request | Flag.reply })],
  'failed, but no reply': [4220, () => requestBytes(asker, { flags: Flag.request | Flag.failed })],
  'a bad id': [4220, () => requestBytes(asker, { id: 'Not An Id' })],
  'a trace that is too long': [4220, () => requestBytes(asker, { trace: 't'.repeat(65) })],
  'another version': [4221, () => changed(requestBytes(asker), 1, 1)],
  'bytes behind the end': [4222, () => Buffer.concat([requestBytes(asker), Buffer.from([0])])],
  'unknown flags': [4226, () => requestBytes(asker, { flags: 8 | Flag.request })],
  'a tag that has to be understood': [4226, () => Buffer.concat([requestBytes(asker).subarray(0, -1), Buffer.from([0x81, 7, 0xc4, 0])])],
  'a payload that is too large': [4130, () => requestBytes(asker, { payload: Buffer.alloc(262_145) })],
};

for (const [what, [number, bytes]] of Object.entries(unreadable)) {
  test(`refused: ${what}`, async () => {
    const refused = await refusalOf(asker, answerer.address, bytes());
    assert.deepEqual(
      { number: refused.number, class: refused.class, id: refused.id, payloadSize: refused.payloadSize },
      { number, class: Math.floor(number / 10), id: 'unknown', payloadSize: 0 },
    );
  });
}

test('refused: the reply_instance of somebody else', async () => {
  const bytes = requestBytes(asker, { id: 'foreign', reply_instance: 'zzzzzzzz' });
  const refused = await refusalOf(asker, answerer.address, bytes);
  assert.equal(refused.id, 'foreign');
  assert.equal(refused.number, 4220);
  assert.match(refused.message, /instance/);
});

test('refused: an incarnation that the bridge does not know', async () => {
  const bytes = requestBytes(asker, { id: 'newer', incarnation: asker.incarnation + 99 });
  const refused = await refusalOf(asker, answerer.address, bytes);
  assert.deepEqual([refused.id, refused.number, refused.class], ['newer', 5030, 503]);
});

test('whoever is refused once is served the next time', async () => {
  const reply = await asker.request(answerer.address, 'echo.text', Buffer.from('still here'));
  assert.equal(reply.toString(), 'talk/js/asker: still here');
});
