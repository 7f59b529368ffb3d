// SPDX-License-Identifier: Apache-2.0
'use strict';
// What the tests share: the running Estop that run-tests.js started, agents and an operator on it.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after } = require('node:test');
const { Agent } = require('../lib/agent');
const keys = require('../lib/keys');
const { Flag, Intent } = require('../lib/messages');
const { Operator } = require('../lib/operator');
const { until } = require('../lib/until');

const { ESTOP_BINARY: binary, ESTOP_DATA: data } = process.env;
const { url } = JSON.parse(fs.readFileSync(path.join(data, 'run.json'), 'utf8'));
const logKey = keys.publicKey(fs.readFileSync(path.join(data, 'keys/log.pub'), 'utf8'));

const opened = []; // what has to be closed, or node would not end
after(() => Promise.all(opened.map((close) => close())));

function credentials(address) {
  return execFileSync(binary, ['auth', 'agent', address, '--data', data], { encoding: 'utf8' }).trim();
}

/** An agent that has announced itself, whose first beat is answered and who hears deliveries. It is stopped at the end. */
async function running(address) {
  const agent = await announced(address);
  await until(agent, 'change', () => agent.ready, `${address} is ready`);
  await agent.nc.flush(); // the broker has its subscription before another one's intent
  return agent;
}

async function announced(address) {
  const agent = new Agent({ url, address, credentials: credentials(address), logKey });
  opened.push(() => agent.stop());
  await agent.start();
  await until(agent, 'change', () => agent.lastHello?.code === 0, `${address} is announced`);
  return agent;
}

async function operator() {
  // The operator's id is the one in the name of the credential.
  const file = path.join(data, 'creds/operator-operator.creds');
  const one = await Operator.connect({ url, credentials: file, name: 'operator' });
  opened.push(() => one.close());
  return one;
}

/** The bytes of a request as it should be, but for `fields`. */
function requestBytes(agent, fields = {}) {
  return Intent.encode(agent.intent({
    flags: Flag.request, reply_instance: agent.instance, payload: Buffer.from('x'), ttl_ms: 5000, ...fields,
  }));
}

/** Publishes `bytes` as an intent and returns the refusal that comes for it. */
async function refusalOf(agent, to, bytes, action = 'echo.text') {
  const before = agent.refusals.length;
  agent.publishRaw(to, action, bytes);
  return until(agent, 'change', () => agent.refusals[before], 'a refusal');
}

/** The answers by stage; of a stage with several (progress), the last. */
const byStage = (answers) => Object.fromEntries(answers.map((answer) => [answer.stage, answer]));

module.exports = { announced, byStage, operator, refusalOf, requestBytes, running };
