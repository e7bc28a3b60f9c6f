/** IR → `src/bindings/generated/interfaces.ts`: the types that the host side implements, and the table of functions. */
import { arity, JSON_ALIAS, type Member, type NamedType, type WitFunction, type WitType, type World } from './ir.ts';
import { camelCase, parameterName, pascalCase } from './names.ts';
import { docComment, HEADER } from './typescript-text.ts';

export function emitInterfaces(world: World): string {
  const text = emitBody(world);
  return [
    HEADER,
    ...(/\bJson\b/.test(text) ? ["import type { Json } from '../../core/json.ts';"] : []),
    "import { lookupTable } from '../lookup-table.ts';",
    '',
    text,
  ].join('\n');
}

function emitBody(world: World): string {
  const names = world.interfaces.map((entry) => entry.name);
  return [
    '/** Every interface that a run can be granted. */',
    `export type InterfaceName = ${names.map((name) => `'${camelCase(name)}'`).join(' | ')};`,
    '',
    ...[...world.types.values()].flatMap(emitNamedType),
    ...world.interfaces.flatMap((entry) => [
      ...docComment(entry.docs, ''),
      `export interface ${hostName(entry.name)} {`,
      ...entry.functions.flatMap(emitMethod),
      '}',
      '',
    ]),
    '/** One host object for each interface; made for one run. */',
    'export interface Capabilities {',
    ...names.map((name) => `  ${camelCase(name)}: ${hostName(name)};`),
    '}',
    '',
    '/** How a function is called: `async` ones answer by a promise; `arity` is the fewest and the most arguments. */',
    'export interface FunctionShape {',
    '  readonly async: boolean;',
    '  readonly arity: readonly [min: number, max: number];',
    '}',
    '',
    'const shape = (async: boolean, min: number, max: number): FunctionShape =>',
    '  Object.freeze({ async, arity: Object.freeze([min, max] as const) });',
    '',
    '/** Interface → function → shape. Frozen, without a prototype: a name that a guest makes up finds nothing. */',
    'export const INTERFACES: {',
    '  readonly [Name in InterfaceName]: { readonly [Method in keyof Capabilities[Name]]: FunctionShape };',
    '} = lookupTable({',
    ...world.interfaces.flatMap((entry) => [
      `  ${camelCase(entry.name)}: lookupTable({`,
      ...entry.functions.map((fn) => `    ${camelCase(fn.name)}: shape(${[fn.async, ...arity(fn)].join(', ')}),`),
      '  }),',
    ]),
    '});',
    '',
  ].join('\n');
}

/** The TypeScript of a type in place. `list<u8>` is a `Uint8Array`, 64-bit integers are safe integers. */
export function typeScriptOf(type: WitType): string {
  switch (type.kind) {
    case 'primitive':
      if (type.name === 'bool') return 'boolean';
      return type.name === 'string' ? 'string' : 'number';
    case 'list':
      if (isByte(type.of)) return 'Uint8Array';
      return `readonly ${parenthesised(typeScriptOf(type.of))}[]`;
    case 'option':
      return `${typeScriptOf(type.of)} | undefined`;
    case 'tuple':
      return `readonly [${type.of.map(typeScriptOf).join(', ')}]`;
    case 'result':
      throw new Error('A `result` is written only where a function returns it.');
    case 'named':
      return type.name === JSON_ALIAS ? 'Json' : pascalCase(type.name);
  }
}

export function isByte(type: WitType): boolean {
  return type.kind === 'primitive' && type.name === 'u8';
}

function hostName(name: string): string {
  return `${pascalCase(name)}Host`;
}

function parenthesised(text: string): string {
  return /[ |]/.test(text) ? `(${text})` : text;
}

function emitNamedType({ name, docs, body }: NamedType): string[] {
  if (name === JSON_ALIAS) return [];
  const comment = docComment(docs, '');
  if (body.kind === 'record') {
    return [...comment, `export interface ${pascalCase(name)} {`, ...body.fields.flatMap(emitField), '}', ''];
  }
  if (body.kind === 'enum') {
    const cases = body.cases.flatMap((entry) => [...docComment(entry.docs, '  '), `  | '${entry.name}'`]);
    return [...comment, `export type ${pascalCase(name)} =`, `${cases.join('\n')};`, ''];
  }
  return [...comment, `export type ${pascalCase(name)} = ${typeScriptOf(body.of)};`, ''];
}

function emitField({ name, docs, type }: Member): string[] {
  const optional = type.kind === 'option';
  const text = typeScriptOf(optional ? type.of : type);
  return [...docComment(docs, '  '), `  readonly ${camelCase(name)}${optional ? '?' : ''}: ${text};`];
}

function emitMethod(fn: WitFunction): string[] {
  const [required] = arity(fn);
  const parameters = fn.parameters.map((parameter, index) => {
    const optional = index >= required && parameter.type.kind === 'option';
    const text = typeScriptOf(optional && parameter.type.kind === 'option' ? parameter.type.of : parameter.type);
    return `${parameterName(parameter.name)}${optional ? '?' : ''}: ${text}`;
  });
  const fails = fn.result?.kind === 'result' && fn.result.error !== undefined;
  const lines = [
    fn.docs,
    ...fn.parameters.map((parameter) => `@param ${parameterName(parameter.name)} ${parameter.docs}`),
    ...(fails ? ['@throws HostFailure'] : []),
  ];
  const value = returned(fn);
  const result = fn.async ? `Promise<${value}>` : value;
  return [...docComment(lines.join('\n'), '  '), `  ${camelCase(fn.name)}(${parameters.join(', ')}): ${result};`];
}

/** `result<T, host-error>` returns `T` and throws `HostFailure`; no other error type can be thrown. */
function returned(fn: WitFunction): string {
  const { result } = fn;
  if (result === undefined) return 'void';
  if (result.kind !== 'result') return typeScriptOf(result);
  if (result.error !== undefined && !(result.error.kind === 'named' && result.error.name === 'host-error')) {
    throw new Error(`\`${fn.name}\` fails with something else than \`host-error\`.`);
  }
  return result.ok === undefined ? 'void' : typeScriptOf(result.ok);
}
