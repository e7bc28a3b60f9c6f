/**
 * One server, kept alive. It starts when it is first needed, is listed before anything is called on it (so that a changed
 * definition is seen before it is used), and comes back with growing pauses after a crash.
 *
 *   idle ──call, ensureListed──▶ connecting ──connected and listed──▶ ready
 *                                 ▲      │                              │ crash, lost connection
 *                    pause over,  │      ├─failed, worth trying again───┴──▶ backoff
 *                    one caller   └──────┼─────────────────────────────────────┘
 *                                        └─failed for good, or six times in a row──▶ failed ──call after 30 s, refresh──▶ connecting
 *   close() from anywhere ──▶ closed
 *
 * Decision to know: a call that was sent is never repeated here. When its server dies the caller learns that it was
 * `sent` and nothing more, because whether it took effect cannot be known. Only an answered call proves a server sound,
 * so a server that starts well and dies in each call is paused longer and longer.
 */
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import { jsonHash } from '../core/json.ts';
import { type ConnectDeps, type Connection, connect, systemCode } from './connect.ts';
import { INSTRUCTIONS_CHARS_MAX, type ListCache } from './list-cache.ts';
import { ANY_RESULT, listTools, plainText, type ToolList } from './list-tools.ts';
import type { ServerSpec } from './server-spec.ts';
import type { ToolDefinition } from './tool-definition.ts';
import { describeExit, httpStatus, toUpstreamError } from './upstream-error.ts';
import { rawResult } from './wire-tap.ts';

export type ServerStateName = 'idle' | 'connecting' | 'ready' | 'backoff' | 'failed';

export interface SuperviseDeps {
  readonly connect: ConnectDeps;
  readonly clock: Clock;
  readonly cache: ListCache;
  /** 0 ≤ value < 1; spreads the restarts of many servers. */
  random(): number;
  /** Called when the list is first known and whenever it differs from the one before. Must not throw. */
  onTools(tools: readonly ToolDefinition[]): void;
}

export interface UpstreamProgress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

export interface RequestOptions {
  /** Aborting it sends `notifications/cancelled` to the server. */
  readonly signal?: AbortSignal;
  /** Until an answer or the next progress. */
  readonly timeoutMs: number;
  /** What is asked, for messages: `tool "x"`. */
  readonly asked: string;
  onProgress?(progress: UpstreamProgress): void;
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly work: Promise<Connection>; readonly abort: AbortController }
  | { readonly kind: 'ready'; readonly connection: Connection }
  | {
      readonly kind: 'backoff';
      readonly error: OptimizerError;
      readonly untilMs: number;
      readonly over: Promise<void>;
      readonly timer: NodeJS.Timeout;
    }
  | { readonly kind: 'failed'; readonly error: OptimizerError; readonly sinceMs: number }
  | { readonly kind: 'closed' };

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 30_000;
/** Starts and deaths in a row, without one answered call between them. */
const FAILURES_MAX = 6;
/** A call waits for a pause of this length; a longer one is refused with `retryAfterMs`. */
const PAUSE_WAIT_MS = 2_000;
/** A call to a failed server tries again after this, so that a repaired machine needs no restart of ours. */
const FAILED_RETRY_MS = 30_000;
const RELIST_FIRST_MS = 100;
const RELIST_MAX_MS = 30_000;
/** Quiet for this long, and the next change is read at once again. */
const RELIST_CALM_MS = 60_000;

/** The pause before start number `failures + 1`: 0.5 s, 1 s, 2 s … 30 s, less up to a quarter by chance. */
export function backoffDelayMs(failures: number, random: number): number {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (1 - random / 4));
}

export class SupervisedServer {
  readonly spec: ServerSpec;
  readonly #deps: SuperviseDeps;
  #state: State = { kind: 'idle' };
  #failures = 0;
  #tools: readonly ToolDefinition[] = [];
  #problems: readonly string[] = [];
  #listed = false;
  #toolsHash: string | undefined;
  #instructions: string | undefined;
  #listExpiresMs = Number.POSITIVE_INFINITY;
  #relist: { timer: NodeJS.Timeout | undefined; running: boolean; again: boolean; streak: number; lastMs: number } = {
    timer: undefined,
    running: false,
    again: false,
    streak: 0,
    lastMs: Number.NEGATIVE_INFINITY,
  };
  #saving: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(spec: ServerSpec, deps: SuperviseDeps) {
    this.spec = spec;
    this.#deps = deps;
  }

  /** `closed` shows as `idle`: nothing runs. */
  get state(): ServerStateName {
    return this.#state.kind === 'closed' ? 'idle' : this.#state.kind;
  }

  /** Why the server is in `backoff` or `failed`. */
  get error(): OptimizerError | undefined {
    return this.#state.kind === 'backoff' || this.#state.kind === 'failed' ? this.#state.error : undefined;
  }

  /** The last good list, unfiltered. */
  get tools(): readonly ToolDefinition[] {
    return this.#tools;
  }

  /** What was wrong with the last list. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** True once a list is known, from the server or from the cache. */
  get listed(): boolean {
    return this.#listed;
  }

  get instructions(): string | undefined {
    return this.#instructions;
  }

  /** Takes the kept list, if there is one. The server is not started. A store that fails counts as empty. */
  async restore(): Promise<void> {
    try {
      const kept = await this.#deps.cache.load(this.spec);
      if (kept === undefined || this.#listed) return;
      this.#instructions = kept.instructions;
      this.#publish(kept.tools);
    } catch (error) {
      this.#deps.connect.log.warn(
        { server: this.spec.name, reason: String(error) },
        'the kept tool list cannot be read',
      );
    }
  }

  /** Starts the server if its list is not known. Rejects when this start fails; a later one may still follow by itself. */
  async ensureListed(): Promise<void> {
    if (!this.#listed) await this.#ready(undefined);
  }

  /** Connects, whatever the pause, and lists anew. */
  async refresh(): Promise<void> {
    if (this.#state.kind === 'failed' || this.#state.kind === 'backoff') this.#begin();
    const before = this.#state.kind === 'ready' ? this.#state.connection : undefined;
    const connection = await this.#ready(undefined);
    // A connection that has just been made has just been listed.
    if (connection !== before) return;
    this.#accept(await this.#list(connection, undefined), 'refreshed');
  }

  /**
   * Sends one request and returns the untouched result. Throws `upstream.unavailable` (`data.sent` tells whether it had
   * left), `upstream.timeout`, `upstream.protocol`, `upstream.toolError` (a JSON-RPC error in the server's own words),
   * `limit.toolResult` or `request.cancelled`.
   */
  async request(method: string, params: Record<string, unknown>, options: RequestOptions): Promise<unknown> {
    for (let attempt = 0; ; attempt += 1) {
      const connection = await this.#ready(options.signal);
      this.#relistIfExpired(connection);
      try {
        const result = await this.#send(connection, method, params, options);
        this.#failures = 0;
        return rawResult(result);
      } catch (error) {
        const left = !neverLeft(error);
        const dead = left ? this.#endsRemoteSession(error) : true;
        const translated = toUpstreamError(error, {
          server: this.spec.name,
          asked: options.asked,
          sent: left,
          timeoutMs: options.timeoutMs,
          signal: options.signal,
          exit: connection.exit(),
          lineBytes: this.#deps.connect.lineBytes,
        });
        if (dead && translated.code === 'upstream.unavailable') {
          this.#drop(connection, translated);
          // A server answers 404 to a session that it has forgotten, without having looked at the request.
          if (attempt === 0 && httpStatus(error) === 404) {
            this.#begin();
            continue;
          }
        }
        throw translated;
      }
    }
  }

  /** Ends the server and everything it started. Calls in flight end as `upstream.unavailable`. Never rejects. */
  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#end(graceMs);
    return this.#closing;
  }

  /** For the exit of our own process. */
  killNow(): void {
    if (this.#state.kind === 'ready') this.#state.connection.killNow();
    if (this.#state.kind === 'connecting') this.#state.abort.abort();
  }

  /** A connection that has been listed. One start serves all who wait; who gives up leaves the others their start. */
  async #ready(signal: AbortSignal | undefined): Promise<Connection> {
    for (;;) {
      if (signal?.aborted === true) throw this.#cancelled();
      const state = this.#state;
      switch (state.kind) {
        case 'ready':
          return state.connection;
        case 'idle':
          this.#begin();
          break;
        case 'connecting':
          return await this.#unlessAborted(state.work, signal);
        case 'backoff': {
          const leftMs = state.untilMs - this.#deps.clock.monotonicMs();
          if (leftMs > PAUSE_WAIT_MS) throw this.#refusal(state.error, leftMs);
          await this.#unlessAborted(state.over, signal);
          break;
        }
        case 'failed':
          if (this.#deps.clock.monotonicMs() - state.sinceMs < FAILED_RETRY_MS)
            throw this.#refusal(state.error, undefined);
          this.#begin();
          break;
        case 'closed':
          throw new OptimizerError('request.shutdown', `Server "${this.spec.name}" has been shut down.`, {
            data: { server: this.spec.name, sent: false },
          });
      }
    }
  }

  #begin(): void {
    if (this.#state.kind === 'connecting' || this.#state.kind === 'ready' || this.#state.kind === 'closed') return;
    if (this.#state.kind === 'backoff') clearTimeout(this.#state.timer);
    const abort = new AbortController();
    const work = this.#start(abort.signal);
    this.#state = { kind: 'connecting', work, abort };
    work.catch(() => {});
  }

  async #start(signal: AbortSignal): Promise<Connection> {
    let connection: Connection | undefined;
    try {
      connection = await connect(this.spec, this.#deps.connect, signal);
      this.#watchChanges(connection);
      const list = await this.#list(connection, signal);
      signal.throwIfAborted();
      if (connection.instructions !== undefined) {
        this.#instructions = plainText(connection.instructions, INSTRUCTIONS_CHARS_MAX);
      }
      const made = connection;
      this.#state = { kind: 'ready', connection: made };
      made.ended.then(() => this.#onEnded(made));
      this.#accept(list, 'connected');
      this.#deps.connect.log.info(
        { server: this.spec.name, tools: list.tools.length, era: made.era },
        'server connected',
      );
      return made;
    } catch (error) {
      const translated = connection === undefined ? error : this.#listError(error, connection, signal);
      await connection?.close(0);
      if (!(translated instanceof OptimizerError)) throw error;
      this.#pause(translated);
      throw translated;
    }
  }

  #list(connection: Connection, signal: AbortSignal | undefined): Promise<ToolList> {
    const options = { timeoutMs: this.spec.startTimeoutMs, ...(signal === undefined ? {} : { signal }) };
    return listTools(connection.client, options);
  }

  /** Why a connected server could not be listed. */
  #listError(error: unknown, connection: Connection, signal: AbortSignal): OptimizerError {
    if (connection.exit() !== undefined && !signal.aborted) return this.#endedError(connection, ' while it was listed');
    const translated = toUpstreamError(error, {
      server: this.spec.name,
      asked: '`tools/list`',
      sent: false,
      timeoutMs: this.spec.startTimeoutMs,
      signal,
      exit: connection.exit(),
      lineBytes: this.#deps.connect.lineBytes,
    });
    if (translated.code !== 'upstream.toolError') return translated;
    return new OptimizerError(
      'upstream.protocol',
      `Server "${this.spec.name}" refuses \`tools/list\`: ${translated.message}`,
      {
        ...(translated.data === undefined ? {} : { data: translated.data }),
        cause: error,
      },
    );
  }

  #accept(list: ToolList, cause: 'connected' | 'changed' | 'refreshed'): void {
    this.#problems = list.problems;
    if (list.problems.length > 0) {
      const fields = { server: this.spec.name, problems: list.problems.slice(0, 5), count: list.problems.length };
      this.#deps.connect.log.warn(fields, 'the tool list of the server has problems');
    }
    const { ttlMs } = list;
    this.#listExpiresMs =
      ttlMs === undefined || ttlMs === 0 ? Number.POSITIVE_INFINITY : this.#deps.clock.monotonicMs() + ttlMs;
    if (list.tools.length === 0 && this.#tools.length > 0 && cause === 'connected') {
      this.#deps.connect.log.warn(
        { server: this.spec.name },
        'the server lists nothing after its start; the last list is kept',
      );
      return;
    }
    this.#publish(list.tools);
    this.#saving = this.#saving
      .then(() => this.#deps.cache.save(this.spec, list.tools, this.#instructions))
      .catch((error) => {
        this.#deps.connect.log.warn({ server: this.spec.name, reason: String(error) }, 'the tool list cannot be kept');
      });
  }

  #publish(tools: readonly ToolDefinition[]): void {
    const hash = jsonHash(tools);
    this.#listed = true;
    if (hash === this.#toolsHash) return;
    this.#tools = tools;
    this.#toolsHash = hash;
    this.#deps.onTools(tools);
  }

  #watchChanges(connection: Connection): void {
    connection.client.setNotificationHandler('notifications/tools/list_changed', () => this.#relistSoon(connection));
    const tools = connection.capabilities.tools as { listChanged?: unknown } | undefined;
    if (connection.era === 'modern' && tools?.listChanged === true) {
      // Since 2026-07-28 a client has to subscribe. Without it the list is still read at each connection.
      connection.client.listen({ toolsListChanged: true }, { timeout: this.spec.startTimeoutMs }).catch((error) => {
        this.#deps.connect.log.debug(
          { server: this.spec.name, reason: String(error) },
          'no subscription to list changes',
        );
      });
    }
  }

  #relistIfExpired(connection: Connection): void {
    if (this.#deps.clock.monotonicMs() < this.#listExpiresMs) return;
    this.#listExpiresMs = Number.POSITIVE_INFINITY;
    this.#relistSoon(connection);
  }

  /** Many changes become one reading, and a server that changes without end is read less and less often. */
  #relistSoon(connection: Connection): void {
    const relist = this.#relist;
    if (relist.running) relist.again = true;
    if (relist.running || relist.timer !== undefined || this.#state.kind === 'closed') return;
    const nowMs = this.#deps.clock.monotonicMs();
    relist.streak = nowMs - relist.lastMs > RELIST_CALM_MS ? 0 : relist.streak + 1;
    const delayMs = Math.min(RELIST_MAX_MS, RELIST_FIRST_MS * 2 ** Math.max(0, relist.streak - 3));
    relist.timer = setTimeout(() => void this.#readChanges(connection), delayMs);
  }

  async #readChanges(connection: Connection): Promise<void> {
    const relist = this.#relist;
    relist.timer = undefined;
    if (this.#state.kind !== 'ready' || this.#state.connection !== connection) return;
    relist.running = true;
    relist.again = false;
    try {
      this.#accept(await this.#list(connection, undefined), 'changed');
    } catch (error) {
      this.#deps.connect.log.warn(
        { server: this.spec.name, reason: String(error) },
        'the changed tool list cannot be read',
      );
    } finally {
      relist.running = false;
      relist.lastMs = this.#deps.clock.monotonicMs();
    }
    if (relist.again) this.#relistSoon(connection);
  }

  #send(
    connection: Connection,
    method: string,
    params: Record<string, unknown>,
    options: RequestOptions,
  ): Promise<unknown> {
    return connection.client.request({ method, params }, ANY_RESULT, {
      timeout: options.timeoutMs,
      resetTimeoutOnProgress: true,
      // Without a callback the SDK asks for no progress, and then nothing resets the timeout.
      onprogress: (progress) => options.onProgress?.(progress),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  /** A remote server has no process whose end would be noticed: a lost request is the sign. */
  #endsRemoteSession(error: unknown): boolean {
    if (this.spec.transport !== 'http') return false;
    const status = httpStatus(error);
    return status === 404 || status === 401 || (status === undefined && systemCode(error) !== undefined);
  }

  #drop(connection: Connection, error: OptimizerError): void {
    if (this.#state.kind !== 'ready' || this.#state.connection !== connection) return;
    this.#pause(error);
    void connection.close(0);
  }

  #onEnded(connection: Connection): void {
    if (this.#state.kind !== 'ready' || this.#state.connection !== connection) return;
    this.#pause(this.#endedError(connection, ''));
    // Whatever the leader left behind in its group goes with it.
    void connection.close(0);
  }

  #endedError(connection: Connection, when: string): OptimizerError {
    const exit = connection.exit();
    const words = connection.lastWords();
    const how = exit === undefined ? 'closed the connection' : `ended (${describeExit(exit)})`;
    const message = `Server "${this.spec.name}" ${how}${when}${words === undefined ? '.' : `; its last words: ${words}`}`;
    return new OptimizerError('upstream.unavailable', message, { data: { server: this.spec.name, sent: false } });
  }

  #pause(error: OptimizerError): void {
    if (this.#state.kind === 'closed') return;
    this.#failures += 1;
    if (this.#state.kind === 'backoff') clearTimeout(this.#state.timer);
    const fields = { server: this.spec.name, code: error.code, reason: error.message, failures: this.#failures };
    if (!worthRetrying(error) || this.#failures >= FAILURES_MAX) {
      this.#deps.connect.log.error(fields, 'server failed');
      this.#state = { kind: 'failed', error, sinceMs: this.#deps.clock.monotonicMs() };
      return;
    }
    const delayMs = backoffDelayMs(this.#failures, this.#deps.random());
    this.#deps.connect.log.warn({ ...fields, delayMs }, 'server is restarted after a pause');
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const timer = setTimeout(() => {
      this.#begin();
      end();
    }, delayMs);
    this.#state = { kind: 'backoff', error, untilMs: this.#deps.clock.monotonicMs() + delayMs, over, timer };
  }

  async #end(graceMs: number): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    clearTimeout(this.#relist.timer);
    if (state.kind === 'backoff') clearTimeout(state.timer);
    if (state.kind === 'ready') await state.connection.close(graceMs);
    if (state.kind === 'connecting') {
      state.abort.abort();
      // A start that was faster than the abort hands us its connection.
      await state.work.then((connection) => connection.close(graceMs)).catch(() => {});
    }
    await this.#saving;
  }

  #cancelled(): OptimizerError {
    return new OptimizerError(
      'request.cancelled',
      `The call on server "${this.spec.name}" was cancelled before it was sent.`,
      {
        data: { server: this.spec.name, sent: false },
      },
    );
  }

  #refusal(error: OptimizerError, retryAfterMs: number | undefined): OptimizerError {
    return new OptimizerError(error.code, error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      data: {
        ...error.data,
        sent: false,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
      },
      retryable: retryAfterMs !== undefined,
      cause: error,
    });
  }

  async #unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
    if (signal === undefined) return await work;
    let onAbort = () => {};
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(this.#cancelled());
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([work, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** Unavailable and slow servers may come back by themselves; a missing command or a wrong key does not. */
function worthRetrying(error: OptimizerError): boolean {
  return error.code === 'upstream.timeout' || (error.code === 'upstream.unavailable' && error.retryable);
}

/** True when the request cannot have reached the server. */
function neverLeft(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === 'NOT_CONNECTED' || message === 'Not connected') return true;
  if (typeof message === 'string' && message.startsWith('The pipe to the server is closed')) return true;
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(systemCode(error) ?? '');
}
