/**
 * What a parsed program means and how it becomes one async function. Nothing is moved: text is put in beside what is
 * there, on the same line, and every such place is noted, so that a position in the source leads back to the text.
 *
 *   statements                     as they are
 *   … expression                   return(expression)
 *   … function or arrow            return(function)(params)
 *   a function, or `main`          …; return main(params)
 *   export default function        as they are, and the function is called at the end
 */
import type { AnyNode, ExportDefaultDeclaration, Program } from 'acorn';
import { OptimizerError } from '../core/errors.ts';
import { importText } from './module-imports.ts';
import { blank, positionOf, unsupportedImport } from './program-text.ts';
import { type Heads, keepDeclarations } from './session-forms.ts';

export interface NormalizedProgram {
  /** Evaluates to one async function of no parameters. */
  readonly source: string;
  /** JavaScript of the same length as the caller's text, for checks and search. */
  readonly javascript: string;
  /** The text with its types, of the same length, when it was TypeScript. */
  readonly typed?: string;
  readonly lines: number;
  /** What was put in, in the order of the source. */
  readonly insertions: readonly Insertion[];
}

/** Columns are 1-based and those of the source. */
export interface Insertion {
  readonly line: number;
  readonly column: number;
  readonly chars: number;
}

/** A position of the source in the caller's text; `undefined` behind its end. */
export function positionInText(
  { lines, insertions }: NormalizedProgram,
  line: number,
  column: number,
): { line: number; column: number } | undefined {
  if (line > lines) return undefined;
  let shift = 0;
  for (const insertion of insertions) {
    if (insertion.line === line && insertion.column <= column)
      shift += Math.min(insertion.chars, column - insertion.column);
  }
  return { line, column: Math.max(1, column - shift) };
}

/**
 * Where a program is to run: a `guest`; a guest whose top-level variables are those of a `session` (session-forms.ts);
 * `node`, where there are modules to import.
 */
export type ProgramUse = 'guest' | 'session' | 'node';

export function weaveProgram(text: string, program: Program, use: ProgramUse = 'guest'): NormalizedProgram {
  const weaver = new Weaver(text);
  const body = program.body.filter((node) => node.type !== 'EmptyStatement');
  const exported = exportsOff(weaver, body, use);
  if (use === 'session') weaver.heads = keepDeclarations(weaver, body);
  const call = exported && callOfDefault(weaver, exported);
  const last = body.at(-1);
  if (last?.type === 'ExpressionStatement' && last.directive !== 'use strict') {
    // After an exported function the last expression counts only when it is the call of that function.
    if (!exported || calls(text.slice(last.start, last.end), nameOf(exported.declaration))) {
      weaver.returnExpression(last.start, endOf(text, last), isFunction(last.expression));
      return weaver.program('');
    }
  }
  if (call !== undefined) return weaver.program(`\nreturn ${call}`);
  const found = entryOf(body, text);
  // In a session a function by itself is there for later programs.
  const entry = use === 'session' && found !== 'main' ? undefined : found;
  return weaver.program(entry === undefined ? '' : `\nreturn ${entry}(params)`);
}

/** A whole text that is one expression; what stands around it is dropped. */
export function weaveExpression(text: string, expression: AnyNode): NormalizedProgram {
  const weaver = new Weaver(text);
  weaver.blank(0, expression.start);
  weaver.blank(expression.end, text.length);
  weaver.returnExpression(expression.start, expression.end, isFunction(expression));
  return weaver.program('');
}

/** The `;` of a statement is part of it; the expression ends before it. */
function endOf(text: string, { end }: AnyNode): number {
  return text[end - 1] === ';' ? end - 1 : end;
}

/** A generator's answer is not a value, so it is not called. */
function isFunction(node: AnyNode | null | undefined): boolean {
  if (node?.type === 'ArrowFunctionExpression') return true;
  return (node?.type === 'FunctionExpression' || node?.type === 'FunctionDeclaration') && !node.generator;
}

/** Blanks every `export`; answers the default one. Refuses what cannot be in a function. */
function exportsOff(weaver: Weaver, body: readonly AnyNode[], use: ProgramUse): ExportDefaultDeclaration | undefined {
  let found: ExportDefaultDeclaration | undefined;
  for (const node of body) {
    if (node.type === 'ExportDefaultDeclaration' && node.declaration.type !== 'ClassDeclaration') found = node;
    else if (node.type === 'ExportNamedDeclaration' && node.declaration) {
      weaver.blank(node.start, node.declaration.start);
    } else if (use === 'node' && node.type === 'ImportDeclaration') {
      weaver.blank(node.start, node.end);
      weaver.insert(node.start, importText(node));
    } else if (node.type.startsWith('Import') || node.type.startsWith('Export')) throw unsupported(weaver.text, node);
  }
  return found;
}

function nameOf(declaration: AnyNode): string | undefined {
  if (declaration.type === 'Identifier') return declaration.name;
  return declaration.type === 'FunctionDeclaration' ? (declaration.id?.name ?? undefined) : undefined;
}

function calls(statement: string, name: string | undefined): boolean {
  return name !== undefined && new RegExp(`(?<![\\w$.])${escaped(name)}\\s*\\(`).test(statement);
}

function escaped(name: string): string {
  return name.replace(/[$\\]/g, '\\$&');
}

/** Takes `export default` away, so that a function with a name keeps it and its scope; answers the call. */
function callOfDefault(weaver: Weaver, { start, end, declaration }: ExportDefaultDeclaration): string {
  const name = nameOf(declaration);
  weaver.blank(start, declaration.start);
  if (name !== undefined && declaration.type !== 'Identifier') return `${name}(params)`;
  if (declaration.type === 'Identifier') weaver.blank(start, end);
  const value = declaration.type === 'Identifier' ? declaration.name : unusedName(weaver.text);
  if (declaration.type !== 'Identifier') weaver.insert(declaration.start, `var ${value}=`);
  if (declaration.type === 'FunctionDeclaration') weaver.insert(declaration.end, ';');
  return isFunction(declaration) ? `${value}(params)` : `typeof ${value}==="function"?${value}(params):${value}`;
}

/** A name that the text does not hold. */
function unusedName(text: string): string {
  let number = 0;
  while (text.includes(`default_${number}`)) number++;
  return `default_${number}`;
}

/** The function that a program declares and forgets to call: its only statement, or `main`. */
function entryOf(body: readonly AnyNode[], text: string): string | undefined {
  const statements = body.filter((node) => !(node.type === 'ExpressionStatement' && node.directive));
  const declared = statements.map(declaredFunction);
  if (statements.length === 1) return declared[0];
  const mentions = text.match(/(?<![\w$])main(?![\w$])/g)?.length ?? 0;
  return declared.includes('main') && mentions === 1 ? 'main' : undefined;
}

function declaredFunction(node: AnyNode): string | undefined {
  if (node.type === 'ExportNamedDeclaration') return node.declaration ? declaredFunction(node.declaration) : undefined;
  if (node.type === 'FunctionDeclaration') return isEntry(node) ? node.id?.name : undefined;
  if (node.type !== 'VariableDeclaration' || node.declarations.length !== 1) return undefined;
  const [only] = node.declarations;
  return isEntry(only?.init) && only?.id.type === 'Identifier' ? only.id.name : undefined;
}

/** A function of two parameters or more is a helper: a program is given its `params` and nothing else. */
function isEntry(node: AnyNode | null | undefined): boolean {
  return isFunction(node) && (node as { params: unknown[] }).params.length <= 1;
}

function unsupported(text: string, node: AnyNode): OptimizerError {
  const [statement = ''] = text.slice(node.start, Math.min(node.end, node.start + 60)).split('\n');
  if (node.type === 'ImportDeclaration') return unsupportedImport(text, node.start, statement);
  const { line, column } = positionOf(text, node.start);
  return new OptimizerError(
    'program.unsupported',
    `\`${statement}\` at line ${line}, column ${column}: only \`export default\` of a function can be exported; nothing ran`,
    {
      hint: 'Write statements that end in `return`, or `export default async () => { … }`.',
      data: { line, column },
    },
  );
}

const HEAD = '(async function(){';

/** The text with what is blanked and what is put in; offsets are always those of the text. */
class Weaver {
  readonly text: string;
  heads: Heads = { outside: '', inside: '' };
  #woven: string;
  readonly #puts: Array<{ at: number; text: string }> = [];

  constructor(text: string) {
    this.text = text;
    this.#woven = text;
  }

  blank(start: number, end: number): void {
    this.#woven = this.#woven.slice(0, start) + blank(this.#woven.slice(start, end)) + this.#woven.slice(end);
  }

  /** `text` has no line break. */
  insert(at: number, text: string): void {
    this.#puts.push({ at, text });
  }

  returnExpression(start: number, end: number, call: boolean): void {
    this.insert(start, 'return(');
    this.insert(end, call ? ')(params)' : ')');
  }

  program(tail: string): NormalizedProgram {
    const head = this.heads.outside + HEAD + this.heads.inside;
    const insertions: Insertion[] = [{ line: 1, column: 1, chars: head.length }];
    let source = head;
    let from = 0;
    for (const { at, text } of this.#puts.sort((a, b) => a.at - b.at)) {
      source += this.#woven.slice(from, at);
      const { line, column } = positionOf(source, source.length);
      insertions.push({ line, column, chars: text.length });
      source += text;
      from = at;
    }
    return {
      source: `${source}${this.#woven.slice(from)}${tail}\n})`,
      javascript: this.text,
      lines: this.text.split('\n').length,
      insertions,
    };
  }
}
