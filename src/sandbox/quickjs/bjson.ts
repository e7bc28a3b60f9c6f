/**
 * JSON values in the engine's own binary form, written by the host: the quick way in for large results. The engine reads
 * it in half the time that it needs to parse JSON text (docs/adr/0011). Only bytes made here are ever decoded: a guest's
 * bytes, or a stranger's, never are.
 *
 * The form is that of this engine build (BC_VERSION 5), read off its own output; `test/sandbox/bjson.test.ts` compares byte
 * for byte. Lengths, counts and indices are LEB128.
 *
 *   05  atom count  atom…  value              atom, string: (length << 1 | wide)  Latin-1 bytes, or UTF-16LE units
 *   01 null · 03 false · 04 true · 05 int32 (zigzag LEB128) · 06 float64 LE · 07 string
 *   08 object: count, then (atom index + 1) << 1 and the value for each · 09 array: count, values
 */
import type { Json } from '../../core/json.ts';

const VERSION = 5;
const NULL = 1;
const FALSE = 3;
const TRUE = 4;
const INT32 = 5;
const FLOAT64 = 6;
const STRING = 7;
const OBJECT = 8;
const ARRAY = 9;
/** Nesting beyond this goes as text: the engine's reader recurses on its own stack. */
const DEPTH_MAX = 200;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the class is "every unit that Latin-1 has", NUL included.
const WIDE = /[^\u0000-\u00ff]/;

/** The bytes of `value`, in a buffer of their own that may be transferred; `undefined` when it nests too deeply. */
export function encodeBjson(value: Json): Uint8Array<ArrayBuffer> | undefined {
  const body = new Writer(64 * 1024);
  const atoms = new Map<string, number>();
  if (!writeValue(body, atoms, value, DEPTH_MAX)) return undefined;
  const head = new Writer(1024 + atoms.size * 16);
  head.byte(VERSION);
  head.leb128(atoms.size);
  for (const name of atoms.keys()) head.text(name);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head.bytes(), 0);
  bytes.set(body.bytes(), head.length);
  return bytes;
}

/** False when the value nests deeper than `depth`. */
function writeValue(out: Writer, atoms: Map<string, number>, value: Json, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      out.byte(STRING);
      out.text(value);
      return true;
    case 'number':
      writeNumber(out, value);
      return true;
    case 'boolean':
      out.byte(value ? TRUE : FALSE);
      return true;
    default:
  }
  if (value === null || typeof value !== 'object') {
    out.byte(NULL);
    return true;
  }
  if (depth === 0) return false;
  return Array.isArray(value) ? writeArray(out, atoms, value, depth - 1) : writeObject(out, atoms, value, depth - 1);
}

function writeArray(out: Writer, atoms: Map<string, number>, value: readonly Json[], depth: number): boolean {
  out.byte(ARRAY);
  out.leb128(value.length);
  for (let index = 0; index < value.length; index++) {
    if (!writeValue(out, atoms, value[index] ?? null, depth)) return false;
  }
  return true;
}

function writeObject(out: Writer, atoms: Map<string, number>, value: { [key: string]: Json }, depth: number): boolean {
  const keys = Object.keys(value);
  out.byte(OBJECT);
  out.leb128(keys.length);
  for (const key of keys) {
    let atom = atoms.get(key);
    if (atom === undefined) {
      atom = atoms.size + 1;
      atoms.set(key, atom);
    }
    out.leb128(atom << 1);
    if (!writeValue(out, atoms, value[key] ?? null, depth)) return false;
  }
  return true;
}

function writeNumber(out: Writer, value: number): void {
  // -0 is the one integer that int32 cannot hold; what JSON has no number for is null, as in JSON.stringify.
  if ((value | 0) === value && !Object.is(value, -0)) {
    out.byte(INT32);
    out.leb128(((value << 1) ^ (value >> 31)) >>> 0);
  } else if (Number.isFinite(value)) {
    out.byte(FLOAT64);
    out.float64(value);
  } else out.byte(NULL);
}

/** A growing buffer. */
class Writer {
  #buffer: Buffer;
  length = 0;

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  byte(value: number): void {
    if (this.length === this.#buffer.length) this.#grow(1);
    this.#buffer[this.length++] = value;
  }

  /** Unsigned, at most 32 bits. */
  leb128(value: number): void {
    if (this.length + 5 > this.#buffer.length) this.#grow(5);
    let rest = value;
    while (rest > 127) {
      this.#buffer[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#buffer[this.length++] = rest;
  }

  float64(value: number): void {
    if (this.length + 8 > this.#buffer.length) this.#grow(8);
    this.length = this.#buffer.writeDoubleLE(value, this.length);
  }

  text(value: string): void {
    const wide = WIDE.test(value);
    this.leb128(((value.length << 1) | (wide ? 1 : 0)) >>> 0);
    const bytes = wide ? value.length * 2 : value.length;
    if (this.length + bytes > this.#buffer.length) this.#grow(bytes);
    this.length += wide ? this.#buffer.write(value, this.length, 'utf16le') : this.#latin1(value);
  }

  /** Short texts are quicker by hand than by a call into the runtime. */
  #latin1(value: string): number {
    if (value.length > 24) return this.#buffer.write(value, this.length, 'latin1');
    for (let index = 0; index < value.length; index++) this.#buffer[this.length + index] = value.charCodeAt(index);
    return value.length;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.length + needed));
    this.#buffer.copy(larger, 0, 0, this.length);
    this.#buffer = larger;
  }
}
