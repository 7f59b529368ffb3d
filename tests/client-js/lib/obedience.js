// SPDX-License-Identifier: Apache-2.0
'use strict';
// When an agent stops and when it may go on: PROTOCOL.md §5, "Agent".
const { Domain, sign } = require('./keys');
const { Kind, Mode, StoppedReceipt } = require('./messages');
const { covers } = require('./names');

const GRACE_MS = 10_000; // of a kill that is known by its latch only, which does not tell

class Obedience {
  constructor(agent) {
    this.agent = agent;
    this.kills = new Map(); // op id → { since, incarnation } at first sight, and the receipt once it is sent
    this.lifted = new Set(); // op ids; a kill that comes late does not stop again
    this.running = new Map(); // handlers under way → { from, flag }
    this.confirmable = Infinity; // the answer to a beat with a higher nonce lets it run
    this.dropped = 0;
    this.receipts = [];
    this.records = [];
    this.leaseTimer = null;
  }

  /** A verified record, live. The same one comes on two subjects. */
  seen(record) {
    const { agent } = this;
    this.records.push(record);
    if (record.kind === Kind.kill) this.abort((from) => covers(record.scope, from, null)); // what the killed asked for
    if (!covers(record.scope, agent.address, agent.instance)) return;
    if (record.kind === Kind.kill) this.latch(record, record.grace_ms);
    if (record.kind === Kind.resume) agent.helloSoon();
  }

  latch({ op_id, seq, mode }, graceMs = GRACE_MS) {
    if (this.lifted.has(op_id)) return;
    const known = this.kills.get(op_id);
    if (known) {
      if (known.receipt) this.confirm(known.receipt); // whoever tells us again has perhaps not heard us
      return;
    }
    const kill = { since: performance.now(), incarnation: this.agent.incarnation };
    this.kills.set(op_id, kill);
    this.stop({ op_id, seq }, mode === Mode.now ? 0 : graceMs, kill);
  }

  async stop(order, graceMs, kill) {
    const { agent } = this;
    agent.halt();
    this.abort();
    const cancelled = this.running.size;
    let timer;
    const grace = new Promise((resolve) => {
      timer = setTimeout(resolve, graceMs, 'exceeded');
    });
    const ended = Promise.allSettled([...this.running.keys()]);
    const exceeded = cancelled > 0 && (await Promise.race([ended, grace])) === 'exceeded';
    clearTimeout(timer);
    const receipt = {
      ...order, process: agent.process, stage: 1, handlers_cancelled: cancelled, intents_dropped: this.dropped, grace_exceeded: exceeded,
      stopped_in_us: Math.round((performance.now() - kill.since) * 1000),
    };
    kill.receipt = receipt;
    this.receipts.push(receipt);
    this.confirm(receipt);
    agent.emit('change');
  }

  confirm(receipt) {
    const { agent } = this;
    agent.nc.publish(agent.subjects.stopped, sign(Domain.stopped, StoppedReceipt.encode(receipt), agent.key));
  }

  /**
   * A HelloReply. A kill that it does not list is lifted only if this hello was sent after the kill was seen (else the
   * reply was perhaps made before it) and if the incarnation has grown (else nobody resumed: control started anew and
   * has not read that kill yet). `nonce` is that of the last beat sent before this answer.
   */
  settle({ latches, incarnation }, sentAt, nonce) {
    for (const [op_id, kill] of this.kills) {
      const listed = latches.some((latch) => latch.op_id === op_id);
      if (listed || kill.since >= sentAt || incarnation <= kill.incarnation) continue;
      this.kills.delete(op_id);
      this.lifted.add(op_id);
    }
    if (incarnation > this.agent.incarnation) this.endLife();
    this.agent.incarnation = incarnation;
    for (const latch of latches) this.latch(latch);
    this.confirmable = nonce;
  }

  beatAnswered(reply, sentAt) {
    const { agent } = this;
    for (const latch of reply.latches) this.latch(latch);
    if (reply.incarnation > agent.incarnation) this.endLife();
    if (reply.code !== 0 || reply.incarnation > agent.incarnation) return agent.helloSoon();
    this.renewLease(sentAt);
    if (reply.nonce <= this.confirmable) return; // sent before the newest hello was answered
    if (this.kills.size > 0) {
      if (reply.latches.length === 0) agent.helloSoon(); // lifted: only a hello's answer says so
      return;
    }
    if (!agent.ready) this.dropped = 0;
    agent.run();
  }

  /** The lease is over, or a kill and its resume have passed unseen. */
  endLife() {
    this.confirmable = Infinity;
    this.agent.halt();
    this.abort();
  }

  renewLease(sentAt) {
    const { agent } = this;
    if (this.leaseTimer) {
      clearTimeout(this.leaseTimer);
      agent.timers.delete(this.leaseTimer);
    }
    this.leaseTimer = setTimeout(() => {
      if (agent.closing) return;
      this.endLife();
      agent.emit('change');
      agent.helloSoon();
    }, sentAt + agent.leaseMs - performance.now());
    agent.timers.add(this.leaseTimer);
  }

  /** Tells the handlers of these senders to end; of all, without a condition. */
  abort(isMeant = () => true) {
    for (const { from, flag } of this.running.values()) if (isMeant(from)) flag.abort();
  }

  /** Runs a handler so that a stop, its own or the sender's, reaches it, and waits for it. */
  run(from, handler) {
    const flag = new AbortController();
    const promise = Promise.resolve().then(() => handler(flag.signal));
    this.running.set(promise, { from, flag });
    const done = () => this.running.delete(promise);
    promise.then(done, done);
    return promise;
  }
}

module.exports = { Obedience };
