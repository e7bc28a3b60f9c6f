/**
 * The same key, the same outcome: a request that comes again with its `idempotencyKey` is answered from the store, or
 * waits for the run that is under way, so that a lost answer never costs a second write. Keys belong to a tenant and are
 * kept for a day.
 *
 * Only an outcome that ran is kept, and not one that changed nothing and may simply be tried again. Within one process
 * two equal requests never run side by side; two processes on one store do not see each other's running ones.
 */
import { sha256Hex } from '../core/crypto.ts';
import { OptimizerError } from '../core/errors.ts';
import { canonicalJson, type Json } from '../core/json.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Outcome } from './outcome.ts';
import type { ExecuteRequest } from './request.ts';

export const IDEMPOTENCY_TTL_MS = 24 * 60 * 60_000;
const NAMESPACE = 'idempotency';

/** One run of a request: its outcome, and whether the program was started at all. */
export interface RunResult {
  readonly outcome: Outcome;
  readonly ran: boolean;
}

interface Kept {
  readonly fingerprint: string;
  readonly outcome: Outcome;
}

export class IdempotentRuns {
  readonly #store: Store;
  readonly #log: Log;
  readonly #running = new Map<string, { readonly fingerprint: string; readonly end: Promise<Outcome | undefined> }>();

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /**
   * The kept outcome of `key`, that of an equal request under way, or `run`'s. Rejects with `request.idempotencyConflict`
   * when the key came with another program, with `state.unavailable` when the store cannot say, and as `run` does.
   */
  async once(
    key: string,
    tenant: string,
    request: ExecuteRequest,
    signal: AbortSignal,
    run: () => Promise<RunResult>,
  ): Promise<Outcome> {
    const storeKey = sha256Hex(canonicalJson([tenant, key]));
    const fingerprint = fingerprintOf(request);
    for (let other = this.#running.get(storeKey); other; other = this.#running.get(storeKey)) {
      refuseOther(key, other.fingerprint, fingerprint);
      const outcome = await orAborted(other.end, signal);
      if (outcome) return outcome;
    }
    const work = this.#lookOrRun(key, storeKey, fingerprint, run);
    // Whoever waits gets an outcome that is kept, or tries for itself.
    const end = work.then(({ outcome, kept }) => (kept ? outcome : undefined)).catch(() => undefined);
    this.#running.set(storeKey, { fingerprint, end });
    try {
      return (await work).outcome;
    } finally {
      this.#running.delete(storeKey);
    }
  }

  async #lookOrRun(
    key: string,
    storeKey: string,
    fingerprint: string,
    run: () => Promise<RunResult>,
  ): Promise<{ outcome: Outcome; kept: boolean }> {
    const entry = await this.#store.get(NAMESPACE, storeKey);
    if (entry) {
      const kept = JSON.parse(entry.text) as Kept;
      refuseOther(key, kept.fingerprint, fingerprint);
      return { outcome: kept.outcome, kept: true };
    }
    const result = await run();
    if (!isKept(result)) return { outcome: result.outcome, kept: false };
    const kept: Kept = { fingerprint, outcome: result.outcome };
    try {
      await this.#store.set(NAMESPACE, storeKey, JSON.stringify(kept), IDEMPOTENCY_TTL_MS);
    } catch (error) {
      // The run has happened: its outcome is worth more than the promise to remember it.
      this.#log.error({ error: String(error) }, 'the outcome of an idempotent run could not be kept');
    }
    return { outcome: result.outcome, kept: true };
  }
}

/** What makes two requests the same: everything that decides what the program is and what it sees. */
function fingerprintOf({ code, params, session, readOnly, language, backend, files }: ExecuteRequest): string {
  const parts: Record<string, Json | undefined> = { code, params, session, readOnly, language, backend };
  if (files !== undefined) parts.files = files as unknown as Json;
  return sha256Hex(canonicalJson(parts));
}

function refuseOther(key: string, first: string, second: string): void {
  if (first === second) return;
  const shown = key.length > 40 ? `${key.slice(0, 39)}…` : key;
  throw new OptimizerError(
    'request.idempotencyConflict',
    `the idempotency key \`${shown}\` came before with other code or other params; nothing ran`,
    { hint: 'Use a new key for a new program.', data: { path: 'idempotencyKey' } },
  );
}

/** A failure that changed nothing and may be tried again is not kept: the next request with the key is that try. */
function isKept({ outcome, ran }: RunResult): boolean {
  if (!ran) return false;
  const { error, calls } = outcome;
  if (error === undefined || calls.some((call) => call.effect === 'write' && call.status !== 'denied')) return true;
  return !error.retryable && error.kind !== 'request';
}

function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const cancelled = (): OptimizerError => new OptimizerError('request.cancelled', 'the request was cancelled');
  if (signal.aborted) return Promise.reject(cancelled());
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
