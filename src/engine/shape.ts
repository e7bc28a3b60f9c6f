/**
 * Shaping a value to a budget so that what is left is still valid JSON: arrays keep their head and say how many of how
 * many, long strings keep head and tail, deep parts become a note. The whole value stays behind a handle.
 */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';

export interface Shaped {
  readonly value: Json;
  /** Characters of the shaped value as compact JSON. */
  readonly chars: number;
}

const STRING_CHARS = 400;
const MARK = '…';

/** The largest of a few ever tighter cuts of `value` whose compact JSON fits `charsMax`. */
export function shapeJson(value: Json, charsMax: number): Shaped {
  let items = 64;
  let stringChars = Math.max(STRING_CHARS, Math.floor(charsMax / 4));
  if (typeof value === 'string') return shapeString(value, charsMax);
  for (let round = 0; round < 12; round++) {
    const budget = { left: Math.floor(charsMax * 0.9) };
    const candidate = shaped(cut(value, items, stringChars, 12, budget));
    if (candidate.chars <= charsMax) return candidate;
    items = Math.max(1, Math.floor(items / 2));
    stringChars = Math.max(16, Math.floor(stringChars / 2));
  }
  return shaped(`${MARK} ${kindOf(value)}`);
}

/** Quotes and escapes count too, so a text full of them is cut shorter. */
function shapeString(text: string, charsMax: number): Shaped {
  let chars = Math.max(16, charsMax - 64);
  for (;;) {
    const candidate = shaped(cutString(text, chars));
    if (candidate.chars <= charsMax || chars <= 16) return candidate;
    chars = Math.max(16, Math.min(chars - 16, Math.floor((chars * charsMax) / candidate.chars)));
  }
}

function shaped(value: Json): Shaped {
  return { value, chars: JSON.stringify(value).length };
}

function cut(value: Json, items: number, stringChars: number, depth: number, budget: { left: number }): Json {
  if (typeof value === 'string') {
    const text = cutString(value, Math.min(stringChars, Math.max(16, budget.left)));
    budget.left -= text.length + 3;
    return text;
  }
  if (typeof value !== 'object' || value === null) {
    budget.left -= 8;
    return value;
  }
  if (depth === 0 || budget.left <= 0) return `${MARK} ${kindOf(value)}`;
  return Array.isArray(value)
    ? cutArray(value, items, stringChars, depth, budget)
    : cutObject(value, items, stringChars, depth, budget);
}

function cutArray(value: Json[], items: number, stringChars: number, depth: number, budget: { left: number }): Json {
  const kept: Json[] = [];
  for (const item of value) {
    if (kept.length >= items * 4 || budget.left <= 0) break;
    kept.push(cut(item, items, stringChars, depth - 1, budget));
  }
  if (kept.length < value.length) kept.push(`${MARK} ${kept.length} of ${value.length} items shown`);
  return kept;
}

function cutObject(
  value: JsonObject,
  items: number,
  stringChars: number,
  depth: number,
  budget: { left: number },
): Json {
  const kept: JsonObject = {};
  let shown = 0;
  const entries = Object.entries(value);
  for (const [key, member] of entries) {
    if (shown >= items * 4 || budget.left <= 0) break;
    const name = cutString(key, 80);
    budget.left -= name.length + 4;
    Object.defineProperty(kept, name, {
      value: cut(member, items, stringChars, depth - 1, budget),
      enumerable: true,
      configurable: true,
      writable: true,
    });
    shown++;
  }
  if (shown < entries.length) kept[MARK] = `${shown} of ${entries.length} members shown`;
  return kept;
}

/** Head and tail, never in the middle of a surrogate pair. */
export function cutString(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const note = ` ${MARK} ${text.length - chars} of ${text.length} characters left out ${MARK} `;
  const head = Math.ceil(chars * 0.7);
  return (
    dropHalfPair(text.slice(0, head), 'end') + note + dropHalfPair(text.slice(text.length - (chars - head)), 'start')
  );
}

function dropHalfPair(text: string, side: 'start' | 'end'): string {
  const unit = text.charCodeAt(side === 'end' ? text.length - 1 : 0);
  if (side === 'end') return unit >= 0xd800 && unit <= 0xdbff ? text.slice(0, -1) : text;
  return unit >= 0xdc00 && unit <= 0xdfff ? text.slice(1) : text;
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) return `an array of ${value.length} items`;
  if (isJsonObject(value)) return `an object of ${Object.keys(value).length} members`;
  return `a ${typeof value}`;
}
