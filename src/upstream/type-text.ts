/**
 * The text around types: keys, literals and comments made of what a server sent. All of it is untrusted: a description
 * can never end its comment, start a new line of code, or carry characters that hide what is read.
 */
import { isJsonObject } from '../core/json.ts';

/** Longest description in a comment, in characters. */
const DOC_CHARS_MAX = 1_200;
/** Longest value of one tag (`@default`, `@pattern`, …), in characters. */
const TAG_CHARS_MAX = 160;
const LITERAL_DEPTH_MAX = 8;

const TAGS = [
  'format',
  'default',
  'minimum',
  'exclusiveMinimum',
  'maximum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
] as const;

/** One line of visible text: control, format and separator characters become spaces, runs of spaces become one. */
export function plainText(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** `text` shortened to `max` characters, `…` at its end when something is missing. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const short = text.slice(0, max - 1);
  return `${/[\uD800-\uDBFF]$/.test(short) ? short.slice(0, -1) : short}…`;
}

/** The first sentence of a description, at most `max` characters. */
export function firstSentence(text: string | undefined, max: number): string {
  const plain = plainText(text ?? '').replace(/^[#*\s]+/, '');
  const end = /[.!?](?=\s|$)/.exec(plain.replace(/\b(e\.g|i\.e|etc|vs)\./g, (found) => found.replaceAll('.', '_')));
  return cut(end === null ? plain : plain.slice(0, end.index + 1), max);
}

/** The key of a property in a type. */
export function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** A JSON value as a literal type; what is no JSON, or nested too deeply, is `unknown`. */
export function literal(value: unknown, depth = 0): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'number';
  if (depth >= LITERAL_DEPTH_MAX) return 'unknown';
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, depth + 1)).join(', ')}]`;
  if (!isJsonObject(value)) return 'unknown';
  const members = Object.entries(value).map(([key, member]) => `${propertyKey(key)}: ${literal(member, depth + 1)}`);
  return members.length === 0 ? 'Record<string, never>' : `{ ${members.join('; ')} }`;
}

/** A JSDoc comment with its line break for a schema's words and constraints; empty when it says nothing. */
export function docComment(schema: unknown, indent: string): string {
  if (!isJsonObject(schema)) return '';
  const words = typeof schema.description === 'string' ? schema.description : schema.title;
  const parts: string[] = [];
  if (typeof words === 'string') parts.push(cut(plainText(words), DOC_CHARS_MAX));
  for (const tag of TAGS) {
    const value = schema[tag];
    // The bounds of safe integers come from generators, not from people.
    if (value === Number.MAX_SAFE_INTEGER || value === Number.MIN_SAFE_INTEGER) continue;
    if (value !== undefined && value !== null) parts.push(`@${tag} ${tagText(value)}`);
  }
  if (schema.deprecated === true) parts.push('@deprecated');
  const examples = Array.isArray(schema.examples) ? schema.examples.slice(0, 3) : [];
  for (const example of examples) parts.push(`@example ${tagText(example)}`);
  return comment(parts, indent);
}

/** `parts` as one JSDoc comment on one line. */
export function comment(parts: readonly string[], indent: string): string {
  const text = parts.filter((part) => part.length > 0).join(' ');
  return text.length === 0 ? '' : `${indent}/** ${text.replaceAll('*/', '*\\/')} */\n`;
}

function tagText(value: unknown): string {
  let text: string | undefined;
  try {
    text = typeof value === 'string' ? value : JSON.stringify(value);
  } catch {
    text = undefined;
  }
  return cut(plainText(text ?? ''), TAG_CHARS_MAX);
}

/** `code` without its comment lines; only for text that this room wrote, where a comment has its line to itself. */
export function jsDocFree(code: string): string {
  return code
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('/**'))
    .join('\n');
}
