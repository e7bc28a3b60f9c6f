/**
 * How the top-level declarations of a session's program become variables that the next program finds. They are turned into
 * assignments to globals of the guest, in place, so that a function that one run declared and a program of a later run
 * mean the same variable:
 *
 *   const a = 1, { b } = c      ;(a = 1, { b } = c);
 *   let d                       ;(d=void 0);
 *   function f() {}             function f$0() {}     and, before everything else, f=f$0
 *   class A {}                  ;A=class A {};
 *
 * A `var` in front of the program makes the names known, so that the same holds under "use strict". A name that is one of
 * the guest's own globals is not kept: a program that calls a variable `search` would take `search` from all later ones.
 */
import type { AnyNode, ClassDeclaration, FunctionDeclaration, Pattern, VariableDeclaration } from 'acorn';

/** What the rewriting needs of the text: see the weaver in program-forms.ts. */
export interface Text {
  readonly text: string;
  blank(start: number, end: number): void;
  insert(at: number, text: string): void;
}

/** Texts that stand before the program: outside of its function, and first in it. */
export interface Heads {
  readonly outside: string;
  readonly inside: string;
}

/** Rewrites the declarations among `body`, the statements of a program. */
export function keepDeclarations(weaver: Text, body: readonly AnyNode[]): Heads {
  const names = new Set<string>();
  const functions: string[] = [];
  const suffix = unusedSuffix(weaver.text);
  for (const statement of body) {
    const node = declarationIn(statement);
    const declared = node === undefined ? [] : namesOf(node);
    if (node === undefined || declared.length === 0 || declared.some((name) => RESERVED.has(name))) continue;
    for (const name of declared) names.add(name);
    if (node.type === 'VariableDeclaration') keepVariables(weaver, node);
    else if (node.type === 'ClassDeclaration') keepClass(weaver, node);
    else {
      const [name] = declared as [string];
      weaver.insert((node as FunctionDeclaration & { id: { end: number } }).id.end, suffix);
      functions.push(name);
    }
  }
  if (names.size === 0) return { outside: '', inside: '' };
  // A function declared twice is the last one; its name is its own again.
  const inside = [...new Set(functions)]
    .map((name) => `Object.defineProperty(${name}=${name}${suffix},"name",{value:"${name}",configurable:true});`)
    .join('');
  return { outside: `var ${[...names].join(',')};`, inside };
}

type Declaration = VariableDeclaration | FunctionDeclaration | ClassDeclaration;

function declarationIn(node: AnyNode): Declaration | undefined {
  switch (node.type) {
    case 'VariableDeclaration':
      return node;
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      return node as Declaration;
    case 'ExportNamedDeclaration':
      return node.declaration ? declarationIn(node.declaration) : undefined;
    // Its name is in scope like that of any other; one without a name declares nothing.
    case 'ExportDefaultDeclaration':
      return node.declaration.type === 'FunctionDeclaration' && node.declaration.id
        ? (node.declaration as FunctionDeclaration)
        : undefined;
    default:
      return undefined;
  }
}

function namesOf(node: Declaration): string[] {
  if (node.type !== 'VariableDeclaration') return [node.id.name];
  return node.declarations.flatMap(({ id }) => namesIn(id));
}

function namesIn(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((member) =>
        namesIn(member.type === 'RestElement' ? member.argument : member.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element === null ? [] : namesIn(element)));
    case 'RestElement':
      return namesIn(pattern.argument);
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    case 'MemberExpression':
      return [];
  }
}

/** The statement before may lack its semicolon, and a parenthesis would then be the arguments of a call. */
function keepVariables(weaver: Text, { start, kind, declarations }: VariableDeclaration): void {
  const [first] = declarations;
  const last = declarations.at(-1);
  if (first === undefined || last === undefined) return;
  weaver.blank(start, first.start);
  weaver.insert(first.start, ';(');
  for (const { id, init } of declarations) {
    // `let a` is a new variable each time; `var a` leaves what is there.
    if (!init && kind !== 'var') weaver.insert(id.end, '=void 0');
  }
  weaver.insert(last.end, ');');
}

function keepClass(weaver: Text, { start, end, id }: ClassDeclaration): void {
  weaver.insert(start, `;${id.name}=`);
  weaver.insert(end, ';');
}

function unusedSuffix(text: string): string {
  let number = 0;
  while (text.includes(`$${number}`)) number++;
  return `$${number}`;
}

/** Every global of a guest, and names that mean something of their own in a function; a test compares the former. */
export const GUEST_GLOBALS: ReadonlySet<string> = new Set(
  [
    'AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError',
    'Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Iterator JSON Map Math NaN',
    'Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError',
    'URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet decodeURI decodeURIComponent encodeURI',
    'encodeURIComponent escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape',
    'AbortController AbortSignal TextDecoder TextEncoder atob btoa params queueMicrotask structuredClone',
    'tools search intents console performance crypto setTimeout clearTimeout load emit context fetch URL URLSearchParams',
  ]
    .join(' ')
    .split(' '),
);
const RESERVED: ReadonlySet<string> = new Set([...GUEST_GLOBALS, 'arguments', 'async', 'let', 'static', 'yield']);
