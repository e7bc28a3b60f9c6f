/**
 * One plugin, kept alive: its worker is started when it is needed, gets one call for each instance, and is ended as a whole
 * when a call does not let go of it. Runs on the main thread; nothing of the component does.
 *
 *   cold ──call──▶ starting ──ready──▶ up ──a call that is given up and does not let go, a crash──▶ cold
 *                                       └─ calls beside it in the worker are lost; those that wait go to the next worker
 *
 * Decision to know: the deadline is the caller's. He gives up (timeout, end of a run, cancellation) and aborts; a plugin
 * that waits for HTTP is told so and ends by itself, one that computes is ended 100 ms later with its thread.
 */
import { OptimizerError } from '../core/errors.ts';
import type { Log } from '../telemetry/log.ts';
import { fetchForPlugin, type HostHttpDeps } from './host-http.ts';
import type { CallEnd, FromPlugin, HttpRequest, ListedTool, PluginOutput, ToPlugin } from './messages.ts';
import { CALLS_QUEUED_MAX, INSTANCES_MAX, LET_GO_MS, type PluginSpec, START_TIMEOUT_MS } from './plugin-spec.ts';
import { type PluginThread, refusal } from './prepare.ts';

export interface PluginDeps {
  readonly spec: PluginSpec;
  readonly log: Log;
  /** Reads, checks and translates the component; asked once, again only after it failed. */
  prepare(signal?: AbortSignal): Promise<PluginOutput>;
  spawnWorker(output: PluginOutput): PluginThread<ToPlugin>;
  readonly http: HostHttpDeps;
  /** From a new worker to its first instance; `START_TIMEOUT_MS` by default. */
  readonly startTimeoutMs?: number;
}

/** A call or a listing, from the moment it is asked for until it has ended. */
interface Job {
  readonly id: number;
  readonly message: ToPlugin;
  readonly asked: string;
  settle(message: FromPlugin): void;
  fail(error: OptimizerError): void;
}

interface Live {
  readonly thread: PluginThread<ToPlugin>;
  readonly running: Map<number, Job>;
  /** Requests for HTTP by the call that waits for them. */
  readonly http: Map<number, AbortController>;
  /** Calls that were given up and have not ended: until they have, the worker may be stuck and gets nothing new. */
  readonly givenUp: Set<number>;
  isUp: boolean;
}

export class Plugin {
  readonly #deps: PluginDeps;
  #output: Promise<PluginOutput> | undefined;
  #live: Live | undefined;
  #starting: Promise<void> | undefined;
  readonly #waiting: Job[] = [];
  #nextId = 1;
  #isClosed = false;

  constructor(deps: PluginDeps) {
    this.#deps = deps;
  }

  /** Loads the component and starts its worker. Throws `upstream.plugin`. */
  async start(signal?: AbortSignal): Promise<void> {
    await this.#up(signal);
  }

  /** Throws `upstream.plugin` when the component cannot list its tools. */
  async listTools(signal?: AbortSignal): Promise<readonly ListedTool[]> {
    const id = this.#newId();
    const end = await this.#run(id, { kind: 'list', id }, 'the list of its tools', signal);
    if (end.kind === 'tools') return end.tools;
    throw refusal(this.#deps.spec.name, `its \`list-tools\` failed: ${end.kind === 'listFailed' ? end.words : ''}`);
  }

  /**
   * Calls one tool. Throws `upstream.unavailable` when the worker ended meanwhile (`data.sent`), `limit.queue` when too
   * many calls wait, `request.cancelled` when `signal` ends it.
   */
  async call(tool: string, args: string, signal?: AbortSignal): Promise<CallEnd> {
    const id = this.#newId();
    const end = await this.#run(id, { kind: 'call', id, tool, args }, `tool "${tool}"`, signal);
    if (end.kind === 'end') return end.end;
    throw new Error(`A call was answered with "${end.kind}".`);
  }

  /** Ends the worker; what still runs or waits is lost. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const job of this.#waiting.splice(0)) job.fail(this.#gone(job.asked, false));
    await this.#drop('the plugin is closed', true);
  }

  #newId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  #run(id: number, message: ToPlugin, asked: string, signal: AbortSignal | undefined): Promise<FromPlugin> {
    const { name } = this.#deps.spec;
    if (this.#isClosed) return Promise.reject(this.#gone(asked, false));
    if (signal?.aborted === true) return Promise.reject(cancelled(name, asked));
    if (this.#waiting.length >= CALLS_QUEUED_MAX) {
      const words = `Plugin "${name}" has ${CALLS_QUEUED_MAX} calls waiting; ${asked} was not sent.`;
      return Promise.reject(new OptimizerError('limit.queue', words, { data: { server: name, sent: false } }));
    }
    return new Promise<FromPlugin>((resolve, reject) => {
      const onAbort = (): void => {
        this.#giveUp(id);
        reject(cancelled(name, asked));
      };
      const done = (): void => signal?.removeEventListener('abort', onAbort);
      signal?.addEventListener('abort', onAbort, { once: true });
      const job: Job = {
        id,
        message,
        asked,
        settle: (end) => {
          done();
          resolve(end);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      };
      this.#waiting.push(job);
      this.#next();
    });
  }

  /** Gives waiting jobs to free instances; starts the worker when there is none. */
  #next(): void {
    if (this.#waiting.length === 0) return;
    const live = this.#live;
    if (live === undefined || !live.isUp) {
      void this.#up(undefined).then(
        () => this.#next(),
        (error) => this.#failWaiting(error),
      );
      return;
    }
    while (live.running.size < INSTANCES_MAX && live.givenUp.size === 0) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      live.running.set(job.id, job);
      live.thread.postMessage(job.message);
    }
  }

  #failWaiting(error: unknown): void {
    const failure = error instanceof OptimizerError ? error : refusal(this.#deps.spec.name, String(error));
    for (const job of this.#waiting.splice(0)) job.fail(failure);
  }

  /** Nobody waits for this job any more. */
  #giveUp(id: number): void {
    const at = this.#waiting.findIndex((job) => job.id === id);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      return;
    }
    const live = this.#live;
    const job = live?.running.get(id);
    if (live === undefined || job === undefined) return;
    live.givenUp.add(id);
    live.http.get(id)?.abort();
    live.thread.postMessage({ kind: 'cancel', id });
    setTimeout(() => {
      if (this.#live !== live || !live.running.has(id)) return;
      void this.#drop(`${job.asked} did not end`, false);
    }, LET_GO_MS);
  }

  async #up(signal: AbortSignal | undefined): Promise<void> {
    if (this.#live?.isUp === true) return;
    this.#starting ??= this.#startWorker(signal).finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  async #startWorker(signal: AbortSignal | undefined): Promise<void> {
    this.#output ??= this.#deps.prepare(signal);
    let output: PluginOutput;
    try {
      output = await this.#output;
    } catch (error) {
      this.#output = undefined;
      throw error;
    }
    signal?.throwIfAborted();
    if (this.#isClosed) throw this.#gone('its start', false);
    const thread = this.#deps.spawnWorker(output);
    const live: Live = { thread, running: new Map(), http: new Map(), givenUp: new Set(), isUp: false };
    this.#live = live;
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        void this.#drop(why, true);
        reject(refusal(this.#deps.spec.name, why));
      };
      const { startTimeoutMs = START_TIMEOUT_MS } = this.#deps;
      const timer = setTimeout(() => fail(`its start takes longer than ${startTimeoutMs} ms.`), startTimeoutMs);
      const onAbort = (): void => {
        void this.#drop('its start was given up', true);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const settled = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      thread.on('message', (message: FromPlugin) => {
        if (message.kind === 'ready') {
          settled();
          live.isUp = true;
          resolve();
        } else if (message.kind === 'unfit') {
          settled();
          fail(`it cannot be started: ${message.words}`);
        } else this.#receive(live, message);
      });
      const onEnd = (why: string): void => {
        settled();
        // After it was up nobody waits for this promise any more.
        reject(refusal(this.#deps.spec.name, why));
        if (this.#live === live) void this.#drop(why, false);
      };
      thread.on('error', (error) => onEnd(`its worker ended: ${lastWords(error)}`));
      thread.on('exit', () => onEnd('its worker ended.'));
    });
  }

  #receive(live: Live, message: Exclude<FromPlugin, { kind: 'ready' | 'unfit' }>): void {
    const { name } = this.#deps.spec;
    switch (message.kind) {
      case 'log':
        this.#deps.log[message.level]({ plugin: name }, message.message);
        return;
      case 'logDropped':
        this.#deps.log.warn({ plugin: name, lines: message.lines }, 'the plugin logged more lines than are kept');
        return;
      case 'http':
        void this.#fetch(live, message.id, message.call, message.request);
        return;
      default: {
        const job = live.running.get(message.id);
        live.running.delete(message.id);
        live.givenUp.delete(message.id);
        job?.settle(message);
        this.#next();
      }
    }
  }

  async #fetch(live: Live, id: number, call: number, request: HttpRequest): Promise<void> {
    const abort = new AbortController();
    live.http.set(call, abort);
    const answer = await fetchForPlugin(this.#deps.http, request, abort.signal);
    if (live.http.get(call) === abort) live.http.delete(call);
    if (this.#live === live) live.thread.postMessage({ kind: 'http', id, answer });
  }

  /** Ends the worker. Its calls are lost; those that wait are given to the next one. */
  async #drop(why: string, isQuiet: boolean): Promise<void> {
    const live = this.#live;
    if (live === undefined) return;
    this.#live = undefined;
    if (!isQuiet)
      this.#deps.log.warn({ plugin: this.#deps.spec.name, reason: why }, 'the worker of a plugin was ended');
    for (const abort of live.http.values()) abort.abort();
    const ended = live.thread.terminate();
    for (const job of live.running.values()) job.fail(this.#gone(job.asked, true));
    live.running.clear();
    await ended.catch(() => undefined);
    this.#next();
  }

  #gone(asked: string, sent: boolean): OptimizerError {
    const { name } = this.#deps.spec;
    const words = sent ? `was lost while ${asked} was running` : `is closed; ${asked} was not sent`;
    return new OptimizerError('upstream.unavailable', `The worker of plugin "${name}" ${words}.`, {
      data: { server: name, sent },
      retryable: !sent,
    });
  }
}

function cancelled(name: string, asked: string): OptimizerError {
  return new OptimizerError('request.cancelled', `The call of ${asked} on plugin "${name}" was cancelled.`, {
    data: { server: name },
  });
}

function lastWords(error: Error): string {
  if ((error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY') return 'its JavaScript heap is full.';
  return `${error.message.slice(0, 200)}.`;
}
