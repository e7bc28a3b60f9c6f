/**
 * The shape of values that were seen: which kinds, which members, which of them were there every time. Merging is part of
 * looking: each value widens the shape. Only names of members are kept, never a value, and names that look like data
 * (numbers, mails, paths, random text, one of very many) are not kept either: such an object is a map.
 *
 * Everything is bounded: depth, members of an object, items looked at, nodes of one shape. A union is what the six kinds of
 * JSON make of it, so it is bounded too.
 */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';

export type ShapeKind = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'object' | 'array';

/** JSON itself, so that it can be stored. */
export interface Shape {
  /** Values seen at this place. */
  seen: number;
  kinds: ShapeKind[];
  /** How many of them were objects: a member seen less often is optional. */
  objects?: number;
  members?: Record<string, Shape>;
  /** In the place of `members` when the names are data. */
  map?: Shape;
  items?: Shape;
}

const DEPTH_MAX = 6;
const MEMBERS_MAX = 40;
const NODES_MAX = 300;
/** Values looked into in one call; further ones are noted by kind alone. */
const VALUES_MAX = 2_000;
/** Of a list, these are looked at. */
const HEAD_ITEMS = 24;
const TAIL_ITEMS = 8;
/** From so many members on, objects of one form under different names are taken for a map. */
const ALIKE_MIN = 4;
/** A name with so many digits is data. */
const DIGITS_MAX = 3;

export function emptyShape(): Shape {
  return { seen: 0, kinds: [] };
}

/** Widens `shape` by one value. */
export function observe(shape: Shape, value: Json): void {
  look(shape, value, 0, { left: VALUES_MAX });
  for (let depth = DEPTH_MAX; depth > 0 && nodesOf(shape) > NODES_MAX; depth--) prune(shape, depth);
}

/** The shape as JSON Schema. */
export function schemaOf(shape: Shape): JsonObject {
  const kinds = shape.kinds.includes('number') ? shape.kinds.filter((kind) => kind !== 'integer') : shape.kinds;
  const parts = kinds.map((kind) => partOf(shape, kind));
  if (parts.length === 0) return {};
  return parts.length === 1 ? (parts[0] as JsonObject) : { anyOf: parts };
}

function partOf(shape: Shape, kind: ShapeKind): JsonObject {
  if (kind === 'array')
    return shape.items === undefined ? { type: kind } : { type: kind, items: schemaOf(shape.items) };
  if (kind !== 'object') return { type: kind };
  if (shape.map !== undefined) return { type: kind, additionalProperties: schemaOf(shape.map) };
  const members = Object.entries(shape.members ?? {});
  if (members.length === 0) return { type: kind };
  return {
    type: kind,
    properties: Object.fromEntries(members.map(([name, member]) => [name, schemaOf(member)])),
    required: members.filter(([, member]) => member.seen >= (shape.objects ?? 0)).map(([name]) => name),
  };
}

function look(shape: Shape, value: Json, depth: number, budget: { left: number }): void {
  shape.seen += 1;
  budget.left -= 1;
  const kind = kindOf(value);
  if (!shape.kinds.includes(kind)) shape.kinds = [...shape.kinds, kind].sort();
  if (depth >= DEPTH_MAX || budget.left <= 0) return;
  if (Array.isArray(value)) lookAtItems(shape, value, depth, budget);
  else if (isJsonObject(value)) lookAtMembers(shape, value, depth, budget);
}

function lookAtItems(shape: Shape, items: readonly Json[], depth: number, budget: { left: number }): void {
  if (items.length === 0) return;
  shape.items ??= emptyShape();
  const isLong = items.length > HEAD_ITEMS + TAIL_ITEMS;
  const chosen = isLong ? [...items.slice(0, HEAD_ITEMS), ...items.slice(-TAIL_ITEMS)] : items;
  for (const item of chosen) look(shape.items, item, depth + 1, budget);
}

function lookAtMembers(shape: Shape, value: JsonObject, depth: number, budget: { left: number }): void {
  const names = Object.keys(value);
  shape.objects = (shape.objects ?? 0) + 1;
  if (shape.map === undefined && isMap(value, names)) shape.map = mergedMembers(shape);
  if (shape.map !== undefined) {
    for (const name of names.slice(0, HEAD_ITEMS)) look(shape.map, value[name] as Json, depth + 1, budget);
    return;
  }
  // Without a prototype: a server may name a member `__proto__`.
  const members: Record<string, Shape> = Object.assign(Object.create(null), shape.members);
  shape.members = members;
  for (const name of names) {
    members[name] ??= emptyShape();
    look(members[name], value[name] as Json, depth + 1, budget);
  }
  if (isScattered(shape)) shape.map = mergedMembers(shape);
}

/** Turns the members into the one shape of a map's values. */
function mergedMembers(shape: Shape): Shape {
  const merged = emptyShape();
  for (const member of Object.values(shape.members ?? {})) merge(merged, member);
  delete shape.members;
  return merged;
}

function isMap(value: JsonObject, names: readonly string[]): boolean {
  if (names.length > MEMBERS_MAX || !names.every(isName)) return true;
  if (names.length < ALIKE_MIN) return false;
  const forms = names.map((name) => {
    const member = value[name];
    return isJsonObject(member) ? Object.keys(member).sort().join('\n') : '';
  });
  return forms[0] !== '' && forms.every((form) => form === forms[0]);
}

/** Many names, and hardly one of them twice: they are data. */
function isScattered({ members = {}, objects = 0 }: Shape): boolean {
  const all = Object.values(members);
  if (all.length > MEMBERS_MAX) return true;
  if (objects < 3 || all.length <= 8) return false;
  const once = all.filter((member) => member.seen === 1).length;
  const always = all.filter((member) => member.seen >= objects).length;
  return once * 2 > all.length && always * 5 < all.length;
}

/** Whether a member's name can be one that a programmer chose. */
function isName(name: string): boolean {
  if (!/^[@$_A-Za-z][\w$:-]{0,39}$/.test(name) || name === '__proto__') return false;
  return (name.match(/\d/g)?.length ?? 0) <= DIGITS_MAX && !/^[0-9a-f-]{12,}$/i.test(name);
}

function merge(into: Shape, from: Shape): void {
  into.seen += from.seen;
  into.kinds = [...new Set([...into.kinds, ...from.kinds])].sort();
  if (from.items !== undefined) {
    into.items ??= emptyShape();
    merge(into.items, from.items);
  }
  if (from.objects !== undefined) into.objects = (into.objects ?? 0) + from.objects;
  if (from.map !== undefined || into.map !== undefined) {
    into.map ??= mergedMembers(into);
    merge(into.map, from.map ?? mergedMembers({ ...from }));
    return;
  }
  if (from.members === undefined) return;
  const members: Record<string, Shape> = Object.assign(Object.create(null), into.members);
  into.members = members;
  for (const [name, member] of Object.entries(from.members)) {
    members[name] ??= emptyShape();
    merge(members[name], member);
  }
  if (Object.keys(members).length > MEMBERS_MAX) into.map = mergedMembers(into);
}

function nodesOf({ members = {}, map, items }: Shape): number {
  const below = [...Object.values(members), ...(map ? [map] : []), ...(items ? [items] : [])];
  return below.reduce((sum, shape) => sum + nodesOf(shape), 1);
}

/** Forgets what lies deeper than `depth`. */
function prune(shape: Shape, depth: number): void {
  if (depth <= 1) {
    delete shape.members;
    delete shape.map;
    delete shape.items;
    return;
  }
  for (const member of Object.values(shape.members ?? {})) prune(member, depth - 1);
  if (shape.map) prune(shape.map, depth - 1);
  if (shape.items) prune(shape.items, depth - 1);
}

function kindOf(value: Json): ShapeKind {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as 'boolean' | 'string' | 'object';
}
