/**
 * From what a model wrote to what a guest evaluates: one async function without parameters, every token at its own line
 * and column (but for a known shift on the first line).
 *
 * The text is parsed on its own first, so that no text can break out of the function that is put around it. Accepted:
 * statements with `return`; statements that end in an expression; one function expression or arrow; `export default` of a
 * function. TypeScript is tried only when the text is not JavaScript; its types are replaced by spaces.
 */
import { stripTypeScriptTypes } from 'node:module';
import type { AnyNode, ExpressionStatement, Options, Program } from 'acorn';
import { parse } from 'acorn';
import { OptimizerError } from '../core/errors.ts';
import { byteLength } from '../core/json.ts';

export interface NormalizedProgram {
  /** Evaluates to one async function of no parameters. */
  readonly source: string;
  /** JavaScript of the same length as the caller's text, for checks and search. */
  readonly javascript: string;
  /** Columns by which the first line of `source` is shifted against the caller's text. */
  readonly firstLineShift: number;
  readonly lines: number;
}

/** Brackets deeper than this are refused before parsing: the parsers recurse, and no person nests so deeply. */
const NESTING_MAX = 500;
const HEAD = '(async function(){';
const CALL_HEAD = '(async function(){return(';

const SCRIPT: Options = {
  ecmaVersion: 2024,
  sourceType: 'script',
  allowAwaitOutsideFunction: true,
  allowReturnOutsideFunction: true,
  allowHashBang: true,
  locations: false,
};
const MODULE: Options = { ...SCRIPT, sourceType: 'module' };

/** Throws `limit.source`, `program.syntax` or `program.unsupported`; nothing has run then. */
export function normalizeProgram(code: string, sourceBytesMax: number): NormalizedProgram {
  const bytes = byteLength(code);
  if (bytes > sourceBytesMax) {
    throw new OptimizerError(
      'limit.source',
      `the program is ${bytes} bytes long; the limit sourceBytes is ${sourceBytesMax} bytes`,
    );
  }
  const text = withoutFence(code);
  refuseDeepNesting(text);
  const { javascript, program } = parseEither(text);
  return wrap(javascript, program);
}

/** Models often send a whole Markdown code block; the fence lines become empty so that positions stay. */
function withoutFence(code: string): string {
  const fenced = /^\s*```[a-zA-Z]*[ \t]*\n([\s\S]*?)\n?```\s*$/.exec(code);
  if (!fenced) return code;
  const start = code.indexOf('\n') + 1;
  const end = code.lastIndexOf('```');
  const head = code.slice(0, start).replace(/[^\n]/g, ' ');
  return head + code.slice(start, end);
}

/** A cheap upper bound of nesting: brackets outside of nothing in particular. Strings may raise it, never lower it. */
function refuseDeepNesting(text: string): void {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 40 || unit === 91 || unit === 123) {
      depth++;
      if (depth > NESTING_MAX) {
        throw new OptimizerError('limit.source', `the program nests brackets more than ${NESTING_MAX} deep`);
      }
    } else if ((unit === 41 || unit === 93 || unit === 125) && depth > 0) depth--;
  }
}

function parseEither(text: string): { javascript: string; program: Program } {
  const asScript = tryParse(text, SCRIPT);
  if (asScript.program) return { javascript: text, program: asScript.program };
  const asModule = /\b(?:import|export)\b/.test(text) ? tryParse(text, MODULE) : asScript;
  if (asModule.program) return { javascript: text, program: asModule.program };
  const stripped = stripTypes(text);
  if (stripped !== undefined) {
    const again = tryParse(stripped, SCRIPT);
    if (again.program) return { javascript: stripped, program: again.program };
    const module = tryParse(stripped, MODULE);
    if (module.program) return { javascript: stripped, program: module.program };
  }
  throw syntaxError(asScript.error as SyntaxFailure, text);
}

interface SyntaxFailure extends Error {
  readonly pos?: number;
}

function tryParse(text: string, options: Options): { program?: Program; error?: SyntaxFailure } {
  try {
    return { program: parse(text, options) };
  } catch (error) {
    if (error instanceof RangeError) {
      throw new OptimizerError('limit.source', 'the program nests expressions too deeply to be parsed', {
        cause: error,
      });
    }
    return { error: error as SyntaxFailure };
  }
}

/**
 * Erases types and keeps positions. `return` and `await` at the top level are only legal inside a function, so the text
 * is stripped inside one; the wrapper has the length of what is cut off again.
 */
function stripTypes(text: string): string | undefined {
  const isModule = /^\s*(?:import|export)\b/m.test(text);
  const [before, after] = isModule ? ['', ''] : ['async function program(){', '\n}'];
  try {
    const stripped = stripTypeScriptTypes(before + text + after, { mode: 'strip' });
    return stripped.slice(before.length, stripped.length - after.length);
  } catch {
    return undefined;
  }
}

function syntaxError(error: SyntaxFailure, text: string): OptimizerError {
  const { line, column } = positionOf(text, error.pos ?? 0);
  const message = error.message.replace(/ \(\d+:\d+\)$/, '');
  return new OptimizerError('program.syntax', `${message} at line ${line}, column ${column}; nothing ran`, {
    hint: 'Correct the program and send it again.',
    data: { line, column },
  });
}

/** 1-based line and column of an offset. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

function wrap(javascript: string, program: Program): NormalizedProgram {
  const lines = javascript.split('\n').length;
  const body = program.body;
  const only = body.length === 1 ? body[0] : undefined;

  const exported = body.find((node) => node.type === 'ExportDefaultDeclaration');
  if (exported && isFunction(exported.declaration)) {
    const { start, declaration } = exported;
    // `export default` becomes spaces and the function an expression that is called.
    const rest = javascript.slice(declaration.start, declaration.end);
    const others = javascript.slice(0, start) + spaces(javascript.slice(start, declaration.start));
    const tail = javascript.slice(exported.end);
    refuseModuleSyntax(
      body.filter((node) => node !== exported),
      javascript,
    );
    const source = `${HEAD}${others}return(${rest}\n)(params);${tail}\n})`;
    return { source, javascript, firstLineShift: HEAD.length, lines };
  }
  refuseModuleSyntax(body, javascript);
  if (only?.type === 'ExpressionStatement' && isFunction(only.expression)) {
    const text = javascript.slice(only.expression.start, only.expression.end);
    const lead = javascript.slice(0, only.expression.start).replace(/[^\n]/g, ' ');
    return { source: `${CALL_HEAD}${lead}${text}\n)(params)})`, javascript, firstLineShift: CALL_HEAD.length, lines };
  }
  if (only?.type === 'FunctionDeclaration' && only.id) {
    return {
      source: `${HEAD}${javascript}\nreturn ${only.id.name}(params)})`,
      javascript,
      firstLineShift: HEAD.length,
      lines,
    };
  }
  const last = body.at(-1);
  if (last?.type === 'ExpressionStatement' && !last.directive) {
    return { source: returnLast(javascript, last), javascript, firstLineShift: HEAD.length, lines };
  }
  return { source: `${HEAD}${javascript}\n})`, javascript, firstLineShift: HEAD.length, lines };
}

/** `a; b; c` → `a; b; return(c)`; the inserted text stands on the expression's own line, before it. */
function returnLast(javascript: string, last: ExpressionStatement): string {
  const { start, end } = last.expression;
  // Parentheses around the expression belong to the statement, not to the expression node.
  const head = javascript.slice(last.start, start);
  const tail = javascript.slice(end, last.end).replace(/;\s*$/, '');
  const expression = head + javascript.slice(start, end) + tail;
  return `${HEAD}${javascript.slice(0, last.start)}return(${expression}\n);${javascript.slice(last.end)}\n})`;
}

function isFunction(node: AnyNode): boolean {
  return (
    node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration'
  );
}

function spaces(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

function refuseModuleSyntax(body: readonly AnyNode[], javascript: string): void {
  for (const node of body) {
    if (!node.type.startsWith('Import') && !node.type.startsWith('Export')) continue;
    if (node.type !== 'ImportDeclaration' && !node.type.startsWith('Export')) continue;
    const { line, column } = positionOf(javascript, node.start);
    const statement = javascript.slice(node.start, Math.min(node.end, node.start + 60)).split('\n')[0];
    const isImport = node.type === 'ImportDeclaration';
    throw new OptimizerError(
      'program.unsupported',
      `\`${statement}\` at line ${line}: ${isImport ? 'a guest has no modules to import' : 'only `export default` of a function can be exported'}; nothing ran`,
      {
        hint: isImport
          ? 'Call servers through `tools.<server>.<tool>(args)`; the language’s own library is there without an import.'
          : 'Write statements that end in `return`, or `export default async () => { … }`.',
        data: { line, column },
      },
    );
  }
}
