/**
 * `{"$from": "step1.items[0].id"}`: how a later step of a batch names a part of an earlier result. Pure: finds the
 * references in parameters, and puts values in their places. A path that leads nowhere is an error that says what is there.
 */
import { OptimizerError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';

/** One reference: the step it names and the way into its value. */
export interface Reference {
  readonly text: string;
  readonly step: string;
  readonly path: ReadonlyArray<string | number>;
  /** Where it stands, for messages: `params.filter.id`. */
  readonly at: string;
}

const KEY = '$from';
const STEP = /^[A-Za-z_][\w-]*/;
/** `.name`, `[0]` or `["any name"]`. */
const PART = /^(?:\.([\p{ID_Start}_$][\p{ID_Continue}$-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\])/u;
/** Names of a value that an error lists. */
const SHOWN_MAX = 12;
const DEPTH_MAX = 64;

/** Every reference inside `params`. Throws `request.params` for one that cannot be read. */
export function referencesIn(params: Json, at: string, depth = 0): Reference[] {
  if (depth > DEPTH_MAX || typeof params !== 'object' || params === null) return [];
  if (Array.isArray(params)) return params.flatMap((item, index) => referencesIn(item, `${at}[${index}]`, depth + 1));
  if (Object.hasOwn(params, KEY)) return [readReference(params, at)];
  return Object.entries(params).flatMap(([name, value]) => referencesIn(value, `${at}.${name}`, depth + 1));
}

function readReference(holder: JsonObject, at: string): Reference {
  const text = holder[KEY];
  const wrong = (message: string): OptimizerError =>
    new OptimizerError('request.params', `\`${at}\`: ${message}`, {
      hint: 'For example {"$from": "step1.items[0].id"}.',
      data: { path: `${at}.${KEY}` },
    });
  if (Object.keys(holder).length > 1) throw wrong('`$from` stands alone in its object');
  if (typeof text !== 'string') throw wrong('`$from` is a text');
  const step = STEP.exec(text)?.[0];
  if (step === undefined) throw wrong(`\`${text.slice(0, 80)}\` does not begin with the id of a step`);
  const path: Array<string | number> = [];
  for (let rest = text.slice(step.length); rest !== ''; ) {
    const part = PART.exec(rest);
    if (part === null) throw wrong(`\`${text.slice(0, 80)}\` cannot be read from \`${rest.slice(0, 40)}\` on`);
    const [whole, name, index, quoted] = part;
    path.push(name ?? (index === undefined ? (JSON.parse(quoted as string) as string) : Number(index)));
    rest = rest.slice(whole.length);
  }
  return { text, step, path, at };
}

/** `params` with every reference replaced. `stepValue` answers the whole value of a step. Throws `request.reference`. */
export function resolveReferences(params: JsonObject, at: string, stepValue: (step: string) => Json): JsonObject {
  const resolve = (value: Json, place: string): Json => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item, index) => resolve(item, `${place}[${index}]`));
    if (Object.hasOwn(value, KEY)) return follow(readReference(value, place), stepValue);
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolve(inner, `${place}.${name}`)]));
  };
  return resolve(params, at) as JsonObject;
}

function follow({ text, step, path, at }: Reference, stepValue: (step: string) => Json): Json {
  let value = stepValue(step);
  let way = step;
  for (const part of path) {
    const inner = memberOf(value, part);
    if (inner === undefined) {
      throw new OptimizerError(
        'request.reference',
        `\`${at}\`: \`${text}\` leads nowhere: \`${way}\` ${whatIsThere(value)}`,
        { data: { path: at, from: text, reached: way, available: namesOf(value) } },
      );
    }
    value = inner;
    way += typeof part === 'number' ? `[${part}]` : `.${part}`;
  }
  return value;
}

function memberOf(value: Json, part: string | number): Json | undefined {
  if (Array.isArray(value)) return typeof part === 'number' ? value[part] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
}

function whatIsThere(value: Json): string {
  if (Array.isArray(value))
    return value.length === 0 ? 'is an empty list' : `is a list of ${value.length}, [0] to [${value.length - 1}]`;
  if (!isJsonObject(value)) return value === null ? 'is null' : `is a ${typeof value}`;
  const names = Object.keys(value);
  if (names.length === 0) return 'is an empty object';
  const more = names.length > SHOWN_MAX ? ` and ${names.length - SHOWN_MAX} more` : '';
  return `has ${names
    .slice(0, SHOWN_MAX)
    .map((name) => `\`${name.slice(0, 60)}\``)
    .join(', ')}${more}`;
}

function namesOf(value: Json): Json {
  if (Array.isArray(value)) return value.length;
  return isJsonObject(value) ? Object.keys(value).slice(0, SHOWN_MAX) : [];
}
