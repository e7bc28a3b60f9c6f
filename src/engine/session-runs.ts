/**
 * Runs of sessions: one at a time within this process, in the order in which they came, each on what the one before left.
 *
 *   alone ─▶ take up (what is stored, if it fits the backend) ─▶ run ─▶ keep (only if nobody else has)
 *
 * The decision to know: a run that completed, or ended by an error of its own, leaves its variables as they then are; one
 * that a limit, a cancellation or a loss ended leaves the session as it was before. Across processes the store decides:
 * who comes second is told `state.conflict`.
 */
import { OptimizerError } from '../core/errors.ts';
import type { RunEnd, SandboxBackend, SessionImage, SessionStart } from '../sandbox/backend.ts';
import type { SessionOwner, SessionStore, StoredSession } from '../state/sessions.ts';

export interface SessionRunsOptions {
  readonly store: SessionStore;
  /** What one session may take in the store, in bytes. */
  readonly maxBytes: number;
}

/** A session that a run has been given. */
export interface OpenSession {
  readonly owner: SessionOwner;
  readonly base: string;
  readonly stored: StoredSession | undefined;
}

/** Runs that may wait for one session: each holds a place among the runs of the process. */
const WAITING_MAX = 64;
/** Names of variables that are remembered for the check; a program that makes more is checked with these. */
const NAMES_MAX = 2_000;

export class SessionRuns {
  readonly store: SessionStore;
  readonly maxBytes: number;
  /** Who runs or waits, by session: the last one's end, and how many there are. */
  readonly #lines = new Map<string, { last: Promise<void>; count: number }>();

  constructor({ store, maxBytes }: SessionRunsOptions) {
    this.store = store;
    this.maxBytes = maxBytes;
  }

  /** Does `work` when nobody else of this process works in the session. Rejects with `limit.queue` and `request.cancelled`. */
  async alone<Result>(owner: SessionOwner, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const key = JSON.stringify([owner.tenant, owner.session]);
    const line = this.#lines.get(key) ?? { last: Promise.resolve(), count: 0 };
    if (line.count > WAITING_MAX) {
      throw new OptimizerError(
        'limit.queue',
        `${WAITING_MAX} runs wait for session \`${owner.session}\` already; nothing ran`,
        { hint: 'Wait for their answers: a session does one thing at a time.', data: { retryAfterMs: 1_000 } },
      );
    }
    let leave = (): void => undefined;
    const before = line.last;
    // The next one waits for all that came earlier, also when this one gives up waiting.
    line.last = Promise.all([before, new Promise<void>((resolve) => (leave = resolve))]).then(() => undefined);
    line.count++;
    this.#lines.set(key, line);
    try {
      await orAborted(before, signal);
      return await work();
    } finally {
      leave();
      if (--line.count === 0) this.#lines.delete(key);
    }
  }

  /**
   * What is there of the session. Rejects with `state.session` when it was kept by another engine, with
   * `request.params` when `backend` keeps no sessions, and with `state.unavailable`.
   */
  async open(owner: SessionOwner, backend: SandboxBackend): Promise<OpenSession> {
    const base = sessionBaseOf(backend);
    const stored = await this.store.load(owner);
    if (stored === undefined || stored.base === base) return { owner, base, stored };
    throw new OptimizerError(
      'state.session',
      `the variables of session \`${owner.session}\` were kept by another engine (${stored.base}) than this one (${base}); nothing ran`,
      { data: { session: owner.session, kept: stored.base, here: base } },
    );
  }

  /** What a run of the session is handed to the backend with. */
  start({ stored }: OpenSession): SessionStart {
    return { image: stored?.image, imageBytesMax: this.maxBytes };
  }

  /** Keeps what a run left, if it left something; answers why it could not be kept. */
  async settle(open: OpenSession, { session: left }: RunEnd): Promise<OptimizerError | undefined> {
    if (left === undefined) return undefined;
    try {
      await this.#keep(open, left);
      return undefined;
    } catch (error) {
      if (error instanceof OptimizerError) return error;
      throw error;
    }
  }

  /** Rejects with `limit.session`, `limit.sessions`, `state.conflict` and `state.unavailable`. */
  async #keep({ owner, base, stored }: OpenSession, left: SessionImage): Promise<void> {
    if (left.image === undefined) {
      throw new OptimizerError(
        'limit.session',
        `the variables of session \`${owner.session}\` take ${left.bytes} bytes, compressed; the limit sessions.maxBytes is ${this.maxBytes} bytes; they stay as they were before this run`,
        { data: { bytes: left.bytes } },
      );
    }
    await this.store.save(owner, stored, { base, names: namesIn(left.namesText), image: left.image });
  }
}

/** Throws `request.params` for a backend that keeps no sessions. */
export function sessionBaseOf(backend: SandboxBackend): string {
  if (backend.sessionBase !== undefined) return backend.sessionBase();
  throw new OptimizerError('request.params', `session: the backend \`${backend.name}\` keeps no variables`, {
    hint: 'Leave `session` out, or leave `backend` out.',
    data: { path: 'session' },
  });
}

/** The guest's word for its variables: used for declarations of the check alone, so anything but names is dropped. */
function namesIn(text: string): string[] {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(said)) return [];
  const isName = (name: unknown): name is string =>
    typeof name === 'string' && name.length <= 200 && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
  return said.filter(isName).slice(0, NAMES_MAX);
}

function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const cancelled = (): OptimizerError =>
    new OptimizerError('request.cancelled', 'the request was cancelled while it waited for its session; nothing ran');
  if (signal.aborted) return Promise.reject(cancelled());
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
