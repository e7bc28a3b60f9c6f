/**
 * What is done to a program's text before it is parsed, with every character kept at its line and column: Markdown fences
 * and a hashbang become spaces, and nesting that would exhaust a recursive parser is refused.
 */
import { type Token, tokenizer } from 'acorn';
import { OptimizerError } from '../core/errors.ts';

/** Brackets deeper than this are refused before parsing: the parsers recurse, and no person nests so deeply. */
export const NESTING_MAX = 500;

/** The text without fences and hashbang; same length. Throws `limit.source` for deep nesting. */
export function cleanText(code: string): string {
  const text = withoutFence(code);
  refuseDeepNesting(text);
  return text.replace(/^\ufeff?#![^\r\n]*/, blank);
}

/** Prose around one code block, as models send it; `undefined` when the text is not that. Same length. */
export function codeInProse(text: string): string | undefined {
  const fences = [...text.matchAll(/^[ \t]*(```|~~~)[^\r\n]*$/gm)];
  const [open, close] = fences;
  if (fences.length !== 2 || !open || !close) return undefined;
  const start = open.index + open[0].length;
  return blank(text.slice(0, start)) + text.slice(start, close.index) + blank(text.slice(close.index));
}

/** Every character but line breaks becomes a space. */
export function blank(text: string): string {
  return text.replace(/[^\r\n\u2028\u2029]/g, ' ');
}

/** 1-based line and column (UTF-16 units) of an offset. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

/** A statement that asks for a module. */
export function unsupportedImport(text: string, at: number, statement: string): OptimizerError {
  const { line, column } = positionOf(text, at);
  return new OptimizerError(
    'program.unsupported',
    `\`${statement}\` at line ${line}, column ${column}: a guest has no modules to import; nothing ran`,
    {
      hint: 'Call servers through `tools.<server>.<tool>(args)`; the language’s own library is there without an import.',
      data: { line, column },
    },
  );
}

/** A text that is one fenced block: the fence lines become empty. Same length. */
export function withoutFence(code: string): string {
  const open = /^\s*(```|~~~)[\w+-]*[ \t]*\r?\n/.exec(code);
  const close = open && /(?:^|\n)[ \t]*(```|~~~)\s*$/.exec(code);
  if (!open || !close || open[1] !== close[1] || close.index + 1 < open[0].length) return code;
  return blank(open[0]) + code.slice(open[0].length, close.index) + blank(code.slice(close.index));
}

/** First a cheap upper bound, which brackets inside strings may raise; only a text that passes it is tokenised. */
function refuseDeepNesting(text: string): void {
  if (bracketDepth(text) <= NESTING_MAX || tokenDepth(text) <= NESTING_MAX) return;
  throw new OptimizerError('limit.source', `the program nests brackets more than ${NESTING_MAX} deep; nothing ran`);
}

function bracketDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 40 || unit === 91 || unit === 123) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if ((unit === 41 || unit === 93 || unit === 125) && depth > 0) depth--;
  }
  return deepest;
}

/** Depth of the brackets that are tokens. A text that cannot be tokenised counts as too deep. */
function tokenDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  try {
    for (const token of tokenizer(text, { ecmaVersion: 2024, allowHashBang: true }) as Iterable<Token>) {
      const { label } = token.type;
      if (label === '(' || label === '[' || label === '{' || label === '${') {
        depth++;
        if (depth > deepest) deepest = depth;
      } else if (label === ')' || label === ']' || label === '}') depth--;
    }
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  return deepest;
}
