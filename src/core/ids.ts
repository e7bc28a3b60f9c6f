/** Branded identifiers. Ids are random (128 bits), never counters, so that one cannot be guessed from another. */
import { randomHex } from './crypto.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One run of one program. Shown to people and models as `executionId`. */
export type ExecutionId = Branded<'ExecutionId'>;
/** Ties an internal failure that a caller sees to the log line that tells why. */
export type CorrelationId = Branded<'CorrelationId'>;

export function newExecutionId(): ExecutionId {
  return `ex_${randomHex()}` as ExecutionId;
}

export function newCorrelationId(): CorrelationId {
  return `c_${randomHex().slice(0, 8)}` as CorrelationId;
}
