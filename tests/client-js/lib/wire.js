// SPDX-License-Identifier: Apache-2.0
'use strict';
// One msgpack array ↔ one object, by a table of fields: PROTOCOL.md §4.
const msgpack = require('@msgpack/msgpack');

const VERSION = 2;
const TAGS_MOST = 16;
const TAGS_BYTES_MOST = 4096;
const SKIPPABLE = 128;
const LIMITS = { u8: 0xff, u16: 0xffff, u32: 0xffffffff, u64: Number.MAX_SAFE_INTEGER };
const CONTROL_CHARACTER = /[\u0000-\u0008\u000b-\u001f\u007f]/;

class Malformed extends Error {
  constructor(number, detail) {
    super(`${number} ${detail}`);
    this.number = number;
  }
}

function check(type, value, name) {
  const wrong = () => {
    throw new Malformed(4220, `${name} is not ${JSON.stringify(type)}`);
  };
  if (Array.isArray(type)) {
    // [x]: a list of x; x may be a table of fields (a struct without a version of its own).
    if (!Array.isArray(value)) wrong();
    return value.map((item, n) => check(type[0], item, `${name}[${n}]`));
  }
  if (type instanceof Struct) return type.fromArray(value, name);
  if (type in LIMITS) {
    // Beyond 2^53 a JavaScript number is no longer exact; nothing that counts comes near.
    if (!Number.isInteger(value) || value < 0 || value > LIMITS[type]) wrong();
  } else if (type === 'text') {
    if (typeof value !== 'string' || CONTROL_CHARACTER.test(value)) wrong();
  } else if (type === 'bool') {
    if (typeof value !== 'boolean') wrong();
  } else if (type.startsWith('bytes')) {
    if (!(value instanceof Uint8Array)) wrong();
    const size = Number(type.slice('bytes'.length));
    if (size && value.length !== size) wrong();
    return Buffer.from(value);
  }
  return value;
}

/** The map at the end of a message. This version knows no tag. */
function checkTags(tags) {
  const wrong = () => {
    throw new Malformed(4220, 'the tags have the wrong shape');
  };
  if (tags === null || typeof tags !== 'object' || Array.isArray(tags)) wrong();
  const entries = Object.entries(tags);
  if (entries.length > TAGS_MOST) throw new Malformed(4224, `${entries.length} tags`);
  let bytes = 0;
  for (const [key, value] of entries) {
    const tag = Number(key);
    if (!Number.isInteger(tag) || tag < 1 || tag > 255 || !(value instanceof Uint8Array)) wrong();
    bytes += value.length;
    if (tag < SKIPPABLE) throw new Malformed(4226, `tag ${tag} has to be understood`);
  }
  if (bytes > TAGS_BYTES_MOST) throw new Malformed(4130, `${bytes} bytes of tags`);
}

/** A fixed sequence of named fields. */
class Struct {
  constructor(fields) {
    this.fields = Object.entries(fields);
  }

  fromArray(values, name) {
    if (!Array.isArray(values)) throw new Malformed(4220, `${name} is not an array`);
    if (values.length !== this.fields.length) {
      throw new Malformed(4220, `${name} has ${values.length} fields`);
    }
    return Object.fromEntries(
      values.map((value, n) => [this.fields[n][0], check(this.fields[n][1], value, this.fields[n][0])]),
    );
  }

  toArray(object) {
    const values = [];
    for (const [name, type] of this.fields) {
      const value = itemsToArrays(type, object[name]);
      if (type !== 'any') check(type, value, name);
      values.push(value);
    }
    return values;
  }
}

function itemsToArrays(type, value) {
  if (type instanceof Struct) return type.toArray(value);
  if (!Array.isArray(type) || !(type[0] instanceof Struct)) return value;
  return value.map((item) => type[0].toArray(item));
}

/** A message: a struct with the version in front and, except around what is signed, the tags behind it. */
class Message {
  constructor(fields, { tags = true } = {}) {
    this.struct = new Struct(fields);
    this.tags = tags;
  }

  encode(object) {
    return Buffer.from(msgpack.encode([VERSION, ...this.struct.toArray(object), ...(this.tags ? [{}] : [])]));
  }

  decode(bytes) {
    let values;
    try {
      values = msgpack.decode(bytes);
    } catch (error) {
      const behind = error instanceof RangeError && error.message.startsWith('Extra');
      throw new Malformed(behind ? 4222 : 4220, error.message);
    }
    if (!Array.isArray(values)) throw new Malformed(4220, 'not an array');
    if (values[0] !== VERSION) throw new Malformed(4221, `version ${values[0]}`);
    const fields = values.slice(1, this.tags ? -1 : undefined);
    const object = this.struct.fromArray(fields, 'message');
    if (this.tags) checkTags(values.at(-1));
    return object;
  }
}

module.exports = { Malformed, Message, Struct };
