/** The few forms of expectation that the suites use, over `node:assert`: a suite reads the same in every framework. */
import assert from 'node:assert/strict';

export interface Expectation {
  /** Deeply equal; a member that is undefined is one that is missing. */
  toEqual(expected: unknown): void;
  toBe(expected: unknown): void;
  toBeUndefined(): void;
  /** Has these members, deeply, and perhaps others. */
  toMatchObject(expected: object): void;
  toHaveLength(length: number): void;
}

export function expectation(actual: unknown): Expectation {
  return {
    toEqual: (expected) => assert.deepEqual(plain(actual), plain(expected)),
    toBe: (expected) => assert.equal(actual, expected),
    toBeUndefined: () => assert.equal(actual, undefined),
    toMatchObject: (expected) => assert.deepEqual(plain(partOf(actual, expected)), plain(expected)),
    toHaveLength: (length) => assert.equal((actual as ArrayLike<unknown>).length, length),
  };
}

/** The promise must reject with an error of this code. */
export async function expectRejection(promise: Promise<unknown>, code: string, what?: string): Promise<void> {
  try {
    await promise;
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, code, what ?? code);
    return;
  }
  assert.fail(`expected a rejection with ${code}${what === undefined ? '' : `: ${what}`}`);
}

function partOf(actual: unknown, expected: object): unknown {
  if (typeof actual !== 'object' || actual === null) return actual;
  return Object.fromEntries(Object.keys(expected).map((key) => [key, (actual as Record<string, unknown>)[key]]));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}
