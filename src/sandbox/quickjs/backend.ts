/**
 * The QuickJS backend on the main thread: workers, dispatch to the least busy one, and the watchdog that ends what no
 * interrupt can end. A run is answered exactly once, here, whatever becomes of its worker.
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
  type LogLine,
  type RunChain,
  type RunEnd,
  type RunRequest,
  replyText,
  type SessionStart,
} from '../backend.ts';
import type { Limits } from '../limits.ts';
import { encodeBjson } from './bjson.ts';
import { ChannelEnd, createChannelMemory } from './channel.ts';
import type { FailReport } from './fail-report.ts';
import { describeFailure } from './failure.ts';
import type { GuestSessionEnd, RunProfile } from './guest.ts';
import type { ToMain, ToWorker, WorkerBoot, WorkerEnd, WorkerStats } from './messages.ts';
import { PollCredit } from './poll-credit.ts';
import { compressImage, expandImage, sessionBaseName } from './session-codec.ts';
import { SliceMeter } from './slice-meter.ts';
import { askToStop, busySince, createMonotonic, createWatch, overdueRun, runningRun } from './watchdog.ts';

/** What the backend needs of a thread; `node:worker_threads` Workers fit. */
export interface WorkerThread {
  postMessage(message: unknown, transfers?: ArrayBuffer[]): void;
  terminate(): Promise<number>;
  on(event: 'message', listener: (batch: ToMain[]) => void): unknown;
  on(event: 'error', listener: (error: Error & { code?: string }) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  unref(): void;
}

export interface QuickJsBackendOptions {
  /**
   * Starts a guest worker; the composition root knows where its code lies. `name` becomes the thread's name, by which the
   * system's count of its processor time is found.
   */
  readonly spawn: (name: string) => WorkerThread;
  /** Compiled at its first use: after the first worker has begun to start. */
  readonly wasm: () => WebAssembly.Module;
  /** The guest snapshot as the build wrote it. */
  readonly snapshot: () => Uint8Array;
  readonly engineHash: string;
  readonly workersMin: number;
  readonly workersMax: number;
  readonly memoryBytes: number;
  readonly warmGuests: number;
  /** Idle guests of one worker: kept at most, and kept by a clean-up although no run needed them. */
  readonly idleGuestsMax: number;
  readonly idleGuestsKept: number;
  readonly cleanupIntervalMs: number;
  readonly pollMs: number;
  /** Whether the engine build reads values in its own binary form. */
  readonly binaryValues: boolean;
  readonly onWorkerLost?: (reason: string) => void;
}

/** How far past its allowance a slice may go before its thread is ended; the answer must come within deadline + 250 ms. */
const OVERDUE_TOLERANCE_MS = 100;
/** How often the threads are looked at while a run is under way. What a stuck guest costs its neighbours includes this. */
const WATCH_INTERVAL_MS = 5;
/** How long a stopped or overdue run may take to say its last word. */
const LAST_WORD_MS = 200;

/** A thread that has not come back for this long counts as so many waiting runs; one that starts, as these. */
const BUSY_MS = 3;
const BUSY_RUNS = 64;
const STARTING_RUNS = 8;

/**
 * Looks into a worker's memory in one turn of the event loop, some 20 µs in all, while it has so few runs that there is
 * nothing else to do for this thread.
 */
const SPINS = 1_000;
const SPIN_RUNS_MAX = 2;

interface PendingRun {
  readonly run: number;
  readonly request: RunRequest;
  readonly worker: WorkerSlot;
  /** Of one that waits in the worker for another: when that one ended. */
  startedMs: number;
  /** The run of the same chain that waits for this one. */
  follower: PendingRun | undefined;
  readonly logs: LogLine[];
  logsDropped: number;
  hostCalls: number;
  /** By how much the deadline has been moved. */
  movedMs: number;
  finish(end: WorkerEnd): void;
  timer: NodeJS.Timeout | undefined;
}

interface WorkerSlot {
  readonly thread: WorkerThread;
  readonly channel: ChannelEnd<ToWorker, ToMain>;
  readonly watch: Float64Array;
  readonly meter: SliceMeter;
  readonly runs: Map<number, PendingRun>;
  /** How many of them are to be alone. */
  runsAlone: number;
  /** Numbers of the profiles that it has been told. */
  readonly profiles: Set<number>;
  outbox: ToWorker[];
  /** Buffers of the outbox that move to the worker. */
  transfers: ArrayBuffer[];
  flushPlanned: boolean;
  /** The boot has been sent; before it nothing else may be. */
  booted: boolean;
  ready: boolean;
  lost: boolean;
  lastUsedMs: number;
  stats: WorkerStats | undefined;
}

export class QuickJsBackend implements GuestBackend {
  readonly name = 'quickjs';
  readonly chains = true;
  readonly #options: QuickJsBackendOptions;
  readonly #now = createMonotonic();
  readonly #workers = new Set<WorkerSlot>();
  readonly #killed: Record<string, number> = {};
  readonly #waits = new Durations();
  /** The last run of each chain. */
  readonly #chains = new WeakMap<RunChain, PendingRun>();
  /** Guests that were given up, by reason; counted here, because a worker's own figures end with it. */
  readonly #discarded: Record<string, number> = {};
  readonly #statsWaiting = new Map<number, () => void>();
  /** What runs have in common, by identity: the configured limits and all grants, above all. */
  readonly #profiles: Array<Pick<RunRequest, 'grants' | 'limits'>> = [];
  #inventory: Readonly<Record<string, readonly string[]>> = {};
  #nextRun = 1;
  #nextStats = 1;
  #sessionBase: string | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #cleanupTimer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #awake = new PollCredit();
  /** Until when the event loop is kept turning; 0 = it may sleep. */
  #awakeUntil = 0;
  #heardAwake = false;

  constructor(options: QuickJsBackendOptions) {
    this.#options = options;
  }

  /** Starts the first workers without waiting for them. */
  start(): void {
    while (this.#workers.size < this.#options.workersMin) this.#spawn();
    this.#cleanupTimer ??= setInterval(() => this.#shrink(), this.#options.cleanupIntervalMs);
    this.#cleanupTimer.unref();
  }

  /** Tells every worker what `Object.keys(tools)` answers. */
  setInventory(names: Readonly<Record<string, readonly string[]>>): void {
    this.#inventory = names;
    for (const worker of this.#workers) this.#post(worker, { kind: 'inventory', names });
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
    const worker = ahead?.worker ?? this.#choose(request.alone === true);
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
      const profile = this.#profileFor(worker, request);
      this.#post(worker, {
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
    const workers = [...this.#workers].map((worker) => ({
      ready: worker.ready,
      runs: worker.runs.size,
      ...(worker.stats ? { guests: worker.stats as unknown as Json } : {}),
    }));
    const guests = { warm: 0, leased: 0, discarded: this.#discarded };
    for (const { stats } of this.#workers) {
      guests.warm += stats?.warm ?? 0;
      guests.leased += stats?.leased ?? 0;
    }
    const wait = this.#waits.figures() as unknown as Json;
    const { engineHash } = this.#options;
    const engine = ENGINE_NAMES.find((known) => ENGINES[known].sha256 === engineHash) ?? 'unknown';
    return { backend: this.name, engine, isolation: 'thread', guests, wait, workers, workersLost: this.#killed };
  }

  /** Asks the workers for fresh figures; a worker that is busy keeps its last ones. */
  async refreshStats(): Promise<void> {
    const asked = [...this.#workers].map((worker) => {
      const request = this.#nextStats++;
      const answered = new Promise<void>((resolve) => this.#statsWaiting.set(request, resolve));
      this.#post(worker, { kind: 'stats', request });
      const late = new Promise<void>((resolve) => setTimeout(resolve, LAST_WORD_MS));
      return Promise.race([answered, late]).then(() => this.#statsWaiting.delete(request));
    });
    await Promise.all(asked);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watchTimer);
    clearInterval(this.#cleanupTimer);
    const threads = [...this.#workers];
    for (const worker of threads) this.#lose(worker, 'request.shutdown', undefined);
    await Promise.all(threads.map((worker) => worker.thread.terminate()));
  }

  /** The number of a profile that this worker knows or is told now; rare ones travel whole with their run. */
  #profileFor(worker: WorkerSlot, { grants, limits }: RunRequest): number | RunProfile {
    let number = this.#profiles.findIndex((known) => known.limits === limits && known.grants === grants);
    if (number < 0) {
      if (this.#profiles.length >= PROFILES_MAX) return profileOf(grants, limits);
      number = this.#profiles.push({ grants, limits }) - 1;
    }
    if (!worker.profiles.has(number)) {
      worker.profiles.add(number);
      this.#post(worker, { kind: 'profile', number, profile: profileOf(grants, limits) });
    }
    return number;
  }

  #choose(alone: boolean): WorkerSlot {
    const now = this.#now();
    let best: WorkerSlot | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const worker of this.#workers) {
      const load = loadOf(worker, now, alone);
      if (load >= least) continue;
      least = load;
      best = worker;
    }
    if (!best) return this.#spawn();
    // A worker that is still starting is no reason for a second one: it would only be there later, and slow the first.
    const occupied = least >= (best.ready ? 1 : STARTING_RUNS + 1);
    if (occupied && this.#workers.size < this.#options.workersMax) this.#spawn();
    return best;
  }

  #spawn(): WorkerSlot {
    const options = this.#options;
    const watch = createWatch();
    const channel = createChannelMemory();
    const name = `guest-${process.pid % 10_000}-${lastWorker++}`;
    const thread = options.spawn(name);
    // The thread takes some 20 ms to be there; compiling the engine waits until this turn's work is done.
    const bootOf = (): WorkerBoot => ({
      wasm: options.wasm(),
      snapshot: options.snapshot(),
      engineHash: options.engineHash,
      memoryBytes: options.memoryBytes,
      watch,
      channel,
      warmGuests: options.warmGuests,
      idleGuestsMax: options.idleGuestsMax,
      idleGuestsKept: options.idleGuestsKept,
      pollMs: options.pollMs,
    });
    const worker: WorkerSlot = {
      thread,
      channel: new ChannelEnd(channel, 'main', thread),
      watch: new Float64Array(watch),
      meter: new SliceMeter(name),
      runs: new Map(),
      runsAlone: 0,
      profiles: new Set(),
      outbox: [],
      transfers: [],
      flushPlanned: false,
      booted: false,
      ready: false,
      lost: false,
      lastUsedMs: this.#now(),
      stats: undefined,
    };
    this.#workers.add(worker);
    setImmediate(() => this.#boot(worker, bootOf));
    thread.on('message', (batch) => this.#heard(worker, worker.channel.received(batch)));
    thread.on('error', (error) => {
      const code = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'limit.memory' : 'internal.error';
      this.#lose(worker, code, runningRun(worker.watch), error.message);
    });
    thread.on('exit', () => this.#lose(worker, 'internal.error', runningRun(worker.watch), 'the worker exited'));
    thread.unref();
    if (Object.keys(this.#inventory).length > 0) this.#post(worker, { kind: 'inventory', names: this.#inventory });
    return worker;
  }

  #boot(worker: WorkerSlot, bootOf: () => WorkerBoot): void {
    if (worker.lost) return;
    try {
      worker.thread.postMessage(bootOf());
      worker.booted = true;
      this.#flush(worker);
    } catch (error) {
      this.#lose(worker, 'sandbox.unavailable', undefined, (error as Error).message);
    }
  }

  #heard(worker: WorkerSlot, batch: ToMain[]): void {
    if (this.#awakeUntil !== 0) this.#heardAwake = true;
    for (const message of batch) {
      switch (message.kind) {
        case 'ready':
          worker.ready = true;
          break;
        case 'broken':
          this.#lose(worker, 'sandbox.unavailable', undefined, message.message);
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
    this.#post(worker, { kind: 'settle', run, call, ok: reply.ok, data });
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
    this.#post(worker, { kind: 'stop', run, code });
    if (code === 'request.cancelled' && runningRun(worker.watch) === run) askToStop(worker.watch, run);
    const late = setTimeout(() => {
      if (!worker.runs.has(run)) return;
      if (runningRun(worker.watch) === run) this.#lose(worker, code, run);
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
    this.#post(pending.worker, { kind: 'extend', run: pending.run, byMs });
  }

  #watch(): void {
    this.#watchTimer ??= setInterval(() => {
      const now = this.#now();
      for (const worker of this.#workers) {
        const run = worker.meter.spent(worker.watch, now) ?? overdueRun(worker.watch, now, OVERDUE_TOLERANCE_MS);
        if (run === undefined) continue;
        const pending = worker.runs.get(run);
        const overWall =
          pending !== undefined && now - pending.startedMs >= pending.request.limits.wallMs + pending.movedMs;
        this.#lose(worker, overWall ? 'limit.time' : 'limit.cpu', run);
      }
    }, WATCH_INTERVAL_MS);
  }

  /** Stops watching while nothing runs, so that an idle process sleeps. */
  #rest(): void {
    for (const worker of this.#workers) if (worker.runs.size > 0) return;
    clearInterval(this.#watchTimer);
    this.#watchTimer = undefined;
  }

  /** Gives a worker up: the culprit is answered with `code`, its neighbours with `sandbox.lost`, a new worker starts. */
  #lose(worker: WorkerSlot, code: ErrorCode, culprit: number | undefined, detail?: string): void {
    if (worker.lost) return;
    this.#forget(worker);
    const overdueNeighbours = this.#closed ? 'request.shutdown' : 'sandbox.lost';
    for (const pending of [...worker.runs.values()]) {
      const own = culprit === undefined ? code : pending.run === culprit ? code : overdueNeighbours;
      pending.finish(failed(own, detail));
    }
    void worker.thread.terminate();
    if (this.#closed) return;
    this.#killed[code] = (this.#killed[code] ?? 0) + 1;
    this.#options.onWorkerLost?.(detail ?? code);
    // One that never came up would do the same again at once; the next run is what tries it again.
    if (worker.ready && this.#workers.size < this.#options.workersMin) this.#spawn();
  }

  /** Ends workers above the minimum that have had nothing to do, and lets the others put down guests. */
  #shrink(): void {
    const now = this.#now();
    const { cleanupIntervalMs, workersMin } = this.#options;
    for (const worker of this.#workers) {
      const idleMs = worker.runs.size > 0 ? 0 : now - worker.lastUsedMs;
      if (this.#workers.size > workersMin && idleMs >= cleanupIntervalMs) {
        this.#forget(worker);
        void worker.thread.terminate();
        // After two clean-ups without a run there is nothing left to put down, and the thread may sleep.
      } else if (idleMs < 3 * cleanupIntervalMs) this.#post(worker, { kind: 'cleanUp' });
    }
  }

  #forget(worker: WorkerSlot): void {
    worker.lost = true;
    this.#workers.delete(worker);
  }

  #post(worker: WorkerSlot, message: ToWorker): void {
    worker.outbox.push(message);
    if (worker.flushPlanned || !worker.booted) return;
    worker.flushPlanned = true;
    queueMicrotask(() => this.#flush(worker));
  }

  #flush(worker: WorkerSlot): void {
    worker.flushPlanned = false;
    const batch = worker.outbox;
    const transfers = worker.transfers;
    worker.outbox = [];
    worker.transfers = [];
    if (batch.length === 0 || worker.lost) return;
    worker.channel.send(batch, transfers);
    this.#stayAwake();
  }

  /**
   * Keeps this thread out of its sleep for a moment after it has sent something, by turning the event loop: the worker's
   * next message is then picked up at once. The same rule as the worker's own poll, on the other side.
   */
  #stayAwake(): void {
    if (this.#options.pollMs <= 0) return;
    if (this.#awakeUntil === 0 && !this.#awake.granted()) return;
    const turning = this.#awakeUntil !== 0;
    this.#awakeUntil = this.#now() + this.#options.pollMs;
    for (const worker of this.#workers) worker.channel.awake();
    if (!turning) setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    for (const worker of this.#workers) this.#look(worker);
    if (this.#now() < this.#awakeUntil) {
      setImmediate(this.#turn);
      return;
    }
    this.#awakeUntil = 0;
    this.#awake.settle(this.#heardAwake);
    this.#heardAwake = false;
    for (const worker of this.#workers) {
      const late = worker.channel.sleep();
      if (late) this.#heard(worker, late);
    }
  };

  /** Hears what lies in the worker's shared memory; with few runs under way, looks for a moment longer. */
  #look(worker: WorkerSlot): void {
    const spins = worker.runs.size > 0 && worker.runs.size <= SPIN_RUNS_MAX ? SPINS : 1;
    for (let spin = 0; spin < spins; spin++) {
      const batch = worker.channel.take();
      if (batch) {
        this.#heard(worker, batch);
        return;
      }
    }
  }
}

/** Of all backends of this process: no two of its threads have one name. */
let lastWorker = 0;

/** Profiles that are remembered; each run with limits of its own would otherwise leave one behind. */
const PROFILES_MAX = 8;

function profileOf(grants: readonly string[], limits: Limits): RunProfile {
  const { wallMs, cpuMs, memoryBytes, stackBytes, argumentBytes, logBytes, keptValueBytes, calls, callsInFlight } =
    limits;
  return {
    grants,
    limits: { wallMs, cpuMs, memoryBytes, stackBytes, argumentBytes, logBytes, keptValueBytes, calls, callsInFlight },
  };
}

const NOTHING_HEARD = { logs: [], logsDropped: 0, hostCalls: 0 };

/**
 * Runs that a worker has, and what makes a new one wait there: code that has kept the thread for a while, or its start. A run
 * that is to be alone and any other run count as busy for each other.
 */
function loadOf(worker: WorkerSlot, nowMs: number, alone: boolean): number {
  const since = busySince(worker.watch);
  const apart = worker.runsAlone > 0 || (alone && worker.runs.size > 0);
  const busy = apart || (since !== 0 && nowMs - since > BUSY_MS);
  return worker.runs.size + (busy ? BUSY_RUNS : 0) + (worker.ready ? 0 : STARTING_RUNS);
}

function failed(code: ErrorCode, detail?: string): WorkerEnd {
  const report: FailReport = detail === undefined ? {} : { message: detail };
  return {
    valueText: undefined,
    failure: { code, report },
    cpuMs: 0,
    begunMs: 0,
    discarded: code,
    memoryPeakBytes: 0,
    bytesIn: 0,
    bytesOut: 0,
    callsLeft: 0,
  };
}

function toRunEnd(
  limits: Limits,
  end: WorkerEnd,
  heard: Pick<PendingRun, 'logs' | 'logsDropped' | 'hostCalls'>,
  wallMs: number,
  queueMs: number,
): RunEnd {
  return {
    valueText: end.valueText,
    failure: end.failure ? describeFailure(end.failure, limits) : undefined,
    logs: heard.logs,
    logsDropped: heard.logsDropped,
    callsLeft: end.callsLeft,
    usage: {
      wallMs,
      guestCpuMs: end.cpuMs,
      queueMs,
      memoryPeakBytes: end.memoryPeakBytes,
      hostCalls: heard.hostCalls,
      bytesIn: end.bytesIn,
      bytesOut: end.bytesOut,
    },
  };
}
