/**
 * The process tier: the same guests in worker threads of child processes that have no environment, no files, no network and
 * no way to start anything. What a guest could still do after it had taken over the engine, and then the thread around it,
 * ends there. To the rest of the house it is a backend like the one it wraps.
 *
 *   run() ─▶ least busy child ─frames─▶ its QuickJsBackend ─▶ call ─▶ request.hostCall ─▶ settle … ─▶ end
 *              └─ exited, silent, broke the contract ─▶ its group is killed, its runs end as `sandbox.lost`, a new child
 *
 * A run is answered exactly once, here, whatever becomes of its child. Nothing that a child says is trusted further than the
 * run that it speaks of: grants and sizes are looked at again, and the limits that end a run hold here as well.
 */
import type { ChildProcess } from 'node:child_process';
import type { ErrorCode } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import {
  type GuestBackend,
  type HostReply,
  INTERNAL_FAILURE,
  type LogLine,
  NO_USAGE,
  type RunEnd,
  type RunRequest,
  type SessionImage,
} from '../backend.ts';
import type { Limits } from '../limits.ts';
import { describeFailure } from '../quickjs/failure.ts';
import { SandboxChild } from './child.ts';
import type { UpEnd, UpMessage } from './messages.ts';

export interface ProcessBackendOptions {
  readonly name: string;
  /** Starts a sandbox process; see `ChildOptions`. */
  readonly spawn: () => ChildProcess;
  /** Handed to every child: how it builds its own backend. */
  readonly settings: Json;
  readonly childrenMin: number;
  readonly childrenMax: number;
  /** What the operating system lets one child take, where it can be told. */
  readonly memoryBytesMax: number;
  readonly cleanupIntervalMs: number;
  readonly limits: Pick<Limits, 'keptValueBytes' | 'argumentBytes'>;
  /** See `SandboxBackend.sessionBase`: that of the guests in the children. */
  readonly sessionBase: () => string;
  /** The largest image of a session that a child may send. */
  readonly sessionBytesMax: number;
  readonly onChildLost?: (reason: string, stderr: string) => void;
}

/** A child answers by itself within 200 ms of a run's deadline; after this its run is answered here. */
const ANSWER_GRACE_MS = 230;
/** How much longer a child may owe the end of a run that has been answered; then it is stuck, and goes. */
const OWED_MS = 1_000;
const START_MS = 20_000;
const STATS_MS = 200;
/** After a child that came to nothing: 250 ms, doubled each time, up to half a minute. */
const BACK_OFF_MS = 250;
const BACK_OFF_MS_MAX = 30_000;
/** A child that has lived this long was no failure of the start. */
const SETTLED_MS = 10_000;
/** A child that starts counts as so many runs. */
const STARTING_RUNS = 8;
/** What any company counts for a run that is to be alone. */
const CROWD_RUNS = 64;
/** Calls of one run that may be without an answer here: more than its guest would ever let through. */
const WAITING_MAX = 20_000;
/** JSON in JSON may grow sixfold (`\u0000`); what surrounds it is small. */
const ESCAPED = 6;
const FRAME_BYTES_EXTRA = 8 * 1024 * 1024;

interface PendingRun {
  readonly run: number;
  readonly request: RunRequest;
  readonly startedMs: number;
  readonly logs: LogLine[];
  logChars: number;
  logsDropped: number;
  hostCalls: number;
  waiting: number;
  queueMs: number;
  /** By how much the deadline has been moved. */
  movedMs: number;
  /** When the child was ready to take it; 0 = it is not yet. */
  armedMs: number;
  timer: NodeJS.Timeout | undefined;
  finish(end: UpEnd): void;
}

interface Slot {
  readonly child: SandboxChild;
  readonly bornMs: number;
  readonly runs: Map<number, PendingRun>;
  /** Runs that were answered here and that the child has not ended yet. */
  readonly owed: Map<number, NodeJS.Timeout>;
  lastUsedMs: number;
  stats: Json;
}

/** What a reply that comes as a value is taken for when messages are gathered: large, so that it leaves at once. */
const LARGE_REPLY_CHARS = 64 * 1024;

export class ProcessBackend implements GuestBackend {
  readonly name: string;
  readonly #options: ProcessBackendOptions;
  readonly #slots = new Set<Slot>();
  readonly #lost: Record<string, number> = {};
  readonly #statsWaiting = new Map<number, () => void>();
  #inventory: Readonly<Record<string, readonly string[]>> = {};
  #nextRun = 1;
  #nextStats = 1;
  #failures = 0;
  #notBeforeMs = 0;
  #lastReason = '';
  #respawnTimer: NodeJS.Timeout | undefined;
  #cleanupTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ProcessBackendOptions) {
    this.name = options.name;
    this.#options = options;
  }

  start(): void {
    while (this.#slots.size < this.#options.childrenMin) this.#spawn();
    this.#cleanupTimer ??= setInterval(() => this.#shrink(), this.#options.cleanupIntervalMs);
    this.#cleanupTimer.unref();
  }

  setInventory(names: Readonly<Record<string, readonly string[]>>): void {
    this.#inventory = names;
    for (const { child } of this.#slots) child.send({ kind: 'inventory', names });
  }

  sessionBase(): string {
    return this.#options.sessionBase();
  }

  run(request: RunRequest): Promise<RunEnd> {
    const { limits, signal } = request;
    const startedMs = performance.now();
    const refused = this.#closed ? 'request.shutdown' : signal.aborted ? 'request.cancelled' : undefined;
    if (refused) return Promise.resolve(toRunEnd(failed(refused, limits), [], 0, 0));
    const slot = this.#choose(request.alone === true);
    if (!slot) return Promise.resolve(toRunEnd(this.#unavailable(limits), [], 0, 0));
    const run = this.#nextRun++;
    return new Promise((resolve) => {
      const onAbort = (): void => this.#stop(slot, pending, 'request.cancelled', ANSWER_GRACE_MS);
      const pending: PendingRun = {
        run,
        request,
        startedMs,
        logs: [],
        logChars: 0,
        logsDropped: 0,
        hostCalls: 0,
        waiting: 0,
        queueMs: 0,
        movedMs: 0,
        armedMs: 0,
        timer: undefined,
        finish: (end) => {
          if (!slot.runs.delete(run)) return;
          clearTimeout(pending.timer);
          signal.removeEventListener('abort', onAbort);
          slot.lastUsedMs = performance.now();
          if (slot.runs.size === 0) slot.child.hold(false);
          const usage = {
            ...end.usage,
            wallMs: slot.lastUsedMs - startedMs,
            queueMs: pending.queueMs + end.usage.queueMs,
          };
          const dropped = pending.logsDropped + end.logsDropped;
          const session = imageOf(end, request);
          resolve({
            ...toRunEnd({ ...end, usage: { ...usage, hostCalls: pending.hostCalls } }, pending.logs, dropped),
            ...(session === undefined ? {} : { session }),
          });
        },
      };
      slot.runs.set(run, pending);
      slot.child.hold(true);
      const { executionId, tenant, source, paramsText, grants, seed, alone = false, session } = request;
      const given = { executionId, tenant, source, paramsText, grants, limits, seed, alone };
      slot.child.send(
        { kind: 'start', run, request: session === undefined ? given : { ...given, session } },
        source.length + paramsText.length + (session?.image?.length ?? 0),
      );
      if (slot.child.ready) this.#arm(slot, pending);
      request.deadline?.listen((byMs) => this.#extend(slot, pending, byMs));
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  stats(): Json {
    const children = [...this.#slots].map(({ child, runs, stats }) => ({
      pid: child.pid ?? null,
      ready: child.ready,
      runs: runs.size,
      confinement: confinementText(child),
      ...(stats === null ? {} : { sandbox: stats }),
    }));
    return { backend: this.name, isolation: 'process', children, childrenLost: this.#lost };
  }

  async refreshStats(): Promise<void> {
    const asked = [...this.#slots].map(async ({ child }) => {
      if (!child.ready) return;
      const request = this.#nextStats++;
      let late: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#statsWaiting.set(request, resolve);
        late = setTimeout(resolve, STATS_MS);
        child.send({ kind: 'stats', request });
      });
      clearTimeout(late);
      this.#statsWaiting.delete(request);
    });
    await Promise.all(asked);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#cleanupTimer);
    clearTimeout(this.#respawnTimer);
    const slots = [...this.#slots];
    for (const slot of slots) this.#drop(slot, 'request.shutdown');
    await Promise.all(slots.map(({ child }) => child.kill()));
  }

  /**
   * The least busy child; a further one is started when none is idle. Undefined while a failed start is waited out. A run
   * that is to be alone goes where nothing runs, if there is such a child.
   */
  #choose(alone: boolean): Slot | undefined {
    let best: Slot | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots) {
      const crowd = alone && slot.runs.size > 0 ? CROWD_RUNS : 0;
      const load = slot.runs.size + slot.owed.size + crowd + (slot.child.ready ? 0 : STARTING_RUNS);
      if (load < least) [best, least] = [slot, load];
    }
    const mayStart = performance.now() >= this.#notBeforeMs;
    if (!best) return mayStart ? this.#spawn() : undefined;
    if (best.runs.size > 0 && mayStart && this.#slots.size < this.#options.childrenMax) this.#spawn();
    return best;
  }

  #spawn(): Slot {
    const { spawn, settings, memoryBytesMax, limits, sessionBytesMax } = this.#options;
    const textBytes = ESCAPED * Math.max(limits.keptValueBytes, limits.argumentBytes);
    const frameBytesMax = textBytes + Math.ceil((sessionBytesMax * 4) / 3) + FRAME_BYTES_EXTRA;
    const child = new SandboxChild(
      { spawn, settings, memoryBytesMax, frameBytesMax, startMs: START_MS },
      {
        message: (message) => this.#heard(slot, message),
        gone: (reason) => this.#lose(slot, reason),
      },
    );
    const now = performance.now();
    const slot: Slot = { child, bornMs: now, runs: new Map(), owed: new Map(), lastUsedMs: now, stats: null };
    this.#slots.add(slot);
    if (Object.keys(this.#inventory).length > 0) child.send({ kind: 'inventory', names: this.#inventory });
    return slot;
  }

  #heard(slot: Slot, message: UpMessage): void {
    switch (message.kind) {
      case 'ready':
        for (const pending of slot.runs.values()) {
          pending.queueMs = performance.now() - pending.startedMs;
          this.#arm(slot, pending);
        }
        break;
      case 'call': {
        const pending = slot.runs.get(message.run);
        if (pending) void this.#serve(slot, pending, message);
        break;
      }
      case 'log': {
        const pending = slot.runs.get(message.run);
        if (pending) hearLog(pending, { level: message.level, text: message.text });
        break;
      }
      case 'end':
        clearTimeout(slot.owed.get(message.run));
        slot.owed.delete(message.run);
        slot.runs.get(message.run)?.finish(message.end);
        break;
      case 'stats':
        slot.stats = message.stats;
        this.#statsWaiting.get(message.request)?.();
        break;
    }
  }

  /** One host call. The gate stands behind `hostCall`; here only what the guest's own thread had to see to is seen to again. */
  async #serve(slot: Slot, pending: PendingRun, said: Extract<UpMessage, { kind: 'call' }>): Promise<void> {
    const { run, request } = pending;
    const { call, interfaceName, functionName, argumentsText } = said;
    if (
      !request.grants.includes(interfaceName) ||
      argumentsText.length > request.limits.argumentBytes ||
      pending.waiting >= WAITING_MAX
    ) {
      this.#lose(slot, 'it asked for what its guest may not');
      return;
    }
    pending.hostCalls++;
    pending.waiting++;
    let reply: HostReply;
    try {
      reply = await request.hostCall({ call, interfaceName, functionName, argumentsText });
    } catch {
      reply = INTERNAL_FAILURE;
    }
    pending.waiting--;
    if (slot.runs.has(run))
      slot.child.send({ kind: 'settle', run, call, reply }, 'text' in reply ? reply.text.length : LARGE_REPLY_CHARS);
  }

  /** The net under the child's own deadlines. */
  #arm(slot: Slot, pending: PendingRun): void {
    const now = performance.now();
    if (pending.armedMs === 0) pending.armedMs = now;
    const leftMs = pending.request.limits.wallMs + pending.movedMs - (now - pending.armedMs);
    clearTimeout(pending.timer);
    const late = (): void => this.#stop(slot, pending, 'limit.time', 0);
    pending.timer = setTimeout(late, Math.max(0, leftMs) + ANSWER_GRACE_MS);
  }

  /** Only a run that has begun can have somebody asked. */
  #extend(slot: Slot, pending: PendingRun, byMs: number): void {
    if (!slot.runs.has(pending.run)) return;
    pending.movedMs += byMs;
    if (pending.armedMs !== 0) this.#arm(slot, pending);
    slot.child.send({ kind: 'extend', run: pending.run, byMs });
  }

  /** Tells the child to end a run; answers it here if the child has not by then, and gives up a child that never does. */
  #stop(slot: Slot, pending: PendingRun, code: ErrorCode, answerMs: number): void {
    const { run } = pending;
    if (!slot.runs.has(run)) return;
    slot.child.send({ kind: 'cancel', run });
    clearTimeout(pending.timer);
    pending.timer = setTimeout(() => {
      // A child that is still starting has not heard of the run.
      if (slot.child.ready) {
        const late = setTimeout(() => this.#lose(slot, 'it did not end a run that was over'), OWED_MS);
        slot.owed.set(run, late);
      }
      pending.finish(failed(code, pending.request.limits));
    }, answerMs);
  }

  /** A child is no more: its runs are answered, and another one takes its place, later each time that one fails early. */
  #lose(slot: Slot, reason: string): void {
    if (!this.#slots.has(slot)) return;
    const wasReady = slot.child.ready;
    this.#drop(slot, wasReady ? 'sandbox.lost' : 'sandbox.unavailable', reason);
    void slot.child.kill();
    this.#lastReason = reason;
    // What a child sent may stand behind the colon; figures do not grow with it.
    const kind = reason.split(':')[0] as string;
    this.#lost[kind] = (this.#lost[kind] ?? 0) + 1;
    this.#options.onChildLost?.(reason, slot.child.lastWords);
    const now = performance.now();
    this.#failures = wasReady && now - slot.bornMs >= SETTLED_MS ? 0 : this.#failures + 1;
    // The first loss of a child that worked costs no wait: its neighbours' runs are being retried just now.
    const steps = this.#failures - (wasReady ? 2 : 1);
    const waitMs = steps < 0 ? 0 : Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS * 2 ** steps);
    this.#notBeforeMs = now + waitMs;
    clearTimeout(this.#respawnTimer);
    this.#respawnTimer = setTimeout(() => {
      while (!this.#closed && this.#slots.size < this.#options.childrenMin) this.#spawn();
    }, waitMs);
    this.#respawnTimer.unref();
  }

  #drop(slot: Slot, code: ErrorCode, reason?: string): void {
    this.#slots.delete(slot);
    for (const timer of slot.owed.values()) clearTimeout(timer);
    slot.owed.clear();
    for (const pending of [...slot.runs.values()]) pending.finish(failed(code, pending.request.limits, reason));
  }

  #unavailable(limits: Limits): UpEnd {
    return failed('sandbox.unavailable', limits, this.#lastReason);
  }

  #shrink(): void {
    const now = performance.now();
    for (const slot of this.#slots) {
      if (this.#slots.size <= this.#options.childrenMin) return;
      if (slot.runs.size + slot.owed.size > 0 || now - slot.lastUsedMs < this.#options.cleanupIntervalMs) continue;
      this.#drop(slot, 'request.shutdown');
      void slot.child.kill();
    }
  }
}

function hearLog(pending: PendingRun, line: LogLine): void {
  pending.logChars += line.text.length;
  if (pending.logChars > pending.request.limits.logBytes) {
    pending.logsDropped++;
    return;
  }
  pending.logs.push(line);
  pending.request.onLog?.(line);
}

function failed(code: ErrorCode, limits: Limits, reason?: string): UpEnd {
  const lost = code === 'sandbox.lost' || code === 'sandbox.unavailable';
  const failure = lost
    ? { code, message: `the sandbox process of this run is gone: ${reason ?? 'it ended'}` }
    : describeFailure({ code, report: {} }, limits);
  return { valueText: undefined, failure, logsDropped: 0, callsLeft: 0, usage: NO_USAGE };
}

/** What a child says of a session counts only for a run that has one, and only up to the size that was asked for. */
function imageOf({ session }: UpEnd, request: RunRequest): SessionImage | undefined {
  if (session === undefined || request.session === undefined) return undefined;
  const image = session.image === undefined ? undefined : Buffer.from(session.image, 'base64');
  const fits = image !== undefined && image.byteLength <= request.session.imageBytesMax;
  return { image: fits ? image : undefined, bytes: image?.byteLength ?? session.bytes, namesText: session.namesText };
}

function toRunEnd(end: UpEnd, logs: LogLine[], logsDropped: number, wallMs?: number): RunEnd {
  const { valueText, failure, callsLeft, usage } = end;
  return {
    valueText,
    failure,
    logs,
    logsDropped,
    callsLeft,
    usage: wallMs === undefined ? usage : { ...usage, wallMs },
  };
}

function confinementText({ confinement }: SandboxChild): string {
  return confinement.reason === undefined ? confinement.kind : `${confinement.kind} (${confinement.reason})`;
}
