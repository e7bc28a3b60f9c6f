/**
 * A value that crossed the border between guest and host and does not have the type that `wit/` says. The message names
 * the place, what was expected and the kind of value that came (`limit: expected u32, received a string of 3 characters`);
 * it never holds the text of a value, since that may be a secret.
 */
import { type ErrorCode, OptimizerError } from '../core/errors.ts';

export class BoundaryError extends OptimizerError {
  /** Where: a parameter, `result`, `error` or `args`, then `.field` and `[index]`. */
  readonly path: string;
  /** What stands there by contract, for example `u32` or `one of debug|info|warn|error`. */
  readonly expected: string;
  /** What came, in words. */
  readonly received: string;

  /** `program.error`: the guest sent a wrong argument. `internal.error`: the host made a wrong result. */
  constructor(path: string, expected: string, received: string, code: ErrorCode = 'program.error') {
    super(code, `${path}: expected ${expected}, received ${received}`, { data: { path, expected } });
    this.name = 'BoundaryError';
    this.path = path;
    this.expected = expected;
    this.received = received;
  }

  /** The same finding as a fault of the host. */
  asInternal(): BoundaryError {
    return new BoundaryError(this.path, this.expected, this.received, 'internal.error');
  }
}

/** A value in words, without its content; numbers and booleans are shown, cut to what a reader can use. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
