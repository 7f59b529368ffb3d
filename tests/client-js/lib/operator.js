// SPDX-License-Identifier: Apache-2.0
'use strict';
// An operator's tool: PROTOCOL.md §8.
const fs = require('node:fs');
const msgpack = require('@msgpack/msgpack');
const { connect, createInbox, credsAuthenticator } = require('nats');
const { keyOfCredentials, signCommand } = require('./keys');
const { PREFIX } = require('./names');

const SIGNED = ['resume', 'revoke'];

const formats = {
  json: {
    encode: (object) => Buffer.from(JSON.stringify(object)),
    decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()),
  },
  msgpack: { encode: (object) => msgpack.encode(object), decode: (bytes) => msgpack.decode(bytes) },
};

class Operator {
  static async connect({ url, credentials, name }) {
    const operator = new Operator();
    operator.name = name;
    operator.credentials = fs.readFileSync(credentials, 'utf8');
    operator.inbox = `${PREFIX}.inbox.${name}`;
    operator.nc = await connect({
      servers: url,
      name,
      authenticator: credsAuthenticator(Buffer.from(operator.credentials)),
      inboxPrefix: operator.inbox,
    });
    return operator;
  }

  /** The command with its proof: what control wants of whoever opens something. */
  signed(verb, fields) {
    const command = JSON.stringify(fields);
    const [, credential] = /-----BEGIN NATS USER JWT-----\s+(\S+)/.exec(this.credentials);
    const signature = signCommand(this.name, verb, command, keyOfCredentials(this.credentials));
    return { command, credential, signature: signature.toString('base64url') };
  }

  /**
   * All answers to one command, the last with `done`. `fields` may be bytes: then they are the body as it is.
   * Signed if it has to be, unless `plain`.
   */
  command(verb, fields, { format = 'json', ms = 20_000, plain = false } = {}) {
    const { encode, decode } = formats[format];
    const toSign = SIGNED.includes(verb) && !plain && !(fields instanceof Uint8Array);
    const sent = toSign ? this.signed(verb, fields) : fields;
    return new Promise((resolve, reject) => {
      const inbox = createInbox(this.inbox);
      const answers = [];
      const finish = (settle, value) => {
        clearTimeout(timer);
        subscription.unsubscribe();
        settle(value);
      };
      const subscription = this.nc.subscribe(inbox, {
        callback: (error, message) => {
          if (error) return finish(reject, error);
          if (message.headers?.code === 503) return finish(reject, new Error('nobody listens for commands'));
          try {
            answers.push(decode(message.data));
          } catch (failure) {
            return finish(reject, failure);
          }
          if (answers.at(-1).done) finish(resolve, answers);
        },
      });
      const timer = setTimeout(
        () => finish(reject, new Error(`${verb}: not done after ${ms} ms: ${JSON.stringify(answers)}`)), ms,
      );
      const body = sent instanceof Uint8Array ? sent : encode(sent);
      this.nc.publish(`${PREFIX}.command.${this.name}.${verb}`, body, { reply: inbox });
    });
  }

  /** The only answer to a question. */
  async ask(verb, fields = {}, options) {
    const answers = await this.command(verb, fields, options);
    return answers.at(-1);
  }

  async close() {
    await this.nc.close();
  }
}

module.exports = { Operator };
