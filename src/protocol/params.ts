/**
 * Strict reading of parameters against the schemas of `schema.ts`, with messages a caller can act on: the path, what was
 * expected, what came, the nearest known name. Stands between `json-rpc` and `methods`.
 * Decision: this walks only the keywords those schemas use. A general validator would say less about the mistake, and
 * loading one costs more than answering; the tests hold both against each other.
 */
import { OptimizerError } from '../core/errors.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';
import type { ParamsSchema } from './schema-parts.ts';

/** Throws `request.params` with `data: {path, expected, got, nearest?}` at the first thing that does not fit. */
export function checkParams(schema: ParamsSchema, value: Json | undefined, path = 'params'): void {
  if (value === undefined) throw misfit(path, describe(schema), 'nothing');
  if (schema.enum !== undefined) checkEnum(schema.enum, value, path);
  switch (schema.type) {
    case undefined:
      break;
    case 'object':
      checkObject(schema, value, path);
      break;
    case 'array':
      checkArray(schema, value, path);
      break;
    case 'string':
      checkString(schema, value, path);
      break;
    case 'boolean':
      if (typeof value !== 'boolean') throw misfit(path, 'boolean', gotText(value));
      break;
    case 'integer':
      checkInteger(schema, value, path);
      break;
  }
}

function checkObject(schema: ParamsSchema, value: Json, path: string): void {
  if (!isJsonObject(value)) throw misfit(path, 'object', gotText(value));
  const known = schema.properties ?? {};
  // Unknown names first: a misspelt required parameter should be told about its spelling, not about being absent.
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(known, name) && schema.additionalProperties === false) throw unknownName(path, name, known);
  }
  for (const name of schema.required ?? []) {
    const member = known[name];
    if (!Object.hasOwn(value, name) && member !== undefined)
      throw misfit(`${path}.${name}`, describe(member), 'nothing');
  }
  for (const [name, member] of Object.entries(known)) {
    if (Object.hasOwn(value, name)) checkParams(member, value[name], `${path}.${name}`);
  }
}

function checkArray(schema: ParamsSchema, value: Json, path: string): void {
  if (!Array.isArray(value)) throw misfit(path, describe(schema), gotText(value));
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    throw misfit(path, `at most ${schema.maxItems} items`, `${value.length}`);
  }
  const { items } = schema;
  if (items === undefined) return;
  for (const [index, item] of value.entries()) checkParams(items, item, `${path}[${index}]`);
}

function checkString(schema: ParamsSchema, value: Json, path: string): void {
  if (typeof value !== 'string') throw misfit(path, 'string', gotText(value));
  if (schema.minLength !== undefined && value.length < schema.minLength) {
    throw misfit(path, `string of at least ${schema.minLength} characters`, `${value.length} characters`);
  }
  if (schema.maxLength !== undefined && value.length > schema.maxLength) {
    throw misfit(path, `string of at most ${schema.maxLength} characters`, `${value.length} characters`);
  }
}

function checkInteger(schema: ParamsSchema, value: Json, path: string): void {
  const fits =
    typeof value === 'number' &&
    Number.isSafeInteger(value) &&
    value >= (schema.minimum ?? Number.MIN_SAFE_INTEGER) &&
    value <= (schema.maximum ?? Number.MAX_SAFE_INTEGER);
  if (!fits) throw misfit(path, describe(schema), gotText(value));
}

function checkEnum(allowed: readonly Json[], value: Json, path: string): void {
  if (allowed.includes(value)) return;
  const near =
    typeof value === 'string'
      ? nearest(
          value,
          allowed.filter((item) => typeof item === 'string'),
          1,
        )
      : [];
  throw misfit(path, `one of ${allowed.map((item) => JSON.stringify(item)).join(', ')}`, gotText(value), near);
}

function describe(schema: ParamsSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.map((item) => JSON.stringify(item)).join(', ')}`;
  if (schema.type === 'integer' && schema.minimum !== undefined) {
    return schema.maximum === undefined
      ? `whole number from ${schema.minimum}`
      : `whole number from ${schema.minimum} to ${schema.maximum}`;
  }
  if (schema.type === 'array' && schema.items !== undefined) return `array of ${describe(schema.items)}`;
  return schema.type ?? 'any JSON value';
}

function gotText(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'object') return 'object';
  const text = JSON.stringify(value);
  return `${typeof value} ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`;
}

function misfit(path: string, expected: string, got: string, near: string[] = []): OptimizerError {
  const guess = near[0] === undefined ? '' : `; did you mean ${JSON.stringify(near[0])}?`;
  return new OptimizerError('request.params', `\`${path}\`: expected ${expected}, got ${got}${guess || '.'}`, {
    data: { path, expected, got, ...(near.length > 0 ? { nearest: near } : {}) },
  });
}

function unknownName(path: string, name: string, known: Readonly<Record<string, ParamsSchema>>): OptimizerError {
  const names = Object.keys(known).filter((candidate) => candidate !== '_meta');
  const near = nearest(name, names);
  const shown = name.length > 60 ? `${name.slice(0, 59)}…` : name;
  const advice = near[0] === undefined ? `known are ${names.join(', ') || 'none'}.` : `did you mean \`${near[0]}\`?`;
  return new OptimizerError('request.params', `\`${path}.${shown}\` is not a parameter; ${advice}`, {
    data: { path: `${path}.${shown}`, expected: names.join(' | '), got: shown, nearest: near },
  });
}
