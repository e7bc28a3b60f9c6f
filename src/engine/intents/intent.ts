/**
 * An intent: a named, described program with parameters. This file says what one is and reads its description, which
 * comes from a file, a request or the store; nothing is executed to read it.
 *
 *   {name, description, params (JSON Schema), effect, aliases}  +  a program, normalised once
 *
 * Decision: a schema of parameters that is silent on other names is closed. A misspelt parameter is told before the run.
 */
import { OptimizerError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { nearest } from '../../core/nearest.ts';
import type { Effect } from '../../upstream/server-spec.ts';
import { validateAgainst } from '../../upstream/validate.ts';
import type { NormalizedProgram } from '../program-forms.ts';

export interface IntentDefinition {
  /** An identifier: `intents.name(params)`. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly params: JsonObject;
  /** `read`: the intent runs read-only, whatever it is called from. */
  readonly effect: Effect;
  /** Other names and phrases that mean it. */
  readonly aliases: readonly string[];
}

/** `folder`: a file of the operator, for every tenant. `saved`: the tenant's own, in the store. */
export type IntentSource = 'folder' | 'saved';

export interface Intent extends IntentDefinition {
  readonly source: IntentSource;
  /** The text as it was written. */
  readonly code: string;
  /** Compiled when it was read; every run uses it as it is. */
  readonly program: NormalizedProgram;
}

const NAME = /^[A-Za-z_$][\w$]{0,63}$/;
/** Members that the language reads by itself, or that every object has. */
const TAKEN = new Set(['then', 'toJSON', 'constructor', 'prototype', '__proto__', 'toString', 'valueOf']);
const DESCRIPTION_CHARS_MAX = 1_000;
const ALIASES_MAX = 32;
const ALIAS_CHARS_MAX = 120;
const KEYS = ['name', 'description', 'params', 'effect', 'aliases'];

/** Parameters of an intent that takes none. */
export const NO_PARAMS: JsonObject = { type: 'object', properties: {} };

/** Reads what a file or the store says of an intent. Throws `request.params`; `path` stands before the names of members. */
export function readDefinition(raw: Json, path: string): IntentDefinition {
  if (!isJsonObject(raw)) throw wrong(path, 'expected an object with `name`, `description`, `params` and `effect`');
  for (const key of Object.keys(raw)) {
    if (KEYS.includes(key)) continue;
    const [near] = nearest(key, KEYS, 1);
    throw wrong(`${path}.${key}`, near === undefined ? `known are ${KEYS.join(', ')}` : `did you mean \`${near}\`?`);
  }
  const { name, description, params = NO_PARAMS, effect = 'write', aliases = [] } = raw;
  return {
    name: checkName(name, `${path}.name`),
    description: checkDescription(description, `${path}.description`),
    params: checkSchema(params, `${path}.params`),
    effect: checkEffect(effect, `${path}.effect`),
    aliases: checkAliases(aliases, `${path}.aliases`),
  };
}

export function checkName(name: Json | undefined, path: string): string {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw wrong(path, 'expected letters, digits and `_`, at most 64, as in `list_errors`');
  }
  if (TAKEN.has(name)) throw wrong(path, `\`${name}\` means something else in a program; choose another name`);
  return name;
}

function checkDescription(description: Json | undefined, path: string): string {
  const fits = typeof description === 'string' && description.trim() !== '';
  if (fits && description.length <= DESCRIPTION_CHARS_MAX) return description;
  throw wrong(path, `expected a sentence of at most ${DESCRIPTION_CHARS_MAX} characters: it is what a search finds`);
}

function checkSchema(params: Json, path: string): JsonObject {
  if (isJsonObject(params) && params.type === 'object') return params;
  throw wrong(path, 'expected a JSON Schema of an object: `{type: "object", properties: {…}}`');
}

function checkEffect(effect: Json, path: string): Effect {
  if (effect === 'read' || effect === 'write') return effect;
  throw wrong(path, 'expected "read" or "write"');
}

function checkAliases(aliases: Json, path: string): string[] {
  const fits =
    Array.isArray(aliases) &&
    aliases.length <= ALIASES_MAX &&
    aliases.every((alias) => typeof alias === 'string' && alias.trim() !== '' && alias.length <= ALIAS_CHARS_MAX);
  if (fits) return aliases as string[];
  throw wrong(path, `expected at most ${ALIASES_MAX} texts of at most ${ALIAS_CHARS_MAX} characters`);
}

const closed = new WeakMap<JsonObject, JsonObject>();

/** Throws `request.params` with the path of the first parameter that does not fit the intent. */
export function checkParams(intent: IntentDefinition, params: JsonObject): void {
  let schema = closed.get(intent.params);
  if (schema === undefined) {
    schema = { ...intent.params };
    const isOpen = ['additionalProperties', 'patternProperties', '$ref', 'allOf', 'anyOf', 'oneOf'].some((key) =>
      Object.hasOwn(intent.params, key),
    );
    if (!isOpen) schema = { ...schema, additionalProperties: false };
    closed.set(intent.params, schema);
  }
  const issues = validateAgainst(schema, params);
  if (issues.length === 0) return;
  const lines = issues.map(({ path, message }) => `\`${path === '' ? 'params' : `params.${path}`}\`: ${message}`);
  throw new OptimizerError(
    'request.params',
    `the parameters of the intent \`${intent.name}\` do not fit: ${lines.join('; ')}`,
    {
      hint: 'Correct the parameters; nothing ran.',
      data: { path: issues[0]?.path ? `params.${issues[0].path}` : 'params', intent: intent.name },
    },
  );
}

function wrong(path: string, message: string): OptimizerError {
  return new OptimizerError('request.params', `\`${path}\`: ${message}`, { data: { path } });
}
