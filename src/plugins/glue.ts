/**
 * The script that the translator writes, made fit to be run as a function, and looked over once more: it may only use the
 * globals that the translator is known to need. A name that escaped `core-module.ts` would have to reach for something
 * else (`process`, `globalThis`, an import), and is refused here.
 *
 * Decision to know: the script is an ES module, and one executable cannot import a module from memory. Its module syntax
 * is two exports, so they are taken off and the rest is the body of a function.
 */
import { type AnyNode, type ObjectPattern, parse } from 'acorn';
import { PluginRefusal } from './plugin-refusal.ts';

/** What the translator's own code uses of a realm (jco-transpile 0.15). */
const GLOBALS: ReadonlySet<string> = new Set(
  (
    'Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Error FinalizationRegistry Float32Array ' +
    'Float64Array Infinity Int16Array Int32Array Int8Array JSON Map Math NaN Number Object Promise RangeError Reflect ' +
    'Set String Symbol TextDecoder TextEncoder TypeError Uint16Array Uint32Array Uint8Array WeakMap WebAssembly ' +
    'clearInterval clearTimeout console isNaN parseInt queueMicrotask setInterval setTimeout undefined'
  ).split(' '),
);

/** Never in the script, declared or not: with one of them any other could be reached. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'Function',
  'constructor',
  'eval',
  'fetch',
  'global',
  'globalThis',
  'importScripts',
  'module',
  'process',
  'require',
  'self',
]);

/**
 * What the translator writes for hosts that we are not: a look at the environment for its debug switch, and a way to fetch
 * core modules that is never taken, because they are handed in. Taken out, so that the rule below needs no exception.
 */
const REPLACED: ReadonlyArray<readonly [text: string, by: string]> = [
  ['globalThis?.process?.env?.JCO_DEBUG', 'false'],
  ['globalThis.WebAssembly', 'WebAssembly'],
  ['const fetchCompile = url => fetch(url).then(WebAssembly.compileStreaming);', ''],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the translator's text
  ['if (!getCoreModule) getCoreModule = (name) => fetchCompile(new URL(`./${name}`, import.meta.url));', ''],
];

/** The body of a function that returns `instantiate`. Throws `PluginRefusal` when the script is not of the known kind. */
export function glueBody(script: string): string {
  const { body, entry } = withoutExports(REPLACED.reduce((text, [from, to]) => text.replaceAll(from, to), script));
  refuseReaching(body);
  return `"use strict";${body}\nreturn ${entry};`;
}

/** Cuts `export` off the declarations that bear it; positions come from a parser, never from a pattern. */
function withoutExports(script: string): { body: string; entry: string } {
  const program = parseScript(script, 'module');
  const cuts: Array<readonly [from: number, to: number]> = [];
  let hasEntry = false;
  for (const statement of program.body) {
    if (statement.type !== 'ExportNamedDeclaration') continue;
    const { declaration } = statement;
    if (declaration?.type === 'FunctionDeclaration' && declaration.id.name === 'instantiate') hasEntry = true;
    cuts.push([statement.start, declaration?.start ?? statement.end]);
  }
  if (!hasEntry) throw new Error('The translator wrote a script without `instantiate`.');
  let body = '';
  let at = 0;
  for (const [from, to] of cuts) {
    body += script.slice(at, from);
    at = to;
  }
  return { body: body + script.slice(at), entry: 'instantiate' };
}

function refuseReaching(body: string): void {
  const program = parseScript(body, 'script');
  const declared = new Set<string>();
  const used = new Set<string>();
  walk(program, undefined, (node, parent) => {
    if (node.type === 'ImportExpression' || node.type === 'ImportDeclaration' || node.type === 'WithStatement') {
      throw new PluginRefusal(`The script that was made of it holds a \`${node.type}\`.`);
    }
    if (node.type === 'ObjectPattern') for (const name of boundBy(node)) declared.add(name);
    if (node.type !== 'Identifier') return;
    if (isProperty(node, parent)) {
      const isMethod = parent?.type === 'MethodDefinition' && parent.kind === 'constructor';
      if (FORBIDDEN_PROPERTIES.has(node.name) && !isMethod) refuseName(node.name);
      return;
    }
    if (FORBIDDEN.has(node.name)) refuseName(node.name);
    (isDeclaration(node, parent) ? declared : used).add(node.name);
  });
  for (const name of used) {
    // A name that no realm of ours has reaches nothing: the translator itself forgets a declaration here and there.
    if (!declared.has(name) && !GLOBALS.has(name) && name in globalThis) refuseName(name);
  }
}

const FORBIDDEN_PROPERTIES: ReadonlySet<string> = new Set(['constructor', '__proto__', 'getBuiltinModule']);

function refuseName(name: string): never {
  throw new PluginRefusal(`The script that was made of it reaches for \`${name.slice(0, 80)}\`.`);
}

function parseScript(text: string, sourceType: 'module' | 'script') {
  try {
    return parse(text, { ecmaVersion: 'latest', sourceType, allowReturnOutsideFunction: true });
  } catch (error) {
    throw new PluginRefusal(
      `The script that was made of it does not parse: ${(error as Error).message.slice(0, 200)}.`,
    );
  }
}

/** `x.name`, `{ name: … }`, `name() {}` in a class, and labels: words that name no variable. */
function isProperty(node: AnyNode, parent: AnyNode | undefined): boolean {
  switch (parent?.type) {
    case 'MemberExpression':
      return parent.property === node && !parent.computed;
    case 'Property':
      return parent.key === node && !parent.computed && !parent.shorthand;
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return parent.key === node && !parent.computed;
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return true;
    default:
      return false;
  }
}

/** Where a name is brought into being. Scopes are not kept apart: `FORBIDDEN` covers what that could hide. */
function isDeclaration(node: AnyNode, parent: AnyNode | undefined): boolean {
  switch (parent?.type) {
    case 'VariableDeclarator':
    case 'ClassDeclaration':
    case 'ClassExpression':
      return ('id' in parent && parent.id === node) as boolean;
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return parent.id === node || (parent.params as AnyNode[]).includes(node);
    case 'CatchClause':
      return parent.param === node;
    case 'RestElement':
    case 'ArrayPattern':
      return true;
    case 'AssignmentPattern':
      return parent.left === node;
    default:
      return false;
  }
}

/** `a` and `c` of `{ a, b: c }`. What has a default or nests further is met on its own. */
function* boundBy({ properties }: ObjectPattern): Generator<string> {
  for (const property of properties) {
    if (property.type === 'Property' && property.value.type === 'Identifier') yield property.value.name;
  }
}

function walk(node: AnyNode, parent: AnyNode | undefined, visit: (node: AnyNode, parent: AnyNode | undefined) => void) {
  visit(node, parent);
  for (const member of Object.values(node)) {
    const children: unknown[] = Array.isArray(member) ? member : [member];
    for (const child of children) {
      if (typeof child === 'object' && child !== null && 'type' in child) walk(child as AnyNode, node, visit);
    }
  }
}
