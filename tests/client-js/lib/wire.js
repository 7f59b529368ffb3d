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

/** The map at the end of a message: the values of the tags that it knows, by their name. */
function readTags(tags, known) {
  const found = {};
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
    if (tag in known) found[known[tag]] = Buffer.from(value);
    else if (tag < SKIPPABLE) throw new Malformed(4226, `tag ${tag} has to be understood`);
  }
  if (bytes > TAGS_BYTES_MOST) throw new Malformed(4130, `${bytes} bytes of tags`);
  return found;
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
  constructor(fields, { tags = true, known = {} } = {}) {
    this.struct = new Struct(fields);
    this.tags = tags;
    this.known = known; // number of a tag → its name, in ascending order
  }

  encode(object) {
    const fields = this.struct.toArray(object);
    const bytes = Buffer.from(msgpack.encode([VERSION, ...fields, ...(this.tags ? [{}] : [])]));
    const tags = Object.entries(this.known).filter(([, name]) => object[name] !== undefined);
    if (tags.length === 0) return bytes;
    // The library would write the keys of a map as texts.
    const pairs = tags.flatMap(([tag, name]) => [msgpack.encode(Number(tag)), msgpack.encode(object[name])]);
    return Buffer.concat([bytes.subarray(0, -1), Buffer.from([0x80 + tags.length]), ...pairs]);
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
    return this.tags ? { ...object, ...readTags(values.at(-1), this.known) } : object;
  }
}

module.exports = { Malformed, Message, Struct };
