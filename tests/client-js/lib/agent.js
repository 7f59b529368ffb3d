// SPDX-License-Identifier: Apache-2.0
'use strict';
// An agent: PROTOCOL.md §5 (state machine) and §9 (six steps). The connection and the calls are here; what happens
// when a kill comes is in obedience.js.
const { randomBytes } = require('node:crypto');
const { EventEmitter } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const { connect, credsAuthenticator, ErrorCode } = require('nats');
const { keyOfCredentials, openRecord, rawOf } = require('./keys');
const { Beat, BeatReply, Flag, Hello, HelloReply, Intent, READS, StoreReply, StoreRequest } = require('./messages');
const { agentSubjects, newInstance, parseDelivery, parseInbox } = require('./names');
const { Obedience } = require('./obedience');

const REQUEST_MS = 2000;
const RETRY_MS = 1000; // the first wait before a hello is tried again; then twice as long each time
const RETRY_MOST_MS = 5000;
const SPREAD_MS = 100; // of a fleet that has lost the same broker
const UNANSWERED_MAX = 3; // then the connection is made anew; then after twice as many
const UNANSWERED_MOST = 48;
const EMPTY = Buffer.alloc(0);

/** A refusal by a bridge: §6. */
class Refused extends Error {
  constructor(id, message) {
    const of = (name) => message.headers?.get(name) ?? '';
    super(of('Nats-Service-Error'));
    this.id = id;
    this.number = Number(of('Estop-Error'));
    this.class = Number(of('Nats-Service-Error-Code'));
    this.payloadSize = message.data.length;
  }
}

/** Events: `refused` (Refused), `change` (after anything that can alter what one waits for). */
class Agent extends EventEmitter {
  constructor({ url, address, credentials, logKey, instance = newInstance() }) {
    super();
    Object.assign(this, { url, address, logKey, instance });
    this.credentials = fs.readFileSync(credentials);
    this.key = keyOfCredentials(this.credentials.toString());
    this.subjects = agentSubjects(address, instance);
    this.obedience = new Obedience(this);
    this.handlers = new Map();
    this.waiting = new Map(); // our requests by intent id
    this.foreignReplies = 0; // by an address that was not asked
    this.refusals = [];
    this.checkpoints = [];
    this.counters = { sent: 0, succeeded: 0, failed: 0, handled: 0, latency_total_us: 0 };
    this.process = newInstance(); // another one at each start, whatever the instance is called
    this.incarnation = 0;
    this.state = 'announcing';
    this.connected = false;
    this.nonce = 0;
    this.retryMs = RETRY_MS;
    this.unanswered = 0;
    this.patience = UNANSWERED_MAX;
    this.reconnects = 0;
    this.timers = new Set();
  }

  get ready() {
    return this.state === 'running';
  }

  async start() {
    this.nc = await connect({
      servers: this.url,
      name: `${this.address}@${this.instance}`,
      authenticator: credsAuthenticator(this.credentials),
      inboxPrefix: this.subjects.inbox,
      maxReconnectAttempts: -1,
      ignoreClusterUpdates: true,
    });
    for (const subject of [this.subjects.replies, this.subjects.refusals]) {
      this.listen(subject, (message) => this.onInbox(message));
    }
    for (const subject of this.subjects.control) this.listen(subject, (message) => this.onRecord(message));
    await this.nc.flush();
    this.connected = true;
    this.hello();
    this.watchConnection();
  }

  /** What was published while we were away is lost, a kill as well: ask. */
  async watchConnection() {
    for await (const { type } of this.nc.status()) {
      if (type === 'disconnect') {
        this.connected = false;
        this.emit('change');
      }
      if (type !== 'reconnect') continue;
      this.connected = true;
      this.unanswered = 0;
      this.helloSoon();
      this.emit('change');
    }
  }

  /** Into the queue group when running, out of it when stopped: a stopped member would swallow its part. */
  run() {
    if (this.state === 'running') return;
    this.state = 'running';
    this.deliveries = this.listen(this.subjects.deliver, (message) => this.onDelivery(message), 'agents');
  }

  halt() {
    this.state = 'stopped';
    this.deliveries?.unsubscribe();
    this.deliveries = null;
  }

  listen(subject, handle, queue) {
    const callback = (error, message) => (error ? this.emit('failure', error) : handle(message));
    return this.nc.subscribe(subject, { queue, callback });
  }

  async stop() {
    if (this.closing) return;
    this.closing = true;
    for (const timer of this.timers) clearTimeout(timer);
    if (!this.nc) return;
    this.nc.publish(this.subjects.hello, Hello.encode(this.introduction(true))); // a goodbye is not answered
    await this.nc.drain();
  }

  later(ms, action) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.closing) action();
    }, ms);
    this.timers.add(timer);
  }

  async call(subject, request, reply, fields) {
    const message = await this.nc.request(subject, request.encode(fields), { timeout: REQUEST_MS });
    return reply.decode(message.data);
  }

  /** A hello or a beat: their answers show that the connection works both ways. */
  async ask(subject, request, reply, fields) {
    try {
      const answer = await this.call(subject, request, reply, fields);
      this.unanswered = 0;
      this.patience = UNANSWERED_MAX;
      return answer;
    } catch (error) {
      if (error.code === ErrorCode.Timeout && this.connected && ++this.unanswered >= this.patience) {
        this.unanswered = 0;
        this.patience = Math.min(2 * this.patience, UNANSWERED_MOST);
        this.reconnects++;
        this.nc.reconnect().catch(() => {});
      }
      throw error;
    }
  }

  // --- hello and beat ---

  introduction(goodbye) {
    return {
      key: rawOf(this.key), process: this.process, host: os.hostname(), pid: process.pid,
      runtime: `node/${process.version}`, spawned_by: '', goodbye, reads: READS,
    };
  }

  /** When a whole fleet may want to. */
  helloSoon() {
    this.later(Math.random() * SPREAD_MS, () => this.hello());
  }

  helloAgain() {
    this.later(this.retryMs + Math.random() * SPREAD_MS, () => this.hello());
    this.retryMs = Math.min(2 * this.retryMs, RETRY_MOST_MS);
  }

  /** One hello at a time; one that is asked for meanwhile follows. */
  async hello() {
    if (this.greeting) {
      this.greetAgain = true;
      return;
    }
    this.greeting = true;
    this.greetAgain = false;
    const sentAt = performance.now();
    try {
      const reply = await this.ask(this.subjects.hello, Hello, HelloReply, this.introduction(false));
      this.greeting = false;
      // An older incarnation than ours: whoever answers has not read the whole log yet.
      if (reply.code === 0 && reply.incarnation >= this.incarnation) this.announced(reply, sentAt);
      else this.helloAgain();
      this.lastHello = reply;
      this.emit('change');
    } catch (error) {
      this.greeting = false;
      this.lastError = error;
      this.helloAgain();
      return;
    }
    if (this.greetAgain) this.hello();
  }

  announced(reply, sentAt) {
    const first = this.beatMs === undefined;
    this.beatMs = reply.beat_ms;
    this.leaseMs = reply.lease_ms;
    this.checkpoints = reply.checkpoints;
    this.retryMs = RETRY_MS;
    this.obedience.settle(reply, sentAt, this.nonce);
    if (first) this.beat();
    else this.beatNow().catch((error) => (this.lastError = error));
  }

  /** A hello's answer renews no lease: what runs again is decided by the answer to a beat after it. */
  async beatNow() {
    const sentAt = performance.now();
    const nonce = ++this.nonce;
    const reply = await this.ask(this.subjects.beat, Beat, BeatReply, {
      process: this.process, nonce, incarnation: this.incarnation, stopped: this.state === 'stopped', ...this.counters,
      cost_micro_usd: 0, tokens: 0, api_calls: 0,
    });
    if (reply.nonce !== nonce) throw new Error(`beat ${nonce} answered as ${reply.nonce}`);
    this.lastBeat = reply;
    this.obedience.beatAnswered(reply, sentAt);
    this.emit('change');
  }

  /** Beats for as long as the agent lives, stopped or not: that is how control knows. */
  beat() {
    this.later(this.beatMs, () => this.beat());
    this.beatNow().catch((error) => {
      this.lastError = error; // the lease decides what a missing answer means
    });
  }

  onRecord(message) {
    let record;
    try {
      record = openRecord(message.data, this.logKey);
    } catch (error) {
      this.lastError = error; // not signed by control: as if it had not come
      return;
    }
    this.obedience.seen(record);
    this.emit('change');
  }

  // --- intents ---

  /** 80 random bits: whoever can guess the id of a request can answer it. */
  newId() {
    return `${this.instance}-${randomBytes(10).toString('hex')}`;
  }

  intent(fields) {
    const usual = { incarnation: this.incarnation, ttl_ms: 0, trace: '', flags: 0, payload: EMPTY, reply_instance: '' };
    return { id: this.newId(), ...usual, ...fields };
  }

  /** Puts bytes on the intent subject, whatever they are and whatever state this is in: for tests of the bridge. */
  publishRaw(to, action, bytes) {
    this.nc.publish(this.subjects.intent(to, action), bytes);
  }

  publish(to, action, intent) {
    if (this.state !== 'running') throw new Error(`${this.address} is ${this.state}`);
    // The NATS client would keep it and send it later, perhaps after a kill and its resume.
    if (!this.connected) throw new Error(`${this.address} is not connected`);
    this.counters.sent++;
    this.publishRaw(to, action, Intent.encode(intent));
    return intent.id;
  }

  send(to, action, payload) {
    return this.publish(to, action, this.intent({ payload }));
  }

  /** Resolves with the payload of the reply; rejects with Refused, with the words of a failed handler, or in time. */
  request(to, action, payload, ttl_ms = 5000) {
    const intent = this.intent({ payload, ttl_ms, flags: Flag.request, reply_instance: this.instance });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(reject, new Error(`5040 no reply to ${intent.id}`)), ttl_ms);
      const settle = (how, value) => {
        clearTimeout(timer);
        this.waiting.delete(intent.id);
        how(value);
      };
      this.waiting.set(intent.id, {
        to,
        resolve: (value) => settle(resolve, value),
        reject: (error) => settle(reject, error),
      });
      try {
        this.publish(to, action, intent);
      } catch (error) {
        settle(reject, error);
      }
    });
  }

  /** `handler(payload, {from, signal})` returns the payload of the reply. */
  handle(action, handler) {
    this.handlers.set(action, handler);
  }

  onInbox(message) {
    const { what, id, from } = parseInbox(message.subject);
    if (what === 'refused') {
      const refused = new Refused(id, message);
      this.refusals.push(refused);
      this.waiting.get(id)?.reject(refused);
      this.emit('change');
    } else {
      const waiter = this.waiting.get(id);
      if (waiter && waiter.to !== from) {
        this.foreignReplies++;
        this.emit('change');
        return;
      }
      const { flags, payload } = Intent.decode(message.data);
      if (flags & Flag.failed) waiter?.reject(new Error(payload.toString()));
      else waiter?.resolve(payload);
    }
  }

  async onDelivery(message) {
    if (this.state !== 'running') {
      this.obedience.dropped++;
      return;
    }
    const { from, action } = parseDelivery(message.subject);
    const intent = Intent.decode(message.data);
    const handler = this.handlers.get(action) ?? (() => Promise.reject(new Error(`4040 no handler for ${action}`)));
    const run = this.obedience.run(from, (signal) => handler(intent.payload, { from, signal }));
    let answer;
    try {
      answer = { flags: Flag.reply, payload: (await run) ?? EMPTY };
      this.counters.handled++;
      this.emit('change');
    } catch (error) {
      const text = /^\d{4} /.test(error.message) ? error.message : `5000 ${error.message}`;
      answer = { flags: Flag.reply | Flag.failed, payload: Buffer.from(text) };
    }
    if (!(intent.flags & Flag.request) || this.state !== 'running') return;
    this.publish(from, action, this.intent({ id: intent.id, reply_instance: intent.reply_instance, ...answer }));
  }

  // --- checkpoints and effects ---

  /** The StoreReply as it is: `code` 0 is success. */
  store(op, key, { expected_version = 0, bytes = EMPTY, incarnation = this.incarnation } = {}) {
    return this.call(this.subjects.checkpoint, StoreRequest, StoreReply, {
      op, key, expected_version, incarnation, bytes,
    });
  }
}

module.exports = { Agent, Refused };
