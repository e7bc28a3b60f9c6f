/**
 * The life of a guest worker: messages in, guests run, messages out. Everything that a turn produces leaves in one
 * batch. After sending calls the worker polls shortly for their answers, because waking a sleeping thread costs ten
 * times more than the answer (docs/adr/0007), and while it does, batches come by shared memory (channel.ts).
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ErrorCode } from '../../core/errors.ts';
import type { LogLine } from '../backend.ts';
import { ChannelEnd } from './channel.ts';
import type { Guest, GuestEnd, RunProfile } from './guest.ts';
import type { GuestMaker } from './guest-maker.ts';
import { GuestPool } from './guest-pool.ts';
import type { ToMain, ToWorker, WorkerBoot, WorkerEnd } from './messages.ts';
import { PollCredit } from './poll-credit.ts';
import { createMonotonic, WatchWriter } from './watchdog.ts';

/** The capabilities that are answered inside the worker, for one run. Built by the composition root of the worker. */
export interface LocalCalls {
  /** Answers at once, or `undefined` when this function is not served here. Throws nothing. */
  callNow(
    interfaceName: string,
    functionName: string,
    argumentsText: string,
  ): { ok: boolean; text: string } | undefined;
  /** Starts a call that ends later; false when this function is not served here. */
  callLater(
    interfaceName: string,
    functionName: string,
    argumentsText: string,
    settle: (ok: boolean, text: string) => void,
  ): boolean;
  /** Ends everything that is still under way for this run. */
  close(): void;
}

export interface LocalCallsOptions {
  readonly logBytes: number;
  readonly onLog: (line: LogLine) => void;
  readonly onLogDropped: () => void;
  /** Server alias → tool aliases, as the main thread last said. */
  readonly inventory: () => Readonly<Record<string, readonly string[]>>;
}

export type CreateLocalCalls = (options: LocalCallsOptions) => LocalCalls;

type Start = Extract<ToWorker, { kind: 'start' }>;

interface ActiveRun {
  readonly run: number;
  readonly tenant: string;
  readonly begunMs: number;
  readonly local: LocalCalls;
  guest: Guest | undefined;
  stopCode: Extract<ToWorker, { kind: 'stop' }>['code'] | undefined;
  lines: LogLine[];
  /** Characters of `lines`, with something for each line's own cost. */
  lineChars: number;
  dropped: number;
  ended: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Logs of one run that have piled up to this many characters are sent before the slice ends. */
const LOG_FLUSH_CHARS = 8 * 1024;

/** Messages that pile up while runs of a chain follow each other. */
const ENDS_AT_ONCE = 8;

/** Looks into the shared memory between two looks at the port, and at the clock. */
const SPINS = 64;

/** Processor time of this thread. */
function threadCpuMs(): number {
  // Node 22 cannot ask for one thread; there, a run is charged by the clock.
  if (process.threadCpuUsage === undefined) return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

export class WorkerLoop {
  readonly #port: MessagePort;
  readonly #boot: WorkerBoot;
  readonly #createLocal: CreateLocalCalls;
  readonly #pool: GuestPool;
  readonly #watch: WatchWriter;
  readonly #channel: ChannelEnd<ToMain, ToWorker>;
  readonly #now = createMonotonic();
  readonly #runs = new Map<number, ActiveRun>();
  readonly #profiles = new Map<number, RunProfile>();
  /** Starts that wait for the end of a run, by that run. */
  readonly #parked = new Map<number, Start>();
  /** Starts whose turn has come; one begins after the other, not inside the other's end. */
  readonly #due: Start[] = [];
  #starting = false;
  #inventory: Readonly<Record<string, readonly string[]>> = {};
  #outbox: ToMain[] = [];
  /** Buffers of the outbox that move to the main thread. */
  #transfers: ArrayBuffer[] = [];
  #callsSent = 0;
  #endsSent = 0;
  readonly #callPolls = new PollCredit();
  readonly #startPolls = new PollCredit();
  #flushPlanned = false;
  #warmPlanned = false;

  /** `collect` frees the memory of guests that were given up; without it that is left to the engine. */
  constructor(
    port: MessagePort,
    boot: WorkerBoot,
    maker: GuestMaker,
    createLocal: CreateLocalCalls,
    collect: () => void = () => undefined,
  ) {
    this.#port = port;
    this.#boot = boot;
    this.#createLocal = createLocal;
    this.#watch = new WatchWriter(boot.watch);
    this.#channel = new ChannelEnd(boot.channel, 'worker', {
      postMessage: (batch, transfers) => port.postMessage(batch, transfers),
    });
    this.#pool = new GuestPool(maker, boot, { nowMs: this.#now, collect });
  }

  /** Begins to answer. The port stays the owner of the thread's life. */
  start(): void {
    this.#port.on('message', (batch: ToWorker[]) => {
      this.#take(this.#channel.received(batch));
      this.#flush();
      this.#poll();
    });
    this.#pool.warmOne();
    this.#send({ kind: 'ready' });
    this.#flush();
    this.#warmSoon();
  }

  /** Makes the guests that are wanted between messages, so that no run waits for guests that it does not need. */
  #warmSoon(): void {
    if (this.#warmPlanned) return;
    this.#warmPlanned = true;
    setImmediate(() => {
      this.#warmPlanned = false;
      this.#pool.collectGarbage();
      if (this.#pool.warmOne()) this.#warmSoon();
    });
  }

  #take(batch: ToWorker[]): void {
    // What is due begins when the whole batch has been read: several runs of a chain may be stopped by it.
    this.#starting = true;
    this.#read(batch);
    this.#starting = false;
    this.#startDue();
  }

  #read(batch: ToWorker[]): void {
    for (const message of batch) {
      switch (message.kind) {
        case 'start':
          if (message.after !== undefined && this.#isAhead(message.after)) this.#parked.set(message.after, message);
          else this.#startNext(message);
          break;
        case 'settle':
          this.#runs.get(message.run)?.guest?.settle(message.call, message.ok, message.data);
          break;
        case 'profile':
          this.#profiles.set(message.number, message.profile);
          break;
        case 'stop': {
          const run = this.#runs.get(message.run);
          if (run?.guest) run.guest.stop(message.code);
          else if (run) run.stopCode = message.code;
          else this.#dropParked(message.run, message.code);
          break;
        }
        case 'extend':
          this.#extend(message.run, message.byMs);
          break;
        case 'inventory':
          this.#inventory = message.names;
          break;
        case 'cleanUp':
          this.#pool.cleanUp();
          break;
        case 'stats':
          this.#send({ kind: 'stats', request: message.request, stats: this.#pool.stats() });
          break;
      }
    }
  }

  /** Whether a run has yet to end: it is under way, or waits for another one itself. */
  #isAhead(run: number): boolean {
    if (this.#runs.has(run)) return true;
    for (const waiting of this.#parked.values()) if (waiting.run === run) return true;
    return this.#due.some((waiting) => waiting.run === run);
  }

  #startNext(message: Start): void {
    this.#due.push(message);
    if (!this.#starting) this.#startDue();
  }

  #startDue(): void {
    this.#starting = true;
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) this.#startRun(next);
    this.#starting = false;
  }

  /** A run that is stopped before its turn; what waits for it waits for the one before. */
  #dropParked(run: number, code: ErrorCode): void {
    const due = this.#due.findIndex((waiting) => waiting.run === run);
    if (due >= 0) {
      this.#due.splice(due, 1);
      const follower = this.#parked.get(run);
      this.#parked.delete(run);
      if (follower !== undefined) this.#due.push(follower);
      this.#send({ kind: 'end', run, end: neverBegan(code) });
      this.#plan();
      return;
    }
    for (const [ahead, waiting] of this.#parked) {
      if (waiting.run !== run) continue;
      this.#parked.delete(ahead);
      const follower = this.#parked.get(run);
      if (follower !== undefined) {
        this.#parked.delete(run);
        this.#parked.set(ahead, follower);
      }
      this.#send({ kind: 'end', run, end: neverBegan(code) });
      this.#plan();
      return;
    }
  }

  #startRun(message: Start): void {
    const { source, paramsText, seed } = message;
    const profile =
      typeof message.profile === 'number' ? (this.#profiles.get(message.profile) as RunProfile) : message.profile;
    const run: ActiveRun = {
      run: message.run,
      tenant: message.tenant,
      begunMs: this.#now(),
      guest: undefined,
      stopCode: undefined,
      lines: [],
      lineChars: 0,
      dropped: 0,
      ended: false,
      timer: undefined,
      local: this.#createLocal({
        logBytes: profile.limits.logBytes,
        onLog: (line) => this.#log(run, line),
        onLogDropped: () => {
          run.dropped++;
        },
        inventory: () => this.#inventory,
      }),
    };
    this.#runs.set(message.run, run);
    const madeBefore = this.#pool.made;
    const guest = this.#pool.lease(message.tenant);
    run.guest = guest;
    run.timer = setTimeout(() => guest.stop('limit.time'), profile.limits.wallMs + 1);
    const start = { source, paramsText, seed, profile, session: message.session };
    guest.begin(start, {
      monotonicMs: this.#now,
      threadCpuMs,
      callNow: (interfaceName, functionName, text) => run.local.callNow(interfaceName, functionName, text),
      callLater: (call, interfaceName, functionName, text) => {
        const settle = (ok: boolean, reply: string): void => {
          // Closing the local capabilities refuses what was under way; by then the guest may serve another run.
          if (run.ended) return;
          guest.settle(call, ok, reply);
          this.#plan();
        };
        // What was logged before the call is told before the call.
        this.#sendLogs(run);
        if (run.local.callLater(interfaceName, functionName, text, settle)) return;
        this.#callsSent++;
        this.#send({ kind: 'call', run: run.run, call, interfaceName, functionName, text });
      },
      sliceStarted: (allowanceMs) => this.#watch.started(run.run, this.#now(), allowanceMs),
      sliceEnded: () => this.#watch.ended(),
      stopAsked: () => this.#watch.stopAsked(run.run),
      ended: (end) => this.#endRun(run, guest, end),
    });
    if (run.stopCode && !run.ended) guest.stop(run.stopCode);
    // Many starts in one message: what the first ones call must not wait until guests for the last ones are made.
    if (this.#pool.made > madeBefore) this.#flush();
    else this.#plan();
  }

  #extend(number: number, byMs: number): void {
    const run = this.#runs.get(number);
    if (run?.guest === undefined || run.ended) return;
    const { guest } = run;
    guest.extend(byMs);
    clearTimeout(run.timer);
    run.timer = setTimeout(() => guest.stop('limit.time'), Math.max(0, guest.wallDeadline - this.#now()) + 1);
  }

  #endRun(run: ActiveRun, guest: Guest, end: GuestEnd): void {
    run.ended = true;
    clearTimeout(run.timer);
    run.local.close();
    this.#runs.delete(run.run);
    this.#sendLogs(run);
    const { clean, ...rest } = end;
    const discarded = clean ? undefined : (end.failure?.code ?? 'grown');
    this.#send({ kind: 'end', run: run.run, end: { ...rest, begunMs: run.begunMs, discarded } });
    if (end.session !== undefined) this.#transfers.push(end.session.image.buffer);
    this.#endsSent++;
    const follower = this.#parked.get(run.run);
    this.#parked.delete(run.run);
    // The answer leaves before the guest is put in order; those of a chain leave several at a time.
    if (follower === undefined || this.#outbox.length >= ENDS_AT_ONCE) this.#flush();
    this.#pool.giveBack(guest, run.tenant, discarded);
    if (discarded !== undefined) this.#warmSoon();
    if (follower !== undefined) this.#startNext(follower);
  }

  #log(run: ActiveRun, line: LogLine): void {
    run.lines.push(line);
    run.lineChars += line.text.length + 16;
    if (run.lineChars >= LOG_FLUSH_CHARS) {
      this.#sendLogs(run);
      this.#flush();
    }
  }

  #sendLogs(run: ActiveRun): void {
    if (run.lines.length === 0 && run.dropped === 0) return;
    this.#send({ kind: 'log', run: run.run, lines: run.lines, dropped: run.dropped });
    run.lines = [];
    run.lineChars = 0;
    run.dropped = 0;
  }

  #send(message: ToMain): void {
    this.#outbox.push(message);
  }

  #plan(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    queueMicrotask(() => {
      this.#flushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    const batch = this.#outbox;
    const transfers = this.#transfers;
    this.#outbox = [];
    this.#transfers = [];
    this.#channel.send(batch, transfers);
  }

  /**
   * While an answer to a call, or the next run, is likely to come at once, looks for it instead of going to sleep. Each of
   * the two has a credit of its own: a slow tool must not keep the thread from polling for runs, nor the reverse.
   */
  #poll(): void {
    if (this.#boot.pollMs <= 0) return;
    this.#channel.awake();
    while (this.#callsSent + this.#endsSent > 0) {
      const credit = this.#callsSent > 0 ? this.#callPolls : this.#startPolls;
      this.#callsSent = 0;
      this.#endsSent = 0;
      if (!credit.granted()) break;
      const batch = this.#await();
      credit.settle(batch !== undefined);
      if (!batch) break;
      this.#take(batch);
      this.#flush();
    }
    const late = this.#channel.sleep();
    if (!late) return;
    this.#take(late);
    this.#flush();
    this.#poll();
  }

  /** The next batch, if it comes within `pollMs`. */
  #await(): ToWorker[] | undefined {
    const until = performance.now() + this.#boot.pollMs;
    do {
      for (let spin = 0; spin < SPINS; spin++) {
        const batch = this.#channel.take();
        if (batch) return batch;
      }
      const received = receiveMessageOnPort(this.#port);
      if (received) return this.#channel.received(received.message as ToWorker[]);
    } while (performance.now() < until);
    return undefined;
  }
}

/** The end of a run that was stopped while it waited for its turn. */
function neverBegan(code: ErrorCode): WorkerEnd {
  return {
    valueText: undefined,
    failure: { code, report: {} },
    cpuMs: 0,
    begunMs: 0,
    discarded: undefined,
    memoryPeakBytes: 0,
    bytesIn: 0,
    bytesOut: 0,
    callsLeft: 0,
  };
}
