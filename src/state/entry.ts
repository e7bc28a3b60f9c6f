/**
 * What every keeper checks and computes in the same way before it touches an entry, so that an entry that one store
 * accepts is accepted by all, and expires at the same instant in all.
 */
import { OptimizerError } from '../core/errors.ts';

/** How much time lies at least between two sweeps of expired entries. They are invisible before they are swept. */
export const SWEEP_INTERVAL_MS = 60_000;

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
