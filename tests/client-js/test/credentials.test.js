// SPDX-License-Identifier: Apache-2.0
'use strict';
// Estop's nkeys, JWTs and .creds files against the packages of NATS: theirs read by ours, ours by theirs.
const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const jwt = require('@nats-io/jwt');
const nkeys = require('@nats-io/nkeys');
const { connect, credsAuthenticator } = require('nats');

const { ESTOP_BINARY: binary, ESTOP_DATA: data } = process.env;
const { url } = JSON.parse(fs.readFileSync(path.join(data, 'run.json'), 'utf8'));
const read = (name) => fs.readFileSync(path.join(data, name), 'utf8');
const key = (name) => nkeys.fromSeed(Buffer.from(read(`keys/${name}.seed`).trim()));
const estop = (...words) => execFileSync(binary, [...words, '--data', data], { encoding: 'utf8' });
const status = (...words) => spawnSync(binary, [...words, '--data', data], { encoding: 'utf8' });

/** What stands in the .creds file of an agent that is made for this. */
function agent(address) {
  const text = fs.readFileSync(estop('auth', 'agent', address).trim());
  const token = /-----BEGIN NATS USER JWT-----\n(\S+)/.exec(text.toString())[1];
  return { text, token, claims: jwt.decode(token) };
}

/** Connects as any client of NATS does; the error's code if it is refused. */
async function knock(creds) {
  try {
    const client = await connect({ servers: url, authenticator: credsAuthenticator(creds), reconnect: false });
    await client.close();
    return 'let in';
  } catch (error) {
    return error.code;
  }
}

test('a user is decoded and verified, and is what it says', () => {
  const { claims } = agent('acme/prod/js-decoded');
  assert.equal(claims.iss, key('agents').getPublicKey());
  assert.equal(claims.name, 'agent-acme.prod.js-decoded');
  assert.ok(nkeys.fromPublic(claims.sub));
  assert.equal(claims.nats.type, 'user');
  assert.deepEqual(claims.nats.sub.allow.at(-1), 'estop.control.acme.prod.js-decoded');
  assert.equal(claims.nbf, undefined);
  assert.equal(claims.exp, undefined);
});

test('a user whose claims were changed is not decoded', () => {
  const [head, , signature] = agent('acme/prod/js-forged').token.split('.');
  const { claims } = agent('acme/prod/js-forged');
  claims.nats.pub.allow = ['>'];
  const forged = Buffer.from(JSON.stringify(claims)).toString('base64url');
  assert.throws(() => jwt.decode(`${head}.${forged}.${signature}`));
});

test('the accounts and the operator are decoded and verified', () => {
  for (const [name, file] of [['AGENTS', 'agents'], ['CONTROL', 'control'], ['SYS', 'sys']]) {
    const claims = jwt.decode(read(`accounts/${name}.jwt`));
    assert.equal(claims.iss, key('operator').getPublicKey());
    assert.equal(claims.sub, key(file).getPublicKey());
  }
  const claims = jwt.decode(/^operator: "(.+)"$/m.exec(read('broker.conf'))[1]);
  assert.equal(claims.nats.system_account, key('sys').getPublicKey());
});

test('the key in a creds file is the one that the JWT names', async () => {
  const { text, claims } = agent('acme/prod/js-key');
  const parsed = await jwt.parseCreds(text);
  assert.equal(parsed.uc.sub, claims.sub);
  const user = nkeys.fromSeed(Buffer.from(parsed.key));
  assert.equal(user.getPublicKey(), claims.sub);
  const bytes = Buffer.from('nonce');
  assert.ok(nkeys.fromPublic(claims.sub).verify(bytes, user.sign(bytes)));
});

test('a creds file lets any client in until it is revoked', async () => {
  const { text, claims } = agent('acme/prod/js-revoked');
  assert.equal(await knock(text), 'let in');
  estop('auth', 'revoke', 'acme/prod/js-revoked', '--reason', 'a test');
  assert.equal(await knock(text), 'AUTHORIZATION_VIOLATION');
  const { revocations } = jwt.decode(read('accounts/AGENTS.jwt')).nats;
  assert.ok(revocations[claims.sub] >= claims.iat);
});

test('a key and a JWT that they made are read by ours', async () => {
  const user = nkeys.createUser();
  const lists = {
    pub: { allow: ['estop.command.js-theirs.>', 'estop.emergency.js-theirs'], deny: [] },
    sub: { allow: ['estop.inbox.js-theirs.>', 'estop.event.>'], deny: [] },
  };
  const token = await jwt.encodeUser('operator-js-theirs', user, key('control'), lists);
  const file = path.join(data, 'theirs.creds');
  fs.writeFileSync(file, Buffer.from(jwt.fmtCreds(token, user)), { mode: 0o600 });
  estop('status', '--as', 'js-theirs', '--creds', file);
});

test('a creds file that they made takes the place of one of ours, but not one of a foreign account', async () => {
  const file = estop('auth', 'agent', 'acme/prod/js-placed').trim();
  for (const [account, code] of [[key('agents'), 0], [nkeys.createAccount(), 1]]) {
    const user = nkeys.createUser();
    const { claims } = agent('acme/prod/js-model');
    const token = await jwt.encodeUser('agent-acme.prod.js-placed', user, account, claims.nats);
    fs.writeFileSync(file, Buffer.from(jwt.fmtCreds(token, user)), { mode: 0o600 });
    assert.equal(status('auth', 'agent', 'acme/prod/js-placed').status, code);
  }
  fs.rmSync(file);
});
