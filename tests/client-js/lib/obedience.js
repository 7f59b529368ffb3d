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
    this.running = new Set(); // handlers under way
    this.flag = new AbortController();
    this.dropped = 0;
    this.receipts = [];
    this.records = [];
    this.leaseTimer = null;
  }

  /** A verified record, live. The same one comes on two subjects. */
  seen(record) {
    const { agent } = this;
    this.records.push(record);
    if (!covers(record.scope, agent.address, agent.instance)) return;
    if (record.kind === Kind.kill) this.latch(record, record.grace_ms);
    if (record.kind === Kind.resume) agent.hello();
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
    agent.state = 'stopped';
    agent.ready = false;
    this.flag.abort();
    const cancelled = this.running.size;
    let timer;
    const grace = new Promise((resolve) => {
      timer = setTimeout(resolve, graceMs, 'exceeded');
    });
    const ended = Promise.allSettled([...this.running]);
    const exceeded = cancelled > 0 && (await Promise.race([ended, grace])) === 'exceeded';
    clearTimeout(timer);
    const receipt = {
      ...order, handlers_cancelled: cancelled, intents_dropped: this.dropped, grace_exceeded: exceeded,
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
   * A HelloReply; true if the agent may run. A kill that it does not list is lifted only if this hello was sent after
   * the kill was seen (else the reply was perhaps made before it) and if the incarnation has grown (else nobody
   * resumed: control started anew and has not read that kill yet).
   */
  settle({ latches, incarnation }, sentAt) {
    for (const [op_id, kill] of this.kills) {
      const listed = latches.some((latch) => latch.op_id === op_id);
      if (listed || kill.since >= sentAt || incarnation <= kill.incarnation) continue;
      this.kills.delete(op_id);
      this.lifted.add(op_id);
    }
    this.agent.incarnation = incarnation;
    for (const latch of latches) this.latch(latch);
    if (this.kills.size > 0) return false;
    if (this.flag.signal.aborted) this.flag = new AbortController();
    this.dropped = 0;
    this.renewLease(sentAt);
    return true;
  }

  beatAnswered(reply, sentAt) {
    const { agent } = this;
    for (const latch of reply.latches) this.latch(latch);
    const lifted = agent.state === 'stopped' && reply.latches.length === 0;
    if (reply.code !== 0 || reply.incarnation > agent.incarnation || lifted) agent.hello();
    if (reply.code === 0) this.renewLease(sentAt);
  }

  renewLease(sentAt) {
    const { agent } = this;
    if (this.leaseTimer) {
      clearTimeout(this.leaseTimer);
      agent.timers.delete(this.leaseTimer);
    }
    this.leaseTimer = setTimeout(() => {
      if (agent.closing) return;
      agent.state = 'stopped';
      agent.ready = false;
      this.flag.abort();
      agent.emit('change');
      agent.hello();
    }, sentAt + agent.leaseMs - performance.now());
    agent.timers.add(this.leaseTimer);
  }

  /** Runs a handler so that a stop reaches it and waits for it. */
  run(handler) {
    const promise = Promise.resolve().then(() => handler(this.flag.signal));
    this.running.add(promise);
    const done = () => this.running.delete(promise);
    promise.then(done, done);
    return promise;
  }
}

module.exports = { Obedience };
