/**
 * The QuickJS backend on the main thread: runs are handed to the least busy worker (worker-pool.ts), their calls answered,
 * and the watchdog ends what no interrupt can end. A run is answered exactly once, here, whatever becomes of its worker.
 *
 *   run() ─▶ least busy worker ─▶ calls ─▶ request.hostCall ─▶ settle … ─▶ end
 *                 └─ overdue, crashed ─▶ terminated; its other runs end as `sandbox.lost`
 */
import { ENGINE_NAMES, ENGINES } from '../../core/assets.ts';
import { Durations } from '../../core/durations.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import {
  type GuestBackend,
  type HostReply,
  INTERNAL_FAILURE,
  type RunChain,
  type RunEnd,
  type RunRequest,
  replyText,
  type SessionStart,
} from '../backend.ts';
import { encodeBjson } from './bjson.ts';
import type { GuestSessionEnd } from './guest.ts';
import type { ToMain } from './messages.ts';
import { failed, NOTHING_HEARD, toRunEnd } from './run-ends.ts';
import { RunProfiles } from './run-profiles.ts';
import { compressImage, expandImage, sessionBaseName } from './session-codec.ts';
import { askToStop, createMonotonic, overdueRun, runningRun } from './watchdog.ts';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';
import type { PendingRun, WorkerSlot } from './worker-slot.ts';

export interface QuickJsBackendOptions extends WorkerPoolOptions {
  /** Whether the engine build reads values in its own binary form. */
  readonly binaryValues: boolean;
}

/** How far past its allowance a slice may go before its thread is ended; the answer must come within deadline + 250 ms. */
const OVERDUE_TOLERANCE_MS = 100;
/** How often the threads are looked at while a run is under way. What a stuck guest costs its neighbours includes this. */
const WATCH_INTERVAL_MS = 5;
/** How long a stopped or overdue run may take to say its last word. */
const LAST_WORD_MS = 200;

export class QuickJsBackend implements GuestBackend {
  readonly name = 'quickjs';
  readonly chains = true;
  readonly #options: QuickJsBackendOptions;
  readonly #now = createMonotonic();
  readonly #pool: WorkerPool;
  readonly #waits = new Durations();
  /** The last run of each chain. */
  readonly #chains = new WeakMap<RunChain, PendingRun>();
  /** Guests that were given up, by reason; counted here, because a worker's own figures end with it. */
  readonly #discarded: Record<string, number> = {};
  readonly #statsWaiting = new Map<number, () => void>();
  readonly #profiles = new RunProfiles();
  #nextRun = 1;
  #nextStats = 1;
  #sessionBase: string | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: QuickJsBackendOptions) {
    this.#options = options;
    this.#pool = new WorkerPool(options, this.#now, (worker, batch) => this.#heard(worker, batch));
  }

  /** Starts the first workers without waiting for them. */
  start(): void {
    this.#pool.start();
  }

  /** Tells every worker what `Object.keys(tools)` answers. */
  setInventory(names: Readonly<Record<string, readonly string[]>>): void {
    this.#pool.setInventory(names);
  }

  sessionBase(): string {
    const { engineHash, snapshot } = this.#options;
    // Read at the first session only: the snapshot is some 170 KB.
    this.#sessionBase ??= sessionBaseName(engineHash, snapshot());
    return this.#sessionBase;
  }

  run(request: RunRequest): Promise<RunEnd> {
    return request.session === undefined ? this.#run(request, undefined) : this.#runSession(request, request.session);
  }

  /** The session's image is made and undone beside the run, in the thread pool. */
  async #runSession(request: RunRequest, { image, imageBytesMax }: SessionStart): Promise<RunEnd> {
    const expanded = image === undefined ? undefined : await expandImage(image, this.#options.memoryBytes);
    if (typeof expanded === 'string') {
      const code = expanded === 'memory' ? 'limit.memory' : 'state.session';
      return toRunEnd(request.limits, failed(code), NOTHING_HEARD, 0, 0);
    }
    const left: { session?: GuestSessionEnd } = {};
    const end = await this.#run(request, { image: expanded }, left);
    if (left.session === undefined) return end;
    const compressed = await compressImage(left.session.image);
    const bytes = compressed.byteLength;
    const kept = bytes <= imageBytesMax ? compressed : undefined;
    return { ...end, session: { image: kept, bytes, namesText: left.session.namesText } };
  }

  #run(
    request: RunRequest,
    session: { image: Uint8Array<ArrayBuffer> | undefined } | undefined,
    left: { session?: GuestSessionEnd } = {},
  ): Promise<RunEnd> {
    const startedMs = this.#now();
    const refused = this.#closed ? 'request.shutdown' : request.signal.aborted ? 'request.cancelled' : undefined;
    if (refused) return Promise.resolve(toRunEnd(request.limits, failed(refused), NOTHING_HEARD, 0, 0));
    const last = request.chain === undefined ? undefined : this.#chains.get(request.chain);
    // It waits in the worker itself, so that no message lies between the two.
    const ahead = last?.worker.runs.get(last.run);
    const worker = ahead?.worker ?? this.#pool.choose(request.alone === true);
    const run = this.#nextRun++;
    return new Promise((resolve) => {
      const pending: PendingRun = {
        run,
        request,
        worker,
        startedMs,
        follower: undefined,
        logs: [],
        logsDropped: 0,
        hostCalls: 0,
        movedMs: 0,
        timer: undefined,
        finish: (end) => {
          if (!worker.runs.delete(run)) return;
          if (request.alone) worker.runsAlone--;
          clearTimeout(pending.timer);
          request.signal.removeEventListener('abort', onAbort);
          worker.lastUsedMs = this.#now();
          if (worker.runs.size === 0) this.#rest();
          if (pending.follower !== undefined) this.#begins(pending.follower);
          if (end.discarded !== undefined) this.#discarded[end.discarded] = (this.#discarded[end.discarded] ?? 0) + 1;
          const from = ahead === undefined || end.begunMs === 0 ? pending.startedMs : end.begunMs;
          const queueMs = end.begunMs === 0 ? 0 : Math.max(0, end.begunMs - from);
          if (end.begunMs !== 0) this.#waits.add(queueMs);
          if (end.session !== undefined) left.session = end.session;
          resolve(toRunEnd(request.limits, end, pending, worker.lastUsedMs - from, queueMs));
        },
      };
      const onAbort = (): void => this.#stop(pending, 'request.cancelled');
      worker.runs.set(run, pending);
      if (request.alone) worker.runsAlone++;
      this.#watch();
      const profile = this.#profiles.for(worker, request);
      worker.post({
        kind: 'start',
        run,
        tenant: request.tenant,
        source: request.source,
        paramsText: request.paramsText,
        seed: request.seed,
        profile,
        ...(ahead === undefined ? {} : { after: ahead.run }),
        ...(session === undefined ? {} : { session }),
      });
      if (session?.image !== undefined) worker.transfers.push(session.image.buffer);
      if (request.chain !== undefined) this.#chains.set(request.chain, pending);
      if (ahead === undefined) this.#arm(pending);
      else ahead.follower = pending;
      request.deadline?.listen((byMs) => this.#extend(pending, byMs));
      request.signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  stats(): Json {
    const workers = [...this.#pool.workers].map((worker) => ({
      ready: worker.ready,
      runs: worker.runs.size,
      ...(worker.stats ? { guests: worker.stats as unknown as Json } : {}),
    }));
    const guests = { warm: 0, leased: 0, discarded: this.#discarded };
    for (const { stats } of this.#pool.workers) {
      guests.warm += stats?.warm ?? 0;
      guests.leased += stats?.leased ?? 0;
    }
    const wait = this.#waits.figures() as unknown as Json;
    const { engineHash } = this.#options;
    const engine = ENGINE_NAMES.find((known) => ENGINES[known].sha256 === engineHash) ?? 'unknown';
    return { backend: this.name, engine, isolation: 'thread', guests, wait, workers, workersLost: this.#pool.killed };
  }

  /** Asks the workers for fresh figures; a worker that is busy keeps its last ones. */
  async refreshStats(): Promise<void> {
    const asked = [...this.#pool.workers].map((worker) => {
      const request = this.#nextStats++;
      const answered = new Promise<void>((resolve) => this.#statsWaiting.set(request, resolve));
      worker.post({ kind: 'stats', request });
      const late = new Promise<void>((resolve) => setTimeout(resolve, LAST_WORD_MS));
      return Promise.race([answered, late]).then(() => this.#statsWaiting.delete(request));
    });
    await Promise.all(asked);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watchTimer);
    await this.#pool.close();
  }

  #heard(worker: WorkerSlot, batch: ToMain[]): void {
    for (const message of batch) {
      switch (message.kind) {
        case 'ready':
          worker.ready = true;
          break;
        case 'broken':
          this.#pool.lose(worker, 'sandbox.unavailable', undefined, message.message);
          break;
        case 'call': {
          const pending = worker.runs.get(message.run);
          // One that is being stopped asks for nothing any more: its next call would take effect after the cancel.
          if (!pending || pending.request.signal.aborted) break;
          pending.hostCalls++;
          void this.#serve(pending, message);
          break;
        }
        case 'log': {
          const pending = worker.runs.get(message.run);
          if (!pending) break;
          pending.logsDropped += message.dropped;
          for (const line of message.lines) {
            pending.logs.push(line);
            pending.request.onLog?.(line);
          }
          break;
        }
        case 'end':
          worker.runs.get(message.run)?.finish(message.end);
          break;
        case 'stats':
          worker.stats = message.stats;
          this.#statsWaiting.get(message.request)?.();
          break;
      }
    }
  }

  /** One host call of a run. The contract says that it never rejects; a fault of ours must not end the process. */
  async #serve(pending: PendingRun, message: Extract<ToMain, { kind: 'call' }>): Promise<void> {
    const { worker, run } = pending;
    const { call, interfaceName, functionName, text } = message;
    let reply: HostReply;
    try {
      reply = await pending.request.hostCall({ call, interfaceName, functionName, argumentsText: text });
    } catch {
      reply = INTERNAL_FAILURE;
    }
    if (!worker.runs.has(run)) return;
    const data = this.#dataOf(reply);
    if (typeof data !== 'string') worker.transfers.push(data.buffer);
    worker.post({ kind: 'settle', run, call, ok: reply.ok, data });
  }

  /** Text, or the binary form of a large value: written here, on the thread that has it, and moved without a copy. */
  #dataOf(reply: HostReply): string | Uint8Array<ArrayBuffer> {
    if ('text' in reply) return reply.text;
    return (this.#options.binaryValues ? encodeBjson(reply.value) : undefined) ?? replyText(reply);
  }

  /** Ends a run from outside and gives its worker a moment to say the last word. */
  #stop(pending: PendingRun, code: ErrorCode): void {
    const { worker, run } = pending;
    if (!worker.runs.has(run)) return;
    worker.post({ kind: 'stop', run, code });
    if (code === 'request.cancelled' && runningRun(worker.watch) === run) askToStop(worker.watch, run);
    const late = setTimeout(() => {
      if (!worker.runs.has(run)) return;
      if (runningRun(worker.watch) === run) this.#pool.lose(worker, code, run);
      else pending.finish(failed(code));
    }, LAST_WORD_MS - OVERDUE_TOLERANCE_MS);
    late.unref();
  }

  /** The run that a waiting one has waited for is over. */
  #begins(pending: PendingRun): void {
    if (!pending.worker.runs.has(pending.run)) return;
    pending.startedMs = this.#now();
    this.#arm(pending);
  }

  /** The net under the worker's own deadline. */
  #arm(pending: PendingRun): void {
    const spentMs = this.#now() - pending.startedMs;
    const leftMs = pending.request.limits.wallMs + pending.movedMs - spentMs;
    clearTimeout(pending.timer);
    pending.timer = setTimeout(() => this.#stop(pending, 'limit.time'), Math.max(0, leftMs) + OVERDUE_TOLERANCE_MS);
  }

  #extend(pending: PendingRun, byMs: number): void {
    if (!pending.worker.runs.has(pending.run)) return;
    pending.movedMs += byMs;
    this.#arm(pending);
    pending.worker.post({ kind: 'extend', run: pending.run, byMs });
  }

  #watch(): void {
    this.#watchTimer ??= setInterval(() => {
      const now = this.#now();
      for (const worker of this.#pool.workers) {
        const run = worker.meter.spent(worker.watch, now) ?? overdueRun(worker.watch, now, OVERDUE_TOLERANCE_MS);
        if (run === undefined) continue;
        const pending = worker.runs.get(run);
        const overWall =
          pending !== undefined && now - pending.startedMs >= pending.request.limits.wallMs + pending.movedMs;
        this.#pool.lose(worker, overWall ? 'limit.time' : 'limit.cpu', run);
      }
    }, WATCH_INTERVAL_MS);
  }

  /** Stops watching while nothing runs, so that an idle process sleeps. */
  #rest(): void {
    for (const worker of this.#pool.workers) if (worker.runs.size > 0) return;
    clearInterval(this.#watchTimer);
    this.#watchTimer = undefined;
  }
}
