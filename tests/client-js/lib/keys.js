// SPDX-License-Identifier: Apache-2.0
'use strict';
// nkeys as keys of node:crypto, signed frames, hashes: PROTOCOL.md §2 and §4.
const crypto = require('node:crypto');
const { Content, Record, SignedFrame } = require('./messages');
const { Malformed } = require('./wire');

// The fixed ASN.1 in front of the 32 bytes of an Ed25519 key.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

const Domain = {
  record: 'estop record 2\n',
  lease: 'estop lease 2\n',
  receipt: 'estop receipt 2\n',
  stopped: 'estop stopped 2\n',
};

function base32(text) {
  let bits = 0;
  let value = 0;
  const bytes = [];
  for (const character of text) {
    const digit = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(character);
    if (digit < 0) throw new Error('not base32');
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  return Buffer.from(bytes);
}

// An nkey is base32 of prefix (a seed has two bytes of it), 32 bytes, CRC-16. A wrong CRC shows as a wrong signature.
function publicKey(nkey) {
  return rawPublicKey(base32(nkey.trim()).subarray(1, 33));
}

function rawPublicKey(raw) {
  return crypto.createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
}

function privateKey(seed) {
  return crypto.createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

/** The 32 bytes that stand for a key in messages. */
function rawOf(key) {
  const half = key.type === 'private' ? crypto.createPublicKey(key) : key;
  return half.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
}

/** The signing key in a `.creds` file: its nkey seed. */
function keyOfCredentials(text) {
  const seed = /-----BEGIN USER NKEY SEED-----\s+(S[A-Z2-7]+)/.exec(text);
  if (!seed) throw new Error('no nkey seed in these credentials');
  return privateKey(base32(seed[1]).subarray(2, 34));
}

function sign(domain, body, key) {
  const signature = crypto.sign(null, Buffer.concat([Buffer.from(domain), body]), key);
  return SignedFrame.encode({ body, signature });
}

/** The signature of a command in JSON: PROTOCOL.md §8. */
function signCommand(operator, verb, text, key) {
  return crypto.sign(null, Buffer.from(`estop command 1\n${operator} ${verb}\n${text}`), key);
}

/** The body of a signed frame; throws 4033 if the signature is not that of `key`. */
function open(domain, bytes, key) {
  const { body, signature } = SignedFrame.decode(bytes);
  if (!crypto.verify(null, Buffer.concat([Buffer.from(domain), body]), key, signature)) {
    throw new Malformed(4033, 'bad signature');
  }
  return body;
}

/** The record with what stands in its content, and the scope and the actor's name at hand. */
function openRecord(bytes, key) {
  const record = Record.decode(open(Domain.record, bytes, key));
  if (record.kind >= 128) return record; // may be skipped
  if (!Content[record.kind]) throw new Malformed(4226, `a record of kind ${record.kind}`);
  const content = Content[record.kind].fromArray(record.content, 'content');
  return { ...record, ...content, scope: content.selector?.scope, actor: record.actor.name };
}

const hash = (body) => crypto.createHash('sha256').update(body).digest();

module.exports = {
  Domain, hash, keyOfCredentials, open, openRecord, privateKey, publicKey, rawOf, rawPublicKey, sign, signCommand,
};
