// SPDX-License-Identifier: Apache-2.0
'use strict';
// Names and subjects: PROTOCOL.md §1 and §3.
const { randomBytes } = require('node:crypto');

const SEGMENT = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const INSTANCE = /^[a-z0-9]{8,16}$/;
const PREFIX = 'estop';

function isAddress(text) {
  const parts = text.split('/');
  return parts.length === 3 && parts.every((part) => SEGMENT.test(part));
}

/** `acme/prod/mailer` → `acme.prod.mailer` */
function dotted(address) {
  if (!isAddress(address)) throw new Error(`not an address: ${address}`);
  return address.replaceAll('/', '.');
}

function newInstance() {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  return Array.from(randomBytes(10), (byte) => alphabet[byte & 31]).join('');
}

/** Whether a scope as it stands in a record covers one instance of one agent. */
function covers(scope, address, instance) {
  const [org, workspace] = address.split('/');
  return [`*`, `${org}/*`, `${org}/${workspace}/*`, address, `${address}@${instance}`].includes(scope);
}

/** Every subject that one instance of an agent uses. */
function agentSubjects(address, instance) {
  const A = dotted(address);
  const own = `${A}.${instance}`;
  return {
    inbox: `${PREFIX}.inbox.${own}`,
    replies: `${PREFIX}.inbox.${own}.reply.*.*.*.*`,
    refusals: `${PREFIX}.inbox.${own}.refused.*`,
    hello: `${PREFIX}.hello.${own}`,
    beat: `${PREFIX}.beat.${own}`,
    checkpoint: `${PREFIX}.checkpoint.${own}`,
    stopped: `${PREFIX}.stopped.${own}`,
    control: [`${PREFIX}.control.${A}`, `${PREFIX}.control.all`],
    deliver: `${PREFIX}.deliver.${A}.>`,
    intent: (to, action) => `${PREFIX}.intent.${own}.${dotted(to)}.${action}`,
  };
}

/** `estop.deliver.B.A.<action…>` → who sent it, and which action it is. */
function parseDelivery(subject) {
  const [, , , , , org, workspace, name, ...action] = subject.split('.');
  return { from: `${org}/${workspace}/${name}`, action: action.join('.') };
}

/** `estop.inbox.A.i.reply.<id>.B` or `….refused.<id>` → which, of what intent, and who replies. By position: B is a free name. */
function parseInbox(subject) {
  const [, , , , , , what, id, ...from] = subject.split('.');
  return { what, id, from: from.join('/') };
}

module.exports = { INSTANCE, PREFIX, agentSubjects, covers, dotted, newInstance, parseDelivery, parseInbox };
