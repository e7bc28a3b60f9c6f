/**
 * Checks of single values at the border, called by the generated validators. Each takes a value and its path, answers
 * the value with its type known, and throws `BoundaryError` otherwise. Objects and arrays are answered as copies, so
 * that what was checked is what is used.
 */
import type { Json } from '../core/json.ts';
import { BoundaryError, describeValue } from './boundary-error.ts';

/** The argument array of a call with `min` to `max` items. */
export function count(value: unknown, min: number, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(value, 'args', 'an array');
  if (value.length >= min && value.length <= max) return value;
  const range = min === max ? `${min}` : `${min}..${max}`;
  throw new BoundaryError('args', `${range} argument${range === '1' ? '' : 's'}`, String(value.length));
}

/** Whether an optional value was left out. JSON has no `undefined`, so `null` says the same. */
export function absent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** A string without lone surrogates: everything further on (pipe, store, server) is UTF-8. */
export function text(value: unknown, path: string): string {
  if (typeof value !== 'string') throw wrong(value, path, 'string');
  // ES2024, so not in the library that the compiler is given; every Node since 20 has it, and it is far quicker than a
  // regular expression.
  const { isWellFormed } = String.prototype as unknown as { isWellFormed: (this: string) => boolean };
  if (!isWellFormed.call(value)) throw wrong(value, path, 'a well-formed string (no lone surrogate)');
  return value;
}

export function boolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw wrong(value, path, 'bool');
  return value;
}

/** An integer of `min` to `max`, both included; −0 becomes 0. */
export function integer(value: unknown, path: string, name: string, min: number, max: number): number {
  if (!Number.isInteger(value)) throw wrong(value, path, name);
  const whole = value as number;
  if (whole < min || whole > max) throw wrong(value, path, name);
  return whole + 0;
}

/** A finite number: JSON has no other. */
export function float(value: unknown, path: string, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(value, path, name);
  return value;
}

/**
 * A JSON value. Only its outermost kind is looked at: arguments come from `JSON.parse`, and results are made of what a
 * server sent as JSON, so a walk over megabytes would find nothing.
 */
export function json(value: unknown, path: string): Json {
  const kind = typeof value;
  const plain = kind === 'string' || kind === 'boolean' || kind === 'object' || Number.isFinite(value);
  if (!plain) throw wrong(value, path, 'a JSON value');
  return value as Json;
}

export function oneOf<Case extends string>(value: unknown, path: string, cases: readonly Case[]): Case {
  const found = cases.find((known) => known === value);
  if (found === undefined) throw wrong(value, path, `one of ${cases.join('|')}`);
  return found;
}

export function list<Item>(value: unknown, path: string, check: (item: unknown, at: string) => Item): Item[] {
  if (!Array.isArray(value)) throw wrong(value, path, 'a list');
  // `Array.from` visits holes too, which `map` would skip and leave unchecked.
  return Array.from(value as unknown[], (item, index) => check(item, `${path}[${index}]`));
}

/** @public Generated code uses it once `wit/` has a tuple. */
export function tuple<Parts>(
  value: unknown,
  path: string,
  length: number,
  check: (parts: readonly unknown[], at: string) => Parts,
): Parts {
  if (!Array.isArray(value) || value.length !== length) throw wrong(value, path, `a tuple of ${length}`);
  return check(value, path);
}

/** An object with all `required` keys, perhaps some `optional` ones and no others, as a copy without a prototype. */
export function record(
  value: unknown,
  path: string,
  required: readonly string[],
  optional: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(value, path, 'a record');
  const fields = Object.assign(Object.create(null) as Record<string, unknown>, value);
  for (const key of required) {
    if (!(key in fields)) throw new BoundaryError(path, `a record with the key \`${key}\``, 'one without it');
  }
  const known = new Set([...required, ...optional]);
  const unknown = Object.keys(fields).find((key) => !known.has(key));
  if (unknown === undefined) return fields;
  throw new BoundaryError(path, `a record of ${[...known].join(', ')}`, 'one with another key');
}

/**
 * Bytes as an array of numbers on the wire: the guest needs no decoder, and the arrays are small.
 * @public Generated code uses it once a function of `wit/` takes bytes.
 */
export function bytesFromWire(value: unknown, path: string): Uint8Array {
  return Uint8Array.from(list(value, path, (item, at) => integer(item, at, 'u8', 0, 255)));
}

export function bytesToWire(value: unknown, path: string): number[] {
  if (!(value instanceof Uint8Array)) throw wrong(value, path, 'bytes');
  return Array.from(value);
}

function wrong(value: unknown, path: string, expected: string): BoundaryError {
  return new BoundaryError(path, expected, describeValue(value));
}
