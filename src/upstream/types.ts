/**
 * JSON Schema 2020-12 (with the older spellings that servers still send) to compact TypeScript.
 * Two outputs: `inline`, one line without comments, for signatures; `declaration`, complete, with JSDoc, recursion kept
 * by named types. Decisions: a part that makes no sense becomes `unknown`, never the whole; the type is at least as wide
 * as the schema, with one exception: an object that lists properties and is silent on others is written closed, because a
 * misspelt argument should be found before the call. Depth and size are bounded, nothing here throws, `any` never appears.
 */
import { isJsonObject } from '../core/json.ts';
import { pascalCase } from './names.ts';
import { docComment, literal, plainText, propertyKey } from './type-text.ts';

/** Nesting of schemas that is followed; deeper parts are `unknown`. */
const DEPTH_MAX = 24;
/** Schemas visited for one tool; further parts are `unknown`. */
const NODES_MAX = 6_000;
/** Characters of literals and comments written for one tool; beyond it literals are their primitive type, comments are left out. */
const TEXT_CHARS_MAX = 200_000;
/** Literals of one enum that are written out in a declaration; a longer enum becomes its primitive type. */
const ENUM_MAX = 400;

/** What an inline type may leave out, with `…` in the place of what is missing. */
export interface InlineLimits {
  /** Objects nested deeper than this are `{…}`. */
  readonly depth: number;
  /** Optional properties of a nested object that are shown. */
  readonly nestedOptional: number;
  /** Enums longer than this become their primitive type. */
  readonly enumMax: number;
}

export const INLINE_FULL: InlineLimits = { depth: DEPTH_MAX, nestedOptional: Number.POSITIVE_INFINITY, enumMax: 40 };

interface Piece {
  readonly text: string;
  readonly kind: 'atom' | 'and' | 'or';
}

interface Place {
  readonly depth: number;
  /** The named type whose text is being written; `undefined` in inline mode. */
  readonly owner: string | undefined;
  /** No object or array lies between the owner and here: a reference may close a circle that TypeScript refuses. */
  readonly transparent: boolean;
  readonly indent: string;
  /** The root of the tool's arguments: an empty list of properties means no arguments. */
  readonly root: boolean;
}

const UNKNOWN: Piece = { text: 'unknown', kind: 'atom' };
const NEVER: Piece = { text: 'never', kind: 'atom' };
const PRIMITIVES: ReadonlyMap<string, string> = new Map([
  ['string', 'string'],
  ['number', 'number'],
  ['integer', 'number'],
  ['boolean', 'boolean'],
  ['null', 'null'],
]);

/** One line, no comments; a recursive part is `unknown`. */
export function inlineType(schema: unknown, limits: InlineLimits = INLINE_FULL): string {
  return new TypeWriter(schema, limits).inline();
}

/** The shown properties of an object schema, each as `name: type`, required ones first in the schema's order. */
export function inlineMembers(schema: unknown, limits: InlineLimits): Array<{ text: string; required: boolean }> {
  return new TypeWriter(schema, limits).members();
}

/** How `declareType` names and reads what it declares. */
export interface DeclareOptions {
  /** Name of the first declaration; recursive and shared parts follow, their names start with it. */
  readonly name: string;
  /** Names that exist already in the same program; the new ones are added to it. */
  readonly taken: Set<string>;
  /** These are a tool's arguments: an empty list of properties means that there are none. */
  readonly isArguments: boolean;
}

/** Complete declarations for `schema`, one interface or type after the other. */
export function declareType(schema: unknown, options: DeclareOptions): string {
  return new TypeWriter(schema, undefined, options.taken).declare(options.name, options.isArguments);
}

/** `wanted`, or `wanted2`, `wanted3`, … when it is taken; the answer is taken from then on. */
export function takeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted}${count}`;
  taken.add(name);
  return name;
}

class TypeWriter {
  readonly #root: unknown;
  readonly #limits: InlineLimits | undefined;
  readonly #named = new Map<unknown, string>();
  readonly #taken: Set<string>;
  readonly #queue: unknown[] = [];
  /** Named type to the named types that its text mentions outside of any object or array. */
  readonly #mentions = new Map<string, Set<string>>();
  readonly #open = new Set<unknown>();
  #prefix = '';
  #nodes = 0;
  #textChars = 0;

  constructor(root: unknown, limits: InlineLimits | undefined, taken = new Set<string>()) {
    this.#root = root;
    this.#limits = limits;
    this.#taken = taken;
  }

  inline(): string {
    return this.#write(this.#root, { depth: 0, owner: undefined, transparent: true, indent: '', root: false }).text;
  }

  members(): Array<{ text: string; required: boolean }> {
    const schema = isJsonObject(this.#root) ? this.#root : {};
    const place: Place = { depth: 0, owner: undefined, transparent: false, indent: '', root: true };
    return this.#properties(schema, place).map(({ key, required, piece }) => ({
      text: `${propertyKey(key)}${required ? '' : '?'}: ${piece.text}`,
      required,
    }));
  }

  declare(wanted: string, root: boolean): string {
    const name = takeName(wanted, this.#taken);
    this.#prefix = name;
    this.#named.set(this.#root, name);
    const texts = [this.#declaration(this.#root, name, root)];
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      texts.push(this.#declaration(next, this.#named.get(next) as string, false));
    }
    return texts.join('\n');
  }

  #declaration(schema: unknown, name: string, root: boolean): string {
    const piece = this.#write(schema, { depth: 0, owner: name, transparent: true, indent: '', root });
    const doc = this.#doc(schema, '');
    const isObjectLiteral = piece.kind === 'atom' && piece.text.startsWith('{') && piece.text.endsWith('}');
    return isObjectLiteral ? `${doc}interface ${name} ${piece.text}` : `${doc}type ${name} = ${piece.text};`;
  }

  #doc(schema: unknown, indent: string): string {
    if (this.#textChars > TEXT_CHARS_MAX) return '';
    const text = docComment(schema, indent);
    this.#textChars += text.length;
    return text;
  }

  #write(schema: unknown, place: Place): Piece {
    this.#nodes += 1;
    if (this.#nodes > NODES_MAX || place.depth > DEPTH_MAX) return UNKNOWN;
    if (schema === false) return NEVER;
    if (!isJsonObject(schema)) return UNKNOWN;
    const references: Piece[] = [];
    const pointer = schema.$ref ?? schema.$dynamicRef;
    if (typeof pointer === 'string') references.push(this.#reference(pointer, place));
    const alternatives: Piece[] = [];
    for (const key of ['anyOf', 'oneOf']) {
      const list = schema[key];
      if (Array.isArray(list) && list.length > 0) {
        alternatives.push(union(list.map((item) => this.#write(item, below(place)))));
      }
    }
    const parts = Array.isArray(schema.allOf) ? schema.allOf.map((item) => this.#write(item, below(place))) : [];
    const others = [...references, ...alternatives, ...parts].filter((piece) => piece !== UNKNOWN);
    const base = this.#base(schema, place);
    // A primitive beside alternatives adds nothing that the alternatives do not say more narrowly.
    const isImplied = others.length > 0 && isPlainPrimitive(schema, base);
    const whole = intersection(isImplied ? others : [base, ...others]);
    return schema.nullable === true ? union([whole, { text: 'null', kind: 'atom' }]) : whole;
  }

  #base(schema: Record<string, unknown>, place: Place): Piece {
    if (Object.hasOwn(schema, 'const')) return this.#enumeration([schema.const]);
    const values = schema.enum;
    if (Array.isArray(values)) return this.#enumeration(values);
    const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
    const known = (Array.isArray(types) ? types : [impliedType(schema)]).filter((type) => typeof type === 'string');
    if (known.length === 0) return UNKNOWN;
    return union(known.map((type) => this.#ofType(type, schema, place)));
  }

  #ofType(type: string, schema: Record<string, unknown>, place: Place): Piece {
    const primitive = PRIMITIVES.get(type);
    if (primitive !== undefined) return { text: primitive, kind: 'atom' };
    if (type === 'object') return this.#object(schema, place);
    if (type === 'array') return this.#array(schema, place);
    return UNKNOWN;
  }

  #enumeration(values: readonly unknown[]): Piece {
    const max = this.#limits?.enumMax ?? ENUM_MAX;
    const literals =
      values.length > max || this.#textChars > TEXT_CHARS_MAX ? [] : values.map((value) => literal(value));
    for (const text of literals) this.#textChars += text.length;
    if (values.length > literals.length) {
      const kinds = [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))];
      return union(kinds.map((kind) => ({ text: PRIMITIVES.get(kind) ?? 'unknown', kind: 'atom' })));
    }
    return union(literals.map((text) => ({ text, kind: 'atom' })));
  }

  #array(schema: Record<string, unknown>, place: Place): Piece {
    const inside: Place = { ...below(place), transparent: false };
    const prefix = Array.isArray(schema.prefixItems) ? schema.prefixItems : schema.items;
    if (Array.isArray(prefix)) {
      const least = countOf(schema.minItems) ?? 0;
      const most = countOf(schema.maxItems);
      const items = prefix.slice(0, most ?? prefix.length).map((item, index) => {
        const text = this.#write(item, inside);
        return index < least ? text.text : `${grouped(text)}?`;
      });
      const further = Array.isArray(schema.items) ? schema.additionalItems : schema.items;
      const isClosed = further === false || (most !== undefined && most <= prefix.length);
      if (!isClosed) items.push(`...${grouped(this.#write(further, inside))}[]`);
      return { text: `[${items.join(', ')}]`, kind: 'atom' };
    }
    return { text: `${grouped(this.#write(schema.items, inside))}[]`, kind: 'atom' };
  }

  #properties(schema: Record<string, unknown>, place: Place) {
    const inside: Place = {
      ...below(place),
      transparent: false,
      root: false,
      indent: this.#limits === undefined ? `${place.indent}  ` : '',
    };
    const properties = isJsonObject(schema.properties) ? schema.properties : {};
    const names = Array.isArray(schema.required) ? schema.required : [];
    const required = new Set(names.filter((name): name is string => typeof name === 'string'));
    const written = Object.entries(properties).map(([key, value]) => ({ key, value: value as unknown }));
    for (const name of required) {
      if (!Object.hasOwn(properties, name)) written.push({ key: name, value: true });
    }
    return written.map(({ key, value }) => {
      const isRequired = required.has(key);
      // Every object inherits such a member, so TypeScript finds it there and compares its type, present or not.
      const piece = !isRequired && key in Object.prototype ? UNKNOWN : this.#write(value, inside);
      return { key, value, required: isRequired, piece };
    });
  }

  #object(schema: Record<string, unknown>, place: Place): Piece {
    if (this.#limits !== undefined && place.depth > this.#limits.depth) return { text: '{…}', kind: 'atom' };
    const members = this.#properties(schema, place);
    const rest = this.#rest(schema, place, members.length > 0);
    if (members.length === 0) return rest ?? this.#emptyObject(schema, place);
    if (this.#limits !== undefined) return this.#objectLine(members, rest, place);
    const lines = members.map(({ key, value, required, piece }) => {
      const doc = this.#doc(value, `${place.indent}  `);
      return `${doc}${place.indent}  ${propertyKey(key)}${required ? '' : '?'}: ${piece.text};`;
    });
    if (rest !== undefined) lines.push(`${place.indent}  [key: string]: unknown;`);
    return { text: `{\n${lines.join('\n')}\n${place.indent}}`, kind: 'atom' };
  }

  #objectLine(
    members: ReadonlyArray<{ key: string; required: boolean; piece: Piece }>,
    rest: Piece | undefined,
    place: Place,
  ): Piece {
    let optionalLeft = place.depth === 0 ? Number.POSITIVE_INFINITY : (this.#limits?.nestedOptional ?? 0);
    let isShortened = false;
    const parts: string[] = [];
    for (const { key, required, piece } of members) {
      if (!required && optionalLeft-- <= 0) isShortened = true;
      else parts.push(`${propertyKey(key)}${required ? '' : '?'}: ${piece.text}`);
    }
    if (rest !== undefined) parts.push('[key: string]: unknown');
    if (isShortened) parts.push('…');
    return { text: `{${parts.join('; ')}}`, kind: 'atom' };
  }

  /** What an object may hold beside its listed properties; `undefined` when nothing is said of it. */
  #rest(schema: Record<string, unknown>, place: Place, hasMembers: boolean): Piece | undefined {
    const additional = schema.additionalProperties ?? schema.unevaluatedProperties;
    const patterns = isJsonObject(schema.patternProperties) ? Object.values(schema.patternProperties) : [];
    const values: unknown[] = [...patterns];
    if (additional === true || isJsonObject(additional)) values.push(additional);
    if (values.length === 0) return undefined;
    // Beside listed properties an index signature must hold all of their types, so nothing narrower than `unknown` is true.
    if (hasMembers) return UNKNOWN;
    const inside: Place = { ...below(place), transparent: false, root: false };
    const value = union(values.map((item) => this.#write(item, inside)));
    const keys = isJsonObject(schema.propertyNames) ? schema.propertyNames.enum : undefined;
    if (Array.isArray(keys) && keys.length > 0 && keys.length <= 40 && keys.every((key) => typeof key === 'string')) {
      return { text: `{ ${keys.map((key) => `${propertyKey(key)}?: ${value.text}`).join('; ')} }`, kind: 'atom' };
    }
    // An index signature, unlike `Record`, may mention the type that it is part of.
    const mentionsNamed = [...this.#taken].some((name) => value.text.includes(name));
    return mentionsNamed
      ? { text: `{ [key: string]: ${value.text} }`, kind: 'atom' }
      : { text: `Record<string, ${value.text}>`, kind: 'atom' };
  }

  #emptyObject(schema: Record<string, unknown>, place: Place): Piece {
    const isClosed = schema.additionalProperties === false || schema.unevaluatedProperties === false;
    const hasNoArguments = place.root && isJsonObject(schema.properties);
    return { text: `Record<string, ${isClosed || hasNoArguments ? 'never' : 'unknown'}>`, kind: 'atom' };
  }

  #reference(pointer: string, place: Place): Piece {
    const target = resolvePointer(this.#root, pointer);
    if (target === undefined) return UNKNOWN;
    if (!isJsonObject(target)) return this.#write(target, below(place));
    if (this.#limits !== undefined) {
      if (this.#open.has(target)) return UNKNOWN;
      this.#open.add(target);
      const piece = this.#write(target, below(place));
      this.#open.delete(target);
      return piece;
    }
    const name = this.#named.get(target) ?? this.#newName(target, pointer);
    if (place.transparent && place.owner !== undefined) {
      if (this.#reaches(name, place.owner)) return UNKNOWN;
      const mentioned = this.#mentions.get(place.owner) ?? new Set();
      this.#mentions.set(place.owner, mentioned.add(name));
    }
    return { text: name, kind: 'atom' };
  }

  #newName(target: unknown, pointer: string): string {
    const wanted = `${this.#prefix}${pascalCase(plainText(pointer).split('/').pop() ?? '')}`.slice(0, 80);
    const name = takeName(wanted, this.#taken);
    this.#named.set(target, name);
    this.#queue.push(target);
    return name;
  }

  /** True when `from` mentions `to` outside of any object or array, directly or through other names. */
  #reaches(from: string, to: string): boolean {
    const seen = new Set<string>();
    const open = [from];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (name === to) return true;
      if (seen.has(name)) continue;
      seen.add(name);
      open.push(...(this.#mentions.get(name) ?? []));
    }
    return false;
  }
}

/** The part of `root` that a local pointer or anchor names; own members only. `undefined` when there is none. */
export function resolvePointer(root: unknown, pointer: string): unknown {
  if (pointer === '#') return root;
  if (!pointer.startsWith('#/')) return resolveAnchor(root, pointer);
  let at: unknown = root;
  for (const step of pointer.slice(2).split('/')) {
    const key = decodeStep(step);
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

function resolveAnchor(root: unknown, pointer: string): unknown {
  if (!pointer.startsWith('#') || !isJsonObject(root)) return undefined;
  for (const key of ['$defs', 'definitions']) {
    const group = root[key];
    if (!isJsonObject(group)) continue;
    for (const schema of Object.values(group)) {
      if (!isJsonObject(schema)) continue;
      if (schema.$anchor === pointer.slice(1) || schema.$dynamicAnchor === pointer.slice(1)) return schema;
    }
  }
  return undefined;
}

function decodeStep(step: string): string {
  const plain = step.replaceAll('~1', '/').replaceAll('~0', '~');
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

function below(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}

function grouped(piece: Piece): string {
  return piece.kind === 'atom' ? piece.text : `(${piece.text})`;
}

function union(pieces: readonly Piece[]): Piece {
  if (pieces.some((piece) => piece.text === 'unknown')) return UNKNOWN;
  const kept = distinct(pieces.filter((piece) => piece.text !== 'never'));
  if (kept.length === 0) return NEVER;
  if (kept.length === 1) return kept[0] as Piece;
  const texts = kept.map((piece) => (piece.kind === 'and' ? `(${piece.text})` : piece.text));
  return { text: texts.join(' | '), kind: 'or' };
}

function intersection(pieces: readonly Piece[]): Piece {
  if (pieces.some((piece) => piece.text === 'never')) return NEVER;
  const kept = distinct(pieces.filter((piece) => piece.text !== 'unknown'));
  if (kept.length === 0) return UNKNOWN;
  if (kept.length === 1) return kept[0] as Piece;
  return { text: kept.map((piece) => (piece.kind === 'or' ? `(${piece.text})` : piece.text)).join(' & '), kind: 'and' };
}

function distinct(pieces: readonly Piece[]): Piece[] {
  return [...new Map(pieces.map((piece) => [piece.text, piece])).values()];
}

function isPlainPrimitive(schema: Record<string, unknown>, base: Piece): boolean {
  if (Object.hasOwn(schema, 'const') || Array.isArray(schema.enum)) return false;
  return base.text.split(' | ').every((part) => PRIMITIVES.has(part));
}

/** A schema without `type` that lists properties or items means an object or an array. */
function impliedType(schema: Record<string, unknown>): string | undefined {
  const has = (key: string): boolean => Object.hasOwn(schema, key);
  if (has('properties') || has('patternProperties') || has('additionalProperties') || has('required')) return 'object';
  return has('items') || has('prefixItems') ? 'array' : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1_000 ? value : undefined;
}
