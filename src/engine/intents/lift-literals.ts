/**
 * From several programs of one shape to one program with parameters: each literal that was not the same in all of them
 * becomes `params.name`, named after where it stands. Pure; the newest program keeps its own text everywhere else.
 * Answers nothing when the programs do not line up after all: then nothing is proposed.
 */
import { type AnyNode, parse } from 'acorn';
import type { Json, JsonObject } from '../../core/json.ts';
import { full } from './walk.ts';

/** A program and its JavaScript: the same text with types blanked, so that positions are the same. */
export interface LiftedFrom {
  readonly code: string;
  readonly javascript: string;
}

export interface Lifted {
  readonly code: string;
  /** JSON Schema of the parameters that were lifted; each with the newest value as an example. */
  readonly properties: Readonly<Record<string, JsonObject>>;
}

interface Found {
  readonly start: number;
  readonly end: number;
  readonly value: string | number;
  /** What the place is called; may be no good as a name. */
  readonly place: string | undefined;
}

const NAME = /^[A-Za-z_$][\w$]{0,39}$/;

/** `programs` oldest first; `taken` are names that `params` has already. */
export function liftLiterals(programs: readonly LiftedFrom[], taken: readonly string[]): Lifted | undefined {
  const found = programs.map(({ javascript }) => literalsOf(javascript));
  const newest = found.at(-1);
  const program = programs.at(-1);
  if (newest === undefined || program === undefined) return undefined;
  if (found.some((list) => list === undefined || list.length !== newest.length)) return undefined;
  const names = new Set(taken);
  const byValues = new Map<string, string>();
  const properties: Record<string, JsonObject> = {};
  const cuts: Array<{ start: number; end: number; text: string }> = [];
  for (const [index, literal] of newest.entries()) {
    const values = found.map((list) => list?.[index]?.value as string | number);
    if (values.every((value) => value === values[0])) continue;
    // What has always changed together is one parameter.
    const key = JSON.stringify(values);
    let name = byValues.get(key);
    if (name === undefined) {
      name = freeName(literal.place, names);
      byValues.set(key, name);
      const types = [...new Set(values.map((value) => typeof value))];
      properties[name] = { ...(types.length === 1 ? { type: types[0] as string } : {}), examples: [literal.value] };
    }
    cuts.push({ start: literal.start, end: literal.end, text: `params.${name}` });
  }
  let code = program.code;
  for (const { start, end, text } of cuts.reverse()) code = code.slice(0, start) + text + code.slice(end);
  return { code, properties };
}

function freeName(place: string | undefined, names: Set<string>): string {
  const wanted = place !== undefined && NAME.test(place) ? place : 'value';
  let name = wanted;
  for (let count = 2; names.has(name); count++) name = `${wanted}${count}`;
  names.add(name);
  return name;
}

/** Texts and numbers that may become parameters, in the order of the text; undefined for a program that cannot be read so. */
function literalsOf(javascript: string): Found[] | undefined {
  const found: Found[] = [];
  let isReadable = true;
  const body = parseLoosely(javascript);
  if (body === undefined) return undefined;
  full(body, (node, parents) => {
    if (declaresParams(node)) isReadable = false;
    const value = literalValue(node);
    if (value === undefined || isFixed(node, parents)) return;
    found.push({ start: node.start, end: node.end, value, place: placeOf(node, parents) });
  });
  return isReadable ? found.sort((a, b) => a.start - b.start) : undefined;
}

function parseLoosely(text: string): AnyNode | undefined {
  const options = { ecmaVersion: 2024, allowAwaitOutsideFunction: true, allowReturnOutsideFunction: true } as const;
  for (const sourceType of ['script', 'module'] as const) {
    try {
      return parse(text, { ...options, sourceType });
    } catch {
      // The other kind may take it.
    }
  }
  return undefined;
}

function literalValue(node: AnyNode): string | number | undefined {
  if (node.type === 'TemplateLiteral' && node.expressions.length === 0)
    return node.quasis[0]?.value.cooked ?? undefined;
  if (node.type !== 'Literal') return undefined;
  return typeof node.value === 'string' || typeof node.value === 'number' ? node.value : undefined;
}

/** Places where an expression cannot stand, or where another value would mean another program. */
function isFixed(node: AnyNode, parents: readonly AnyNode[]): boolean {
  const parent = parents.at(-1);
  if (parent === undefined) return true;
  if (parent.type === 'ExpressionStatement') return parent.directive !== undefined;
  if (parent.type === 'TaggedTemplateExpression') return true;
  if (parent.type === 'Property' || parent.type === 'PropertyDefinition' || parent.type === 'MethodDefinition') {
    return parent.key === node && !parent.computed;
  }
  // `tools["files"]` is a name, as `tools.files` is.
  return parent.type === 'MemberExpression' && parent.property === node && typeof literalValue(node) === 'string';
}

/** `path` of `{path: 'a'}`, `limit` of `const limit = 3`; of a list or of an operation the place of the whole. */
function placeOf(node: AnyNode, parents: readonly AnyNode[]): string | undefined {
  let inner = node;
  for (const parent of [...parents].reverse()) {
    if (parent.type === 'Property') return parent.key.type === 'Identifier' ? parent.key.name : undefined;
    if (parent.type === 'VariableDeclarator') return parent.id.type === 'Identifier' ? parent.id.name : undefined;
    if (parent.type === 'AssignmentPattern' && parent.left.type === 'Identifier') return parent.left.name;
    if (parent.type === 'BinaryExpression') {
      const other = parent.left === inner ? parent.right : parent.left;
      if (other.type === 'MemberExpression' && other.property.type === 'Identifier') return other.property.name;
      if (other.type === 'Identifier') return other.name;
    }
    if (!['ArrayExpression', 'BinaryExpression', 'UnaryExpression', 'TemplateLiteral'].includes(parent.type))
      return undefined;
    inner = parent;
  }
  return undefined;
}

/** A program with a `params` of its own would read the wrong one. */
function declaresParams(node: AnyNode): boolean {
  const declared: Array<AnyNode | null | undefined> = [];
  if (node.type === 'VariableDeclarator') declared.push(node.id);
  if (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression'
  ) {
    declared.push(...node.params);
  }
  return declared.some((id) => id?.type === 'Identifier' && id.name === 'params');
}

/** The schema of what a run was given: how a saved program's parameters are described. */
export function schemaOfValues(params: JsonObject): Record<string, JsonObject> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, { ...typeOf(value) }]));
}

function typeOf(value: Json): { type?: string } {
  if (value === null) return {};
  return { type: Array.isArray(value) ? 'array' : typeof value };
}
