/**
 * From what a model wrote to what a guest evaluates: one async function without parameters, every token on its own line.
 *
 *   text ─▶ fences off ─▶ parsed as JavaScript ──────────────────────▶ form found ─▶ woven into a function
 *                              └─ is not ─▶ types erased ─▶ parsed ──────┘
 *
 * The text is parsed on its own first, so that no text can break out of the function that is put around it; what the
 * parser takes for a comment and the engine might not (`<!--`, `-->`) is blanked. TypeScript is tried only when the text is
 * not JavaScript; its types become spaces.
 */
import { type AnyNode, type Comment, type Options, type Program, parse, parseExpressionAt, type Token } from 'acorn';
import { OptimizerError } from '../core/errors.ts';
import { byteLength } from '../core/json.ts';
import { withInlineImports } from './module-imports.ts';
import { type NormalizedProgram, type ProgramUse, weaveExpression, weaveProgram } from './program-forms.ts';
import { blank, cleanText, codeInProse, positionOf, unsupportedImport } from './program-text.ts';
import type { ErasureFailure, TypeEraser } from './type-eraser.ts';

const SCRIPT: Options = {
  ecmaVersion: 2024,
  sourceType: 'script',
  allowAwaitOutsideFunction: true,
  allowReturnOutsideFunction: true,
  allowHashBang: true,
};
const MODULE: Options = { ...SCRIPT, sourceType: 'module' };

/** Normalises JavaScript or TypeScript. Rejects with `limit.source`, `program.syntax` or `program.unsupported`; nothing has run then. */
export async function normalizeTyped(
  code: string,
  sourceBytesMax: number,
  eraser: Pick<TypeEraser, 'erase'>,
  use: ProgramUse = 'guest',
): Promise<NormalizedProgram> {
  const text = readText(code, sourceBytesMax);
  const read = readEither(text, use);
  if (!('failure' in read)) return read;
  const typed = await readTypeScript(use === 'node' ? withInlineImports(text) : text, eraser, use);
  if (!('failure' in typed)) return typed;
  throw wordsFor(furthest(read.failure, typed.failure), text);
}

/** The same for JavaScript alone, at once: types are `program.syntax`. */
export function normalizeProgram(code: string, sourceBytesMax: number, use: ProgramUse = 'guest'): NormalizedProgram {
  const text = readText(code, sourceBytesMax);
  const read = readEither(text, use);
  if ('failure' in read) throw wordsFor(read.failure, text);
  return read;
}

interface Failure {
  readonly message: string;
  /** Offset in the text. */
  readonly at: number;
  readonly unsupported?: boolean;
  /** Types cannot be the reason. */
  readonly definite?: boolean;
}

type Reading = NormalizedProgram | { readonly failure: Failure };

function readText(code: string, sourceBytesMax: number): string {
  const bytes = byteLength(code);
  if (bytes > sourceBytesMax) {
    throw new OptimizerError(
      'limit.source',
      `the program is ${bytes} bytes long; the limit sourceBytes is ${sourceBytesMax} bytes`,
    );
  }
  return cleanText(code);
}

/** As JavaScript: the one code block in it, or the whole. */
function readEither(text: string, use: ProgramUse): Reading {
  let failure: Failure | undefined;
  for (const candidate of candidatesOf(text)) {
    const read = readJavaScript(candidate, use);
    if (!('failure' in read)) return read;
    failure ??= read.failure;
  }
  return { failure: failure as Failure };
}

/** A line that begins with three backticks is never meant as code, although it may parse; one of tildes may stand in a string. */
function candidatesOf(text: string): string[] {
  const inside = codeInProse(text);
  if (inside === undefined) return [text];
  return /^[ \t]*~~~/m.test(text) ? [text, inside] : [inside];
}

function readJavaScript(text: string, use: ProgramUse): Reading {
  // `{ a: 1 }` is an object to whoever sends nothing else, and a block to the grammar.
  const object = /^\s*\{/.test(text) ? readExpression(text, use) : undefined;
  if (object) return object;
  const script = tryParse(text, SCRIPT);
  if ('program' in script) return weaveProgram(refuseImportCalls(text, script.text, use), script.program, use);
  if (/\b(?:import|export)\b/.test(text)) {
    const module = tryParse(text, MODULE);
    if ('program' in module) return weaveProgram(refuseImportCalls(text, module.text, use), module.program, use);
    if (script.failure.message.startsWith("'import' and 'export'")) return module;
  }
  // A function without a name is an expression only where a statement cannot begin.
  return readExpression(text, use) ?? script;
}

/** A text that is one object or one nameless function, perhaps with `;` and comments behind it. */
function readExpression(text: string, use: ProgramUse): NormalizedProgram | undefined {
  const html = new HtmlComments(text);
  let expression: AnyNode;
  try {
    expression = parseExpressionAt(text, 0, { ...SCRIPT, ...html.options });
    const rest = parse(text.slice(expression.end), SCRIPT);
    if (rest.body.some((node) => node.type !== 'EmptyStatement')) return undefined;
  } catch (error) {
    refuseDepth(error);
    return undefined;
  }
  const isObject = expression.type === 'ObjectExpression';
  const isFunction = expression.type === 'FunctionExpression' || expression.type === 'ArrowFunctionExpression';
  if (!isObject && !isFunction) return undefined;
  return weaveExpression(refuseImportCalls(text, html.blanked(), use), expression);
}

type Parsed = { readonly program: Program; readonly text: string } | { readonly failure: Failure };

function tryParse(text: string, options: Options): Parsed {
  const html = new HtmlComments(text);
  try {
    const program = parse(text, { ...options, ...html.options });
    if (options.sourceType === 'module') refuseHtmlOperators(text);
    return { program, text: html.blanked() };
  } catch (error) {
    refuseDepth(error);
    if (error instanceof OptimizerError) throw error;
    const { message, pos } = error as SyntaxError & { pos?: number };
    const at = pos ?? 0;
    const definite = message.startsWith('Unterminated') || /[)\]}]/.test(text[at] ?? '');
    return { failure: { message: message.replace(/ \(\d+:\d+\)$/, ''), at, definite } };
  }
}

/** The parser says so itself when the native stack ends; a `RangeError` is the same, met elsewhere. */
function refuseDepth(error: unknown): void {
  if (!(error instanceof RangeError) && !(error as Error).message.startsWith('Not enough stack space')) return;
  throw tooDeep(error);
}

function tooDeep(cause?: unknown): OptimizerError {
  return new OptimizerError('limit.source', 'the program nests too deeply to be parsed; nothing ran', { cause });
}

/** Comments of the old HTML kind, which count as comments or not by where they stand: they become spaces. */
class HtmlComments {
  readonly #text: string;
  readonly #found: Comment[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  get options(): Pick<Options, 'onComment'> {
    return /<!--|-->/.test(this.#text) ? { onComment: this.#found } : {};
  }

  blanked(): string {
    let text = this.#text;
    for (const { start, end } of this.#found) {
      if (text.startsWith('//', start) || text.startsWith('/*', start)) continue;
      text = text.slice(0, start) + blank(text.slice(start, end)) + text.slice(end);
    }
    return text;
  }
}

/** In a module `a <!--b` is a comparison; in the script that the guest evaluates the rest of the line would be a comment. */
function refuseHtmlOperators(text: string): void {
  if (!text.includes('<!--')) return;
  const at = tokensOf(text, MODULE).find(
    (token) => text.startsWith('<!--', token.start) && token.end === token.start + 1,
  );
  if (at) throw wordsFor({ message: '`<!--` is read as a comment; put a space behind `<`', at: at.start }, text);
}

/** `import("x")` and `import.meta` parse, and no guest has them. Answers `text`. */
function refuseImportCalls(original: string, text: string, use: ProgramUse): string {
  if (use === 'node' || !/\bimport\s*(?:[(.]|\/[/*])/.test(original)) return text;
  const tokens = tokensOf(original, MODULE);
  const at = tokens.findIndex(
    ({ type }, index) => type.keyword === 'import' && ['(', '.'].includes(tokens[index + 1]?.type.label ?? ''),
  );
  const found = tokens[at];
  if (!found || tokens[at - 1]?.type.label === '.') return text;
  const end = tokens[at + (tokens[at + 3]?.type.label === ')' ? 3 : 2)] ?? found;
  throw unsupportedImport(original, found.start, original.slice(found.start, end.end));
}

function tokensOf(text: string, options: Options): Token[] {
  const tokens: Token[] = [];
  for (const mode of [options, SCRIPT]) {
    tokens.length = 0;
    try {
      parse(text, { ...mode, onToken: tokens });
      return tokens;
    } catch {
      // The other mode took it.
    }
  }
  return tokens;
}

// ---- TypeScript ----------------------------------------------------------------------------------------------------

/** What stands around a text while its types are erased: `return` and `await` need a function, `export` needs none. */
interface Frame {
  readonly before: string;
  readonly after: string;
  readonly text: string;
}

async function readTypeScript(text: string, eraser: Pick<TypeEraser, 'erase'>, use: ProgramUse): Promise<Reading> {
  let failure: Failure | undefined;
  for (const frame of candidatesOf(text).flatMap(framesOf)) {
    const erasure = await eraser.erase(frame.before + frame.text + frame.after);
    if (erasure.kind === 'tooDeep') throw tooDeep();
    if (erasure.kind !== 'erased') {
      const found = failureOf(erasure, frame);
      if (found.unsupported) return { failure: found };
      failure = furthest(failure, found);
      continue;
    }
    const erased = erasure.text.slice(frame.before.length, erasure.text.length - frame.after.length);
    const read = readJavaScript(erased, use);
    if (!('failure' in read)) return { ...read, typed: frame.text };
    failure = furthest(failure, read.failure);
  }
  return { failure: failure as Failure };
}

function framesOf(text: string): Frame[] {
  const inFunction: Frame = { before: 'async function program(){', after: '\n}', text };
  const frames = [inFunction];
  if (/^\s*(?:import|export)\b/m.test(text)) {
    // Types that are imported or exported leave nothing behind, so the rest may stand in a function again.
    const alone = text
      .replace(/^[ \t]*import\s+type\s[^'"]*['"][^'"\n]*['"][ \t]*;?/gm, blank)
      .replace(/^[ \t]*export(?=\s+(?:type|interface|declare)\b)/gm, blank);
    if (alone !== text) frames.push({ ...inFunction, text: alone });
    frames.push({ before: '', after: '', text: alone });
  }
  if (/^\s*(?:\{|(?:async\s+)?function\b)/.test(text)) {
    frames.push({ before: '(', after: '\n)', text: text.replace(/[;\s]*$/, blank) });
  }
  return frames;
}

/** Positions are those of the framed text; what lies in the frame behind the text is the text's end. */
function failureOf(erasure: ErasureFailure, frame: Frame): Failure {
  const { kind, message, line = 1, column = 1 } = erasure;
  const lines = frame.text.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  const shift = line === 1 ? frame.before.length : 0;
  const at = Math.min(start + Math.max(0, column - 1 - shift), frame.text.length);
  return { message, at, unsupported: kind === 'unsupported' };
}

/**
 * A text with types fails as JavaScript at its first type, and as TypeScript where it is wrong. A bracket too many or an
 * end that is missing is told best by the parser that read the text alone.
 */
function furthest(first: Failure | undefined, second: Failure): Failure {
  if (second.unsupported || first === undefined) return second;
  return first.definite || first.at >= second.at ? first : second;
}

// ---- words ---------------------------------------------------------------------------------------------------------

function wordsFor(failure: Failure, text: string): OptimizerError {
  const { line, column } = positionOf(text, failure.at);
  const where = `at line ${line}, column ${column}`;
  const data = { line, column };
  if (failure.unsupported) {
    const what = failure.message.replace(/ is not supported in strip-only mode$/, '');
    const short = what.length < 60 ? `${what} is not supported` : 'this TypeScript form is not supported';
    return new OptimizerError('program.unsupported', `${short} ${where}: types are erased, not compiled; nothing ran`, {
      hint: 'Use a plain object or a union of literals for `enum` and `namespace`, assign fields in the constructor, and write `value as Type`.',
      data,
    });
  }
  const word = failure.at >= text.trimEnd().length ? 'the end of the text' : `\`${wordAt(text, failure.at)}\``;
  const found = failure.message.includes(word.replaceAll('`', "'")) ? '' : `: ${word}`;
  return new OptimizerError('program.syntax', `${failure.message}${found} ${where}; nothing ran`, {
    hint: 'Correct the program and send it again.',
    data,
  });
}

function wordAt(text: string, at: number): string {
  return /^(?:[\w$]{1,40}|\p{L}+|[^\s])/u.exec(text.slice(at, at + 60))?.[0] ?? text.slice(at, at + 1);
}
