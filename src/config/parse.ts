/**
 * The text of a config file as plain values that know where they stood. JSON may have comments and trailing commas;
 * YAML is YAML 1.2. The parsers are jsonc-parser and yaml; YAML's is loaded only for a file that needs it, because it costs
 * several milliseconds at start.
 * The decision to know: the first syntax error is the only one reported, since whatever follows it is guesswork; and a key
 * that stands twice is an error, since the two would silently become one.
 */
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type * as Yaml from 'yaml';
import { LineIndex, Places } from './places.ts';
import type { Path, Place, Problem } from './problem.ts';

export interface ParsedFile {
  readonly value: unknown;
  readonly places: Places;
  /** Empty, or what makes the value unfit for use. */
  readonly problems: readonly Problem[];
}

/** Deeper nesting is no config; it would only exhaust the stack of whoever walks it. */
const DEPTH_MAX = 64;

export async function parseConfigText(text: string, format: 'json' | 'yaml'): Promise<ParsedFile> {
  try {
    return format === 'json' ? parseJson(text) : parseYaml(text, await import('yaml'));
  } catch (error) {
    // Both parsers recurse; a file of ten thousand brackets ends here.
    if (!(error instanceof RangeError)) throw error;
    return failed(new Places(), syntaxProblem('it is nested too deeply', { line: 1, column: 1 }));
  }
}

function parseJson(text: string): ParsedFile {
  const lines = new LineIndex(text);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const places = new Places();
  const first = errors[0];
  if (first !== undefined) {
    const name = printParseErrorCode(first.error);
    if (root === undefined && text.trim() === '') {
      return failed(places, syntaxProblem('the file is empty; write at least `{}`', { line: 1, column: 1 }));
    }
    return failed(places, syntaxProblem(JSON_WORDS[name] ?? name, lines.placeOf(first.offset), JSON_HINTS[name]));
  }
  if (root === undefined) return failed(places, syntaxProblem('it holds no value', { line: 1, column: 1 }));
  const walk = new JsonWalk(lines, places);
  const value = walk.valueOf(root, [], undefined);
  return { value, places, problems: walk.problems };
}

class JsonWalk {
  readonly problems: Problem[] = [];
  readonly #lines: LineIndex;
  readonly #places: Places;

  constructor(lines: LineIndex, places: Places) {
    this.#lines = lines;
    this.#places = places;
  }

  valueOf(node: Node, path: Path, keyNode: Node | undefined): unknown {
    const place = this.#lines.placeOf(node.offset);
    this.#places.add(path, place, keyNode === undefined ? undefined : this.#lines.placeOf(keyNode.offset));
    if (path.length > DEPTH_MAX) throw new RangeError('nested too deeply');
    if (node.type === 'array')
      return (node.children ?? []).map((item, index) => this.valueOf(item, [...path, index], undefined));
    if (node.type !== 'object') return node.value;
    const members: Record<string, unknown> = {};
    for (const property of node.children ?? []) {
      const [keyNode, valueNode] = property.children ?? [];
      if (keyNode === undefined || valueNode === undefined) continue;
      const key = String(keyNode.value);
      const problem = keyProblem(key, Object.hasOwn(members, key), path, this.#lines.placeOf(keyNode.offset));
      if (problem === undefined) members[key] = this.valueOf(valueNode, [...path, key], keyNode);
      else this.problems.push(problem);
    }
    return members;
  }
}

function parseYaml(text: string, yaml: typeof Yaml): ParsedFile {
  const lines = new LineIndex(text);
  const places = new Places();
  const document = yaml.parseDocument(text, { version: '1.2', prettyErrors: false, merge: true, logLevel: 'error' });
  const error = document.errors[0];
  if (error !== undefined) {
    const place = lines.placeOf(error.pos[0]);
    if (error.code === 'DUPLICATE_KEY') return failed(places, duplicateKey(error.message, place));
    return failed(places, syntaxProblem(error.message.replace(/\.$/, ''), place, YAML_HINTS[error.code]));
  }
  const problems: Problem[] = [];
  const walk = (node: unknown, path: Path, key: Place | undefined): void => {
    if (path.length > DEPTH_MAX) throw new RangeError('nested too deeply');
    if (!yaml.isNode(node)) return;
    places.add(path, lines.placeOf(node.range?.[0] ?? 0), key);
    if (yaml.isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...path, index], undefined);
    if (!yaml.isMap(node)) return;
    for (const pair of node.items) {
      const name = yaml.isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
      const at = lines.placeOf((yaml.isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? 0);
      const problem = keyProblem(name, false, path, at);
      if (problem !== undefined) problems.push(problem);
      walk(pair.value, [...path, name], at);
    }
  };
  walk(document.contents, [], undefined);
  try {
    // An alias that stands for a great deal of text is refused here, not unfolded.
    return { value: document.toJS({ maxAliasCount: 100 }) ?? {}, places, problems };
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    return failed(places, syntaxProblem(words, { line: 1, column: 1 }));
  }
}

function keyProblem(key: string, isDuplicate: boolean, path: Path, place: Place): Problem | undefined {
  if (isDuplicate) {
    return {
      code: 'config.key',
      message: 'this key stands here twice',
      path: [...path, key],
      place,
      hint: 'Remove one.',
    };
  }
  if (key !== '__proto__') return undefined;
  return { code: 'config.key', message: 'this name cannot be a key', path: [...path, key], place, hint: 'Rename it.' };
}

function duplicateKey(message: string, place: Place): Problem {
  return { code: 'config.key', message: message.toLowerCase(), path: [], place, hint: 'Remove one of the two.' };
}

function failed(places: Places, problem: Problem): ParsedFile {
  return { value: undefined, places, problems: [problem] };
}

function syntaxProblem(words: string, place: Place, hint?: string): Problem {
  const problem = { code: 'config.syntax' as const, message: `cannot be parsed: ${words}`, path: [], place };
  return hint === undefined ? problem : { ...problem, hint };
}

/** jsonc-parser names its errors; people are told what was expected. */
const JSON_WORDS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is no JSON value; text stands in double quotes',
  InvalidNumberFormat: 'this is no JSON number',
  PropertyNameExpected: 'a key in double quotes was expected here',
  ValueExpected: 'a value was expected here',
  ColonExpected: 'a colon was expected here',
  CommaExpected: 'a comma was expected here',
  CloseBraceExpected: 'a closing brace `}` was expected here',
  CloseBracketExpected: 'a closing bracket `]` was expected here',
  EndOfFileExpected: 'the file should end here',
  InvalidCommentToken: 'this is no comment; comments are `// …` and `/* … */`',
  UnexpectedEndOfComment: 'this comment is not closed',
  UnexpectedEndOfString: 'this text is not closed with a double quote',
  UnexpectedEndOfNumber: 'this number is not complete',
  InvalidUnicode: 'this is no `\\uXXXX` escape',
  InvalidEscapeCharacter: 'this escape does not exist in JSON',
  InvalidCharacter: 'this character must be escaped inside text',
};

const BACKSLASH_HINT = 'Write a backslash in text as `\\\\`, or use `/` in a Windows path.';
const JSON_HINTS: Readonly<Record<string, string>> = {
  InvalidUnicode: BACKSLASH_HINT,
  InvalidEscapeCharacter: BACKSLASH_HINT,
};
const YAML_HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'Indent YAML with blanks, not with tabs.',
  MULTIPLE_DOCS: 'Keep one document in the file; remove the second `---`.',
};
