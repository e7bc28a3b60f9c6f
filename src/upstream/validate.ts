/**
 * Arguments against a tool's input schema, before they leave. Interpreter only (no generated code), JSON Schema 2020-12.
 * Decision: a check that cannot be trusted does not refuse. A malformed schema, an unresolved reference or an endless one
 * accepts; `format` is an annotation; a `pattern` that could run for ever is no constraint. The server has the last word.
 */
import { type Schema, Validator } from '@cfworker/json-schema';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';
import type { ToolDefinition } from './tool-definition.ts';
import { cut, plainText } from './type-text.ts';
import { inlineType } from './types.ts';

/** One thing that is wrong. `path` is written as in a program (`issue.labels[0]`); empty = the arguments themselves. */
export interface ArgumentIssue {
  readonly path: string;
  /** A whole sentence without the path: `expected string, got number`. */
  readonly message: string;
  /** The expected type, a property name or a bound, as short text. */
  readonly expected: string;
}

/** Issues that are reported for one call; further ones are left out. */
const ISSUES_MAX = 20;
/** Schemas visited when a schema is made safe; a larger one is not checked. */
const NODES_MAX = 20_000;
const DEPTH_MAX = 64;
/** A longer pattern is not evaluated. */
const PATTERN_CHARS_MAX = 512;
const EXPECTED_CHARS_MAX = 160;

/** Keywords whose error only says that something below them is wrong. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'items',
  'prefixItems',
  'additionalItems',
  'allOf',
  '$ref',
  'dependentSchemas',
  'if',
  'then',
  'else',
]);
const TYPES: ReadonlySet<string> = new Set(['string', 'number', 'integer', 'boolean', 'null', 'object', 'array']);

interface Checker {
  readonly schema: Record<string, unknown>;
  readonly validator: Validator;
}

const checkers = new WeakMap<object, Checker | 'none'>();

/** What is wrong with `args` for this tool; empty when nothing is, or when the schema cannot be used. Never throws. */
export function validateArguments(tool: ToolDefinition, args: Json): ArgumentIssue[] {
  return validateAgainst(tool.inputSchema, args);
}

/** What is wrong with `value` for a schema of a server; empty as well when the schema cannot be used. Never throws. */
export function validateAgainst(schema: JsonObject, value: Json): ArgumentIssue[] {
  const checker = checkerOf(schema);
  if (checker === 'none') return [];
  try {
    const { valid, errors } = checker.validator.validate(value);
    return valid ? [] : issuesOf(errors, checker.schema, value);
  } catch {
    // A circular or unresolved reference shows only while validating.
    checkers.set(schema, 'none');
    return [];
  }
}

/** The issues as lines for a person or a model: `` `path`: expected string, got number ``. */
export function issueLines(issues: readonly ArgumentIssue[]): string[] {
  return issues.map(({ path, message }) => `\`${path === '' ? 'args' : path}\`: ${message}`);
}

/** True when a pattern is short, valid, and has no quantifier inside a quantified group. */
export function isSafePattern(pattern: string): boolean {
  if (pattern.length > PATTERN_CHARS_MAX) return false;
  try {
    new RegExp(pattern, 'u');
  } catch {
    return false;
  }
  return !hasNestedQuantifier(pattern);
}

function checkerOf(schema: unknown): Checker | 'none' {
  if (!isJsonObject(schema)) return 'none';
  const known = checkers.get(schema);
  if (known !== undefined) return known;
  let checker: Checker | 'none' = 'none';
  try {
    const safe = safeSchema(schema, { nodes: 0 }, 0);
    if (isJsonObject(safe)) {
      checker = { schema: safe, validator: new Validator(safe as Schema, '2020-12', false) };
    }
  } catch {
    checker = 'none';
  }
  checkers.set(schema, checker);
  return checker;
}

/** Keys whose value maps names to schemas, is a list of schemas, or is a plain value. */
const MAPS: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions', 'dependentSchemas']);
const LISTS: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const VALUES: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required', 'dependentRequired']);

/** A copy without what is malformed or dangerous. Throws when it is too large. */
function safeSchema(schema: unknown, seen: { nodes: number }, depth: number): unknown {
  seen.nodes += 1;
  if (seen.nodes > NODES_MAX || depth > DEPTH_MAX) throw new RangeError('The schema is too large.');
  if (typeof schema === 'boolean') return schema;
  if (!isJsonObject(schema)) return true;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    const kept = safeKeyword(key, value, seen, depth);
    if (kept !== undefined)
      Object.defineProperty(copy, key, { value: kept, enumerable: true, configurable: true, writable: true });
  }
  // The 2020-12 validator knows `items` as one schema only; a list is the older spelling of `prefixItems`.
  if (Array.isArray(copy.items)) {
    copy.prefixItems = copy.items;
    copy.items = copy.additionalItems ?? true;
    delete copy.additionalItems;
  }
  if (copy.nullable === true && typeof copy.type === 'string') copy.type = [copy.type, 'null'];
  return copy;
}

function safeKeyword(key: string, value: unknown, seen: { nodes: number }, depth: number): unknown {
  const inner = (item: unknown): unknown => safeSchema(item, seen, depth + 1);
  if (key === '$schema' || key === '$id' || key === 'id' || key === 'format') return undefined;
  if (VALUES.has(key)) return (key === 'enum' || key === 'required') && !Array.isArray(value) ? undefined : value;
  if (key === 'type') return isKnownType(value) ? value : undefined;
  if (key === 'pattern') return typeof value === 'string' && isSafePattern(value) ? value : undefined;
  if (key === 'patternProperties') return isJsonObject(value) ? safePatterns(value, inner) : undefined;
  if (MAPS.has(key)) return isJsonObject(value) ? mapValues(value, inner) : undefined;
  if (LISTS.has(key)) return Array.isArray(value) && value.length > 0 ? value.map(inner) : undefined;
  if (Array.isArray(value)) return value.map(inner);
  return isJsonObject(value) ? inner(value) : value;
}

/** One pattern that is not evaluated opens the whole map: a name that it would have matched must not be refused. */
function safePatterns(patterns: Record<string, unknown>, inner: (item: unknown) => unknown): unknown {
  return Object.keys(patterns).every(isSafePattern) ? mapValues(patterns, inner) : { '': true };
}

function mapValues(map: Record<string, unknown>, inner: (item: unknown) => unknown): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(map)) {
    Object.defineProperty(copy, key, { value: inner(value), enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

function isKnownType(value: unknown): boolean {
  const types = Array.isArray(value) ? value : [value];
  return types.length > 0 && types.every((type) => typeof type === 'string' && TYPES.has(type));
}

/** Catches `(a+)+`, `(a|b*)*`, `(.*)*`, and two unbounded wildcards in a row inside a repeated group. */
function hasNestedQuantifier(pattern: string): boolean {
  const groups: boolean[] = [];
  let unbounded = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '\\') at += 1;
    else if (char === '[') at = endOfClass(pattern, at);
    else if (char === '(') groups.push(false);
    else if (char === ')') {
      const inner = groups.pop() === true;
      const isRepeated = /^(?:[*+]|\{\d+(?:,\d*)?\})/.test(pattern.slice(at + 1, at + 14));
      if (inner && isRepeated) return true;
      if (groups.length > 0 && (inner || isRepeated)) groups[groups.length - 1] = true;
    } else if (char === '*' || char === '+' || (char === '{' && /^\{\d+,\d*\}/.test(pattern.slice(at, at + 14)))) {
      unbounded += 1;
      if (groups.length > 0) groups[groups.length - 1] = true;
    } else if (char === '|' && groups.length > 0) groups[groups.length - 1] = true;
  }
  // Each further unbounded run multiplies the work of a failing match by the length of the text.
  return unbounded > 6;
}

function endOfClass(pattern: string, start: number): number {
  for (let at = start + 1; at < pattern.length; at++) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === ']') return at;
  }
  return pattern.length;
}

interface Unit {
  readonly keyword: string;
  readonly keywordLocation: string;
  readonly instanceLocation: string;
  readonly error: string;
}

function issuesOf(units: readonly Unit[], schema: Record<string, unknown>, args: Json): ArgumentIssue[] {
  // What is wrong inside one alternative is told by the alternative as a whole.
  const choices = units
    .filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'not' || keyword === 'contains')
    .map(({ keywordLocation }) => `${keywordLocation}/`);
  const issues = new Map<string, ArgumentIssue>();
  for (const unit of units) {
    if (WRAPPERS.has(unit.keyword) || unit.keyword === 'false') continue;
    if (choices.some((choice) => unit.keywordLocation.startsWith(choice))) continue;
    const issue = issueOf(unit, schema, args);
    issues.set(`${issue.path}\n${issue.message}`, issue);
    if (issues.size >= ISSUES_MAX) break;
  }
  return issues.size > 0
    ? [...issues.values()]
    : [{ path: '', message: 'does not fit the input schema', expected: describe(schema) }];
}

function issueOf(unit: Unit, root: Record<string, unknown>, args: Json): ArgumentIssue {
  const steps = stepsOf(unit.instanceLocation);
  const path = pathText(steps);
  const value = valueAt(args, steps);
  const owner = schemaAt(root, stepsOf(unit.keywordLocation).slice(0, -1));
  const limit = isJsonObject(owner) ? owner[unit.keyword] : undefined;
  switch (unit.keyword) {
    case 'required': {
      const name = /"(.*)"\.$/s.exec(unit.error)?.[1] ?? '';
      const properties = isJsonObject(owner) && isJsonObject(owner.properties) ? owner.properties : {};
      const expected = Object.hasOwn(properties, name) ? describe(properties[name], root) : 'a value';
      return { path: pathText([...steps, name]), message: `is required (${expected}) and missing`, expected };
    }
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = /"(.*)" does not match/s.exec(unit.error)?.[1] ?? '';
      const known = isJsonObject(owner) && isJsonObject(owner.properties) ? Object.keys(owner.properties) : [];
      const close = nearest(name, known, 1);
      const expected = known.length === 0 ? 'no properties' : cut(known.join(', '), EXPECTED_CHARS_MAX);
      const advice = close.length > 0 ? `did you mean \`${close[0]}\`?` : `known: ${expected}`;
      return { path: pathText([...steps, name]), message: `is not a known property; ${advice}`, expected };
    }
    case 'type':
    case 'const':
    case 'enum':
    case 'anyOf':
    case 'oneOf': {
      const expected = describe(owner, root);
      return { path, message: `expected ${expected}, got ${received(value)}`, expected };
    }
    default: {
      const expected = `${unit.keyword} ${cut(plainText(JSON.stringify(limit) ?? ''), EXPECTED_CHARS_MAX)}`.trim();
      return { path, message: `expected ${expected}, got ${received(value)}`, expected };
    }
  }
}

/** The expected type as short text; `root` resolves its references. */
function describe(schema: unknown, root?: Record<string, unknown>): string {
  const whole =
    isJsonObject(schema) && root !== undefined
      ? { ...schema, $defs: schema.$defs ?? root.$defs, definitions: schema.definitions ?? root.definitions }
      : schema;
  return cut(inlineType(whole, { depth: 2, nestedOptional: 4, enumMax: 24 }), EXPECTED_CHARS_MAX);
}

function received(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  const text = plainText(JSON.stringify(value) ?? '');
  return `${typeof value} ${cut(text, 60)}`;
}

function stepsOf(location: string): string[] {
  return location
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function pathText(steps: readonly string[]): string {
  return steps
    .map((step, index) => {
      if (/^\d+$/.test(step)) return `[${step}]`;
      if (/^[A-Za-z_$][\w$]*$/.test(step)) return index === 0 ? step : `.${step}`;
      return `[${JSON.stringify(plainText(cut(step, 80)))}]`;
    })
    .join('');
}

function valueAt(value: unknown, steps: readonly string[]): unknown {
  let at: unknown = value;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

/** The schema at a keyword location; a `$ref` step continues in what it refers to. */
function schemaAt(root: Record<string, unknown>, steps: readonly string[]): unknown {
  let at: unknown = root;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    const next: unknown = (at as Record<string, unknown>)[step];
    at = step === '$ref' && typeof next === 'string' ? valueAt(root, stepsOf(next)) : next;
  }
  return at;
}
