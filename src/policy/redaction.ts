/**
 * Redaction by known value: what the config calls a secret is replaced wherever it could be seen, in the form in which it
 * stands in the config and in those that a server gives it by encoding it (base64 at any offset, URL, hexadecimal).
 *
 * Decision to know: nothing is guessed by pattern, so ordinary text is never maimed; and what a server changes in a way of
 * its own (reversed, split over two answers) is not found. It is the last line, not the first: secrets are never handed to
 * a guest by us at all.
 */
import type { Json, JsonObject } from '../core/json.ts';

export interface Redactor {
  /** False when there are no secrets: then nothing needs to be looked at. */
  readonly active: boolean;
  /** Whether a secret stands in `text`, in any form. Linear in `text`. */
  holds(text: string): boolean;
  /** `text` with every secret replaced; the same string when there is none. */
  text(text: string): string;
  /** The same for strings, keys and numbers of a JSON value. A value without secrets is answered as it is, others as a copy. */
  json(value: Json): Json;
}

export const REDACTED = '[redacted]';
/** Parts of an encoded secret that are shorter occur in ordinary text by chance. */
const FORM_CHARS_MIN = 6;
/** Deeper parts of a value that holds a secret are dropped; our own answers are far shallower. */
const DEPTH_MAX = 2_000;

const NOTHING: Redactor = { active: false, holds: () => false, text: (text) => text, json: (value) => value };

/** `secrets` as `config.secrets` has them; the empty string is ignored. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  if (forms.length === 0) return NOTHING;
  // Searching for each form is several times faster than one alternation, and most texts hold none.
  const holds = (text: string): boolean => forms.some((form) => text.includes(form));
  const pattern = new RegExp(forms.map(escaped).join('|'), 'g');
  const text = (original: string): string => (holds(original) ? original.replace(pattern, REDACTED) : original);

  const json = (value: Json, depth = 0): Json => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return holds(String(value)) ? REDACTED : value;
    if (typeof value !== 'object' || value === null) return value;
    if (depth > DEPTH_MAX) return REDACTED;
    if (Array.isArray(value)) {
      const items = value.map((item) => json(item, depth + 1));
      return items.every((item, index) => item === value[index]) ? value : items;
    }
    return object(value, depth);
  };
  const object = (value: JsonObject, depth: number): JsonObject => {
    let changed = false;
    const copy: JsonObject = {};
    for (const [key, member] of Object.entries(value)) {
      const name = text(key);
      const redacted = json(member, depth + 1);
      changed ||= name !== key || redacted !== member;
      // `__proto__` is a key like any other.
      Object.defineProperty(copy, name, { value: redacted, enumerable: true, configurable: true, writable: true });
    }
    return changed ? copy : value;
  };
  return { active: true, holds, text, json };
}

function formsOf(secret: string): string[] {
  if (secret === '') return [];
  const url = encodeURIComponent(wellFormed(secret));
  const hex = Buffer.from(secret, 'utf8').toString('hex');
  const encoded = [
    JSON.stringify(secret).slice(1, -1),
    url,
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    url.replaceAll('%20', '+'),
    hex,
    hex.toUpperCase(),
    ...base64FormsOf(secret),
  ];
  return [secret, ...encoded.filter((form) => form.length >= FORM_CHARS_MIN)];
}

/**
 * Base64 of the secret alone and of its middle at the three offsets that it can have inside a longer text (`user:secret`):
 * the characters that depend on the secret alone.
 */
function base64FormsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const forms = [bytes.toString('base64')];
  for (const offset of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const start = Math.ceil((offset * 8) / 6);
    const end = Math.floor(((offset + bytes.length) * 8) / 6);
    forms.push(padded.slice(start, end));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
