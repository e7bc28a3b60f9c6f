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
import type { JsonObject } from '../core/json.ts';
import type { Asker, ClientCapabilities } from './asker.ts';
import { type ConnectDeps, type Connection, connect, systemCode } from './connect.ts';
import { KnownTools } from './known-tools.ts';
import type { ListCache } from './list-cache.ts';
import { ANY_RESULT, listTools, type ToolList } from './list-tools.ts';
import { OpenCalls, type UpstreamProgress } from './open-calls.ts';
import { Relist } from './relist.ts';
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
  /** What a server is told that can be asked of us; waited for before each start. Nothing by default. */
  askable?(): Promise<ClientCapabilities>;
  /** What a server says beside answers, progress and changes of its tools. Must not throw. */
  onNotification?(method: string, params: JsonObject): void;
  /** The server is connected, for the first time or again. Must not throw. */
  onConnected?(): void;
}

export interface RequestOptions {
  /** Aborting it sends `notifications/cancelled` to the server. */
  readonly signal?: AbortSignal;
  /** Until an answer or the next progress. */
  readonly timeoutMs: number;
  /** What is asked, for messages: `tool "x"`. */
  readonly asked: string;
  /** Who answers when the server asks something while it works on the request; without one it is refused. */
  readonly asker?: Asker;
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

/** The pause before start number `failures + 1`: 0.5 s, 1 s, 2 s … 30 s, less up to a quarter by chance. */
export function backoffDelayMs(failures: number, random: number): number {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (1 - random / 4));
}

export class SupervisedServer {
  readonly spec: ServerSpec;
  readonly #deps: SuperviseDeps;
  #state: State = { kind: 'idle' };
  /** The process of the last start, so that it can be ended before it is connected. */
  #starting: { killNow(): void } | undefined;
  #failures = 0;
  readonly #relist: Relist;
  readonly #openCalls = new OpenCalls();
  /** What is known of its tools, from the server or from the cache. */
  readonly known: KnownTools;
  #closing: Promise<void> | undefined;

  constructor(spec: ServerSpec, deps: SuperviseDeps) {
    this.spec = spec;
    this.#deps = deps;
    this.#relist = new Relist(deps.clock);
    const { clock, cache } = deps;
    this.known = new KnownTools(spec, { clock, cache, log: deps.connect.log, onTools: (tools) => deps.onTools(tools) });
  }

  /** `closed` shows as `idle`: nothing runs. */
  get state(): ServerStateName {
    return this.#state.kind === 'closed' ? 'idle' : this.#state.kind;
  }

  /** Why the server is in `backoff` or `failed`. */
  get error(): OptimizerError | undefined {
    return this.#state.kind === 'backoff' || this.#state.kind === 'failed' ? this.#state.error : undefined;
  }

  /** Starts the server if its list is not known. Rejects when this start fails; a later one may still follow by itself. */
  async ensureListed(): Promise<void> {
    if (!this.known.listed) await this.#ready(undefined);
  }

  /** Starts the server if nobody has asked it yet what it offers. Rejects as `ensureListed` does. */
  async ensureOffers(): Promise<void> {
    if (!this.known.listed || this.known.offers === undefined) await this.#ready(undefined);
  }

  /** Connects, whatever the pause, and lists anew. */
  async refresh(): Promise<void> {
    if (this.#state.kind === 'failed' || this.#state.kind === 'backoff') this.#begin();
    const before = this.#state.kind === 'ready' ? this.#state.connection : undefined;
    const connection = await this.#ready(undefined);
    // A connection that has just been made has just been listed.
    if (connection !== before) return;
    this.known.accept(await this.#list(connection, undefined), 'refreshed');
  }

  /**
   * Sends one request and returns the untouched result. Throws `upstream.unavailable` (`data.sent` tells whether it had
   * left), `upstream.timeout`, `upstream.protocol`, `upstream.toolError` (a JSON-RPC error in the server's own words),
   * `limit.toolResult` or `request.cancelled`.
   */
  async request(method: string, params: Record<string, unknown>, options: RequestOptions): Promise<unknown> {
    for (let attempt = 0; ; attempt += 1) {
      const connection = await this.#ready(options.signal);
      if (options.signal?.aborted === true) throw this.#cancelled();
      if (this.known.takeExpiry()) this.#relistSoon(connection);
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
    if (this.#state.kind === 'connecting') this.#starting?.killNow();
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
      const onPipe = (pipe: { killNow(): void }) => {
        this.#starting = pipe;
      };
      const { askable, onNotification } = this.#deps;
      const capabilities = await this.#unlessAborted(Promise.resolve(askable?.() ?? {}), signal);
      const answering = {
        capabilities,
        onRequest: (method: string, params: JsonObject, stop: AbortSignal) =>
          this.#openCalls.answer(method, params, stop),
        ...(onNotification === undefined ? {} : { onNotification }),
      };
      connection = await connect(this.spec, { ...this.#deps.connect, ...answering, onPipe }, signal);
      this.#watchChanges(connection);
      const list = await this.#list(connection, signal);
      signal.throwIfAborted();
      this.known.introduce(connection.instructions, connection.capabilities);
      const made = connection;
      this.#state = { kind: 'ready', connection: made };
      made.ended.then(() => this.#onEnded(made));
      this.known.accept(list, 'connected');
      this.#deps.connect.log.info(
        { server: this.spec.name, tools: list.tools.length, era: made.era },
        'server connected',
      );
      this.#deps.onConnected?.();
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

  #relistSoon(connection: Connection): void {
    this.#relist.soon(async () => {
      if (this.#state.kind !== 'ready' || this.#state.connection !== connection) return;
      try {
        this.known.accept(await this.#list(connection, undefined), 'changed');
      } catch (error) {
        const fields = { server: this.spec.name, reason: String(error) };
        this.#deps.connect.log.warn(fields, 'the changed tool list cannot be read');
      }
    });
  }

  #send(
    connection: Connection,
    method: string,
    params: Record<string, unknown>,
    options: RequestOptions,
  ): Promise<unknown> {
    const { asker } = options;
    if (asker !== undefined) return this.#openCalls.send(connection.client, method, params, { ...options, asker });
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
    this.#relist.end();
    if (state.kind === 'backoff') clearTimeout(state.timer);
    if (state.kind === 'ready') await state.connection.close(graceMs);
    if (state.kind === 'connecting') {
      state.abort.abort();
      // A start that was faster than the abort hands us its connection.
      await state.work.then((connection) => connection.close(graceMs)).catch(() => {});
    }
    await this.known.settled();
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
  if (error.code === 'upstream.timeout') return true;
  if (error.code !== 'upstream.unavailable') return false;
  const status = error.data?.httpStatus;
  if (status === 401 || status === 403) return false;
  // A call that was sent must not be sent again, but its server may well be started again.
  return error.retryable || error.data?.sent === true;
}

/** True when the request cannot have reached the server. */
function neverLeft(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === 'NOT_CONNECTED' || message === 'Not connected') return true;
  if (typeof message === 'string' && message.startsWith('The pipe to the server is closed')) return true;
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(systemCode(error) ?? '');
}
