// SPDX-License-Identifier: Apache-2.0
'use strict';
// Starts `estop up` in a temporary folder, runs the tests against it, stops it: node run-tests.js PATH/TO/estop
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { EventEmitter } = require('node:events');
const { until } = require('./lib/until');

const START_MS = 30_000;
const STOP_MS = 20_000;

/** A child with what it has said so far; `change` when it says more or ends. */
function start(program, args) {
  const child = Object.assign(new EventEmitter(), { words: '', ended: false });
  child.process = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const say = (text) => {
    child.words += text;
    child.emit('change');
  };
  child.process.stdout.on('data', say);
  child.process.stderr.on('data', say);
  child.process.on('error', (error) => say(error.message));
  child.process.on('close', () => {
    child.ended = true;
    child.emit('change');
  });
  return child;
}

async function stop(child) {
  if (child.ended) return;
  child.process.kill('SIGTERM');
  await until(child, 'change', () => child.ended, 'the end of estop up', STOP_MS).catch((error) => {
    child.process.kill('SIGKILL');
    throw error;
  });
}

function runTests(env) {
  const folder = path.join(__dirname, 'test');
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.test.js'));
  const files = names.map((name) => path.join(folder, name));
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--test', ...files], { stdio: 'inherit', env: { ...process.env, ...env } });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function main(estop) {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'estop-client-js-'));
  const up = start(estop, ['up', '--data', data, '--port', '0']);
  // Interrupted: the children of this group have the signal, too, and end by themselves.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => up.process.kill(signal));
  let code = 1;
  try {
    await until(up, 'change', () => up.ended || up.words.includes('Estop is up'), `estop up: ${up.words}`, START_MS);
    if (up.ended) throw new Error(`estop up ended: ${up.words}`);
    code = await runTests({ ESTOP_BINARY: estop, ESTOP_DATA: data });
  } finally {
    await stop(up);
    if (code === 0) fs.rmSync(data, { recursive: true, force: true });
    else console.error(`${up.words}\nthe data folder is kept: ${data}`);
  }
  return code;
}

main(process.argv[2]).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
