// SPDX-License-Identifier: Apache-2.0
'use strict';
// The chain of the audit, computed from PROTOCOL.md §8 alone with node:crypto.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { execFileSync } = require('node:child_process');
const test = require('node:test');
const { byStage, operator, running } = require('./stack');

const { ESTOP_BINARY: binary, ESTOP_DATA: data } = process.env;

function integer(width, value) {
  const bytes = Buffer.alloc(width);
  if (width === 8) bytes.writeBigUInt64BE(BigInt(value));
  else bytes.writeUInt32BE(value);
  return bytes;
}

const behindItsLength = (bytes) => Buffer.concat([integer(4, bytes.length), bytes]);

/** JSON without spaces, the members sorted. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

function hashOf({ number, at_ms, kind, actor, subject, op_id, detail, detail_text, prev }) {
  const texts = [kind, actor, subject, op_id, detail_text ?? canonical(detail)];
  return crypto.createHash('sha256').update(Buffer.concat([
    Buffer.from('estop-audit-1'), integer(8, number), integer(8, at_ms),
    ...texts.map((text) => behindItsLength(Buffer.from(text))), behindItsLength(Buffer.from(prev, 'hex')),
  ])).digest('hex');
}

test('everybody can check the chain of an export', async () => {
  const alice = await operator();
  const agent = await running('audit/js/witness');
  const reason = 'a "drill" \\ with\ttab, line\nfeed, ümläut, 停 and \u2028';
  const { accepted } = byStage(await alice.command('kill', { scope: agent.address, reason }));
  await alice.command('resume', {
    scope: agent.address, reason, op_id: 'op-witness', lifts: [accepted.op_id],
  });

  const lines = execFileSync(binary, ['audit', 'export', '--data', data], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const rows = lines.trim().split('\n').map((line) => JSON.parse(line));
  assert.ok(rows.some((row) => row.op_id === 'op-witness' && row.kind === 'resume'));
  assert.ok(rows.some((row) => row.kind === 'signed'));
  let prev = '0'.repeat(64);
  rows.forEach((row, at) => {
    assert.equal(row.number, at + 1);
    assert.equal(row.prev, prev, `line ${row.number}`);
    assert.equal(hashOf(row), row.hash, JSON.stringify(row));
    prev = row.hash;
  });

  const changed = { ...rows[0], at_ms: rows[0].at_ms + 1 };
  assert.notEqual(hashOf(changed), changed.hash);
});
