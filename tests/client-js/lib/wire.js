'use strict';
// One msgpack array ↔ one object, by a table of fields: PROTOCOL.md §4.
const msgpack = require('@msgpack/msgpack');

const VERSION = 1;
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

/** A fixed sequence of named fields; `optional` ones may be missing at the end, all together. */
class Struct {
  constructor(fields, optional = {}) {
    this.required = Object.keys(fields).length;
    this.fields = Object.entries({ ...fields, ...optional });
  }

  fromArray(values, name) {
    if (!Array.isArray(values)) throw new Malformed(4220, `${name} is not an array`);
    if (values.length !== this.required && values.length !== this.fields.length) {
      throw new Malformed(4220, `${name} has ${values.length} fields`);
    }
    return Object.fromEntries(
      values.map((value, n) => [this.fields[n][0], check(this.fields[n][1], value, this.fields[n][0])]),
    );
  }

  toArray(object) {
    const values = [];
    for (const [name, type] of this.fields) {
      if (values.length >= this.required && object[name] === undefined) break;
      const value = itemsToArrays(type, object[name]);
      check(type, value, name);
      values.push(value);
    }
    return values;
  }
}

function itemsToArrays(type, value) {
  if (!Array.isArray(type) || !(type[0] instanceof Struct)) return value;
  return value.map((item) => type[0].toArray(item));
}

/** A message: a struct with the version in front. */
class Message {
  constructor(fields, optional) {
    this.struct = new Struct(fields, optional);
  }

  encode(object) {
    return Buffer.from(msgpack.encode([VERSION, ...this.struct.toArray(object)]));
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
    return this.struct.fromArray(values.slice(1), 'message');
  }
}

module.exports = { Malformed, Message, Struct };
