/**
 * What a host function throws when it fails in a way that `wit/` declares (`result<…, host-error>`). The record, and
 * nothing else of the error, goes into the guest. Anything else that a host function throws is a fault of ours and
 * becomes `internal.error` there.
 */
import type { OptimizerError } from '../core/errors.ts';
import type { HostError } from './generated/interfaces.ts';

export class HostFailure extends Error {
  readonly record: HostError;

  constructor(record: HostError, cause?: unknown) {
    super(record.message, cause === undefined ? undefined : { cause });
    this.name = 'HostFailure';
    this.record = record;
  }
}

/**
 * The declared form of an error of the house. `tool` is `server.tool`; `issues` are single findings, none by default.
 * A server's words may hold lone surrogates, or were cut inside a pair; those are replaced, so that the record passes.
 */
export function hostFailure(
  error: OptimizerError,
  about: { readonly tool?: string; readonly issues?: readonly string[] } = {},
): HostFailure {
  const { code, kind, message, hint, retryable, data } = error;
  const record: HostError = {
    code,
    kind,
    message: wellFormed(message),
    ...(about.tool === undefined ? {} : { tool: wellFormed(about.tool) }),
    ...(hint === undefined ? {} : { hint: wellFormed(hint) }),
    retryable,
    issues: (about.issues ?? []).map(wellFormed),
    ...(data === undefined ? {} : { data }),
  };
  return new HostFailure(record, error);
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
