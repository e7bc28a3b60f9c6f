/**
 * What every keeper checks and computes in the same way before it touches an entry, so that an entry that one store
 * accepts is accepted by all, counts the same bytes and expires at the same instant in all.
 */
import { OptimizerError } from '../core/errors.ts';
import { byteLength } from '../core/json.ts';
import type { WriteConditions, WriteRefusal } from './store.ts';

/** How much time lies at least between two sweeps of expired entries. They are invisible before they are swept. */
export const SWEEP_INTERVAL_MS = 60_000;

/** What a namespace holds: its living entries and their bytes. */
export interface Usage {
  readonly bytes: number;
  readonly entries: number;
}

/**
 * Refuses strings that are not well-formed Unicode: SQLite keeps UTF-8, where a lone surrogate has no place, and two
 * different keys would silently become one. JSON text made by `JSON.stringify` is always well-formed.
 */
export function assertStorable(strings: Readonly<Record<string, string>>): void {
  for (const [role, value] of Object.entries(strings)) {
    if (!/\p{Surrogate}/u.test(value)) continue;
    throw new OptimizerError('request.params', `The ${role} of a stored entry holds a lone surrogate.`, {
      hint: 'Use well-formed Unicode.',
    });
  }
}

/** The same for a text or bytes. */
export function assertWritable(namespace: string, key: string, value: string | Uint8Array): void {
  assertStorable(typeof value === 'string' ? { namespace, key, text: value } : { namespace, key });
}

/** The instant at which an entry that is written now ends; `undefined` = kept until deleted. A `ttlMs` ≤ 0 ends at once. */
export function expiryOf(nowMs: number, ttlMs: number | undefined): number | undefined {
  if (ttlMs === undefined) return undefined;
  if (!Number.isFinite(ttlMs)) {
    throw new OptimizerError('request.params', `The time to live of a stored entry is ${ttlMs}, not a number of ms.`, {
      hint: 'Leave it out to keep the entry until it is deleted.',
    });
  }
  return nowMs + Math.max(0, Math.floor(ttlMs));
}

/** What an entry counts: key and value, texts in UTF-8. */
export function sizeOf(key: string, value: string | Uint8Array): number {
  return byteLength(key) + (typeof value === 'string' ? byteLength(value) : value.byteLength);
}

/** Whether the conditions look at what the whole namespace holds. */
export function asksUsage({ namespaceBytesMax, entriesMax }: WriteConditions): boolean {
  return namespaceBytesMax !== undefined || entriesMax !== undefined;
}

/**
 * Why a write of `size` bytes may not be done; undefined = it may. `current` is the living entry under the key; `usage`
 * is called only when a condition asks for it. The Lua script of the Redis keeper says the same.
 */
export function refusalOf(
  conditions: WriteConditions,
  size: number,
  current: { readonly version: number; readonly size: number } | undefined,
  usage: () => Usage,
): WriteRefusal | undefined {
  const { ifVersion, namespaceBytesMax, entriesMax } = conditions;
  const version = current?.version ?? 0;
  if (ifVersion !== undefined && ifVersion !== version) return { status: 'conflict', version };
  if (!asksUsage(conditions)) return undefined;
  const { bytes, entries } = usage();
  const grows = size - (current?.size ?? 0);
  const isOverBytes = namespaceBytesMax !== undefined && grows > 0 && bytes + grows > namespaceBytesMax;
  const isOverEntries = entriesMax !== undefined && current === undefined && entries + 1 > entriesMax;
  return isOverBytes || isOverEntries ? { status: 'full', bytes, entries } : undefined;
}

/** The number that `increment` finds under a key; a missing entry (`undefined`) counts as 0, bytes (`null`) as no number. */
export function numberOf(key: string, text: string | null | undefined): number {
  if (text === undefined) return 0;
  const isNumber = text !== null && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text);
  const value = isNumber ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw notANumber(key);
}

/** The sum that `increment` stores. Throws `request.params` when it is no JSON number. */
export function sumOf(key: string, value: number, by: number): number {
  const sum = value + by;
  if (Number.isFinite(sum)) return sum;
  throw new OptimizerError('request.params', `Adding ${by} to the entry \`${key}\` gives no finite number.`, {
    hint: 'Add a finite number.',
  });
}

export function notANumber(key: string): OptimizerError {
  return new OptimizerError(
    'request.params',
    `The entry \`${key}\` holds no JSON number, so nothing was added to it.`,
    {
      hint: 'Set it to a number first, or use another key.',
    },
  );
}
