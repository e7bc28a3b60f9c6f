/**
 * One guest: an engine instance with the prelude in it, and at most one run at a time.
 *
 *   fresh ─begin─▶ running ⇄ waiting ─settled─▶ ended ─reset─▶ warm
 *                     └─ limit, trap, host error ─▶ ended, to be discarded (never reset, never disposed)
 *
 * Everything that decides a run's end is host state: the latched deadline, the refused growth, the calls in flight. What
 * the guest says (`run finish`, `run fail`) is only accepted while nothing of that has been latched.
 */
import { decodeCallHead, encodeReply } from '../../bindings/codec.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { LIMITS } from '../limits.ts';
import { type FailReport, readReport, saysOverflow } from './fail-report.ts';
import { GuestMemoryError, type QuickJsInstance } from './instance.ts';
import { applySessionImage, takeSessionImage } from './session-image.ts';
import { heapBreak, resetToSnapshot, type Snapshot, snapshotEnd, usedMostOfStack } from './snapshot.ts';

/** Limits of one run, in the units of `sandbox/limits`. */
export interface GuestLimits {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly stackBytes: number;
  readonly argumentBytes: number;
  readonly logBytes: number;
  readonly keptValueBytes: number;
  readonly calls: number;
  readonly callsInFlight: number;
}

/** What a run may do and use. Many runs share one. */
export interface RunProfile {
  readonly grants: readonly string[];
  readonly limits: GuestLimits;
}

/** A run that goes on with the variables of a session, and leaves its own. */
export interface GuestSession {
  /** See session-image.ts; undefined = the session begins. */
  readonly image: Uint8Array | undefined;
}

/** What a run has left of its session. */
export interface GuestSessionEnd {
  readonly image: Uint8Array<ArrayBuffer>;
  /** JSON text of the names of its variables, as the guest says. */
  readonly namesText: string;
}

export interface GuestStart {
  readonly source: string;
  readonly paramsText: string;
  readonly seed: readonly [number, number, number, number];
  readonly profile: RunProfile;
  readonly session?: GuestSession | undefined;
}

/** How a run ended, before anyone words it. `report` is what the guest said of its error: text for people, no more. */
export interface GuestEnd {
  readonly valueText: string | undefined;
  readonly failure: { readonly code: ErrorCode; readonly report: FailReport } | undefined;
  readonly cpuMs: number;
  readonly memoryPeakBytes: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly callsLeft: number;
  /** Whether the guest may be reset and used again. */
  readonly clean: boolean;
  readonly session: GuestSessionEnd | undefined;
}

/** What a guest needs of its worker. Replies of `callNow` are JSON; a thrown error becomes `internal.error`. */
export interface GuestHost {
  monotonicMs(): number;
  /** Processor time that this thread has used. Coarse, and half a microsecond to ask. */
  threadCpuMs(): number;
  /** A call whose caller waits: answered on the spot. `undefined` = no such function here. */
  callNow(
    interfaceName: string,
    functionName: string,
    argumentsText: string,
  ): { ok: boolean; text: string } | undefined;
  /** A call that is settled later through `settle(id, …)`. */
  callLater(id: number, interfaceName: string, functionName: string, argumentsText: string): void;
  /** Called when guest code starts and stops running: the watchdog's view of this thread. */
  sliceStarted(allowanceMs: number): void;
  sliceEnded(): void;
  /** Whether the run was cancelled while guest code runs, when no message can be heard. */
  stopAsked(): boolean;
  ended(end: GuestEnd): void;
}

const BEGIN = 0;
const RUN = 1;
const SETTLE = 2;
const FAIL = 3;
/** The prelude's entry functions, in the order in which it returns them. */
export const ENTRIES = [BEGIN, RUN, SETTLE, FAIL] as const;
/** Jobs between two looks at the clock. */
const JOB_BATCH = 32;
/** What is left of `cpuMs` when it counts as used up: the system's own count is not finer. */
const CPU_LEFT_MIN_MS = 4;
const SHORT_SLICE_MS = 10;
/** So far into a slice the system is first asked for processor time: it costs as much as a short slice takes. */
const CPU_LOOK_MS = 1;
/** Longest report of a failure that is read out of a guest. */
const REPORT_CHARS_MAX = 256 * 1024;
/** Calls of all kinds, waits included, that may be without an answer; the prelude stays far below it. */
const WAITING_MAX = 16_384;
/** A guest that a run has filled beyond this is not kept: it would hold the memory, and making one costs under 1 ms. */
const KEPT_HEAP_BYTES_MAX = 4 * 1024 * 1024;

export class Guest {
  readonly #instance: QuickJsInstance;
  readonly #snapshot: Snapshot;
  readonly #gauge: Gauge;
  /** Address of the engine's list of jobs. */
  readonly #jobList: number;
  #host: GuestHost | undefined;
  #ended = true;
  #end: GuestEnd | undefined;
  #latched: ErrorCode | undefined;
  #limits: GuestLimits = NO_LIMITS;
  #granted: ReadonlySet<string> = new Set();
  #wallDeadline = 0;
  #cpuUsedMs = 0;
  #sliceStart = 0;
  /** Processor time of the thread at `#sliceStart`, or a little later; undefined until the slice is worth asking for it. */
  #sliceCpuMs: number | undefined;
  #waiting = new Set<number>();
  /** Calls that were refused here, by number: how an uncaught refusal is known by its code. */
  #refused = new Map<number, ErrorCode>();
  #toolCalls = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #compiling = false;
  /** The engine was cut short, also if the run had its value by then: its own stack pointer may be anywhere. */
  #spoiled = false;
  /** The run ended by its own doing: with a value, or with an error that it did not catch. */
  #sound = false;
  /** The run is one of a session; the text is what the guest says of its variables. */
  #sessionNames: string | undefined;

  constructor(instance: QuickJsInstance, snapshot: Snapshot, gauge: Gauge, jobListOffset: number) {
    this.#instance = instance;
    this.#snapshot = snapshot;
    this.#gauge = gauge;
    this.#jobList = snapshot.template.runtime + jobListOffset;
    gauge.guest = this;
  }

  /** Milliseconds of `monotonicMs` at which the run must be over. */
  get wallDeadline(): number {
    return this.#wallDeadline;
  }

  get idle(): boolean {
    return this.#ended;
  }

  /** Starts a run. `host.ended` is called exactly once, possibly before this returns. */
  begin(start: GuestStart, host: GuestHost): void {
    this.#host = host;
    this.#ended = false;
    this.#end = undefined;
    this.#latched = undefined;
    this.#compiling = false;
    this.#spoiled = false;
    this.#limits = start.profile.limits;
    const prepared = prepare(start.profile);
    this.#granted = prepared.granted;
    this.#cpuUsedMs = 0;
    this.#waiting = new Set();
    this.#refused = new Map();
    this.#bytesIn = start.source.length + start.paramsText.length;
    this.#bytesOut = 0;
    this.#toolCalls = 0;
    this.#sessionNames = start.session === undefined ? undefined : '[]';
    this.#gauge.limitBytes = this.#limits.memoryBytes;
    this.#gauge.refused = false;
    this.#wallDeadline = host.monotonicMs() + this.#limits.wallMs;
    this.#slice(() => this.#launch(start, prepared.configHead));
  }

  /** The answer to call `id`. Late answers (after the end) are dropped. */
  settle(id: number, ok: boolean, data: string | Uint8Array): void {
    if (this.#ended || !this.#waiting.delete(id)) return;
    this.#bytesIn += data.length;
    this.#slice(() => {
      if (typeof data === 'string') {
        this.#enter(SETTLE, (instance) => [instance.newNumber(ok ? id : -id), instance.newText(data)]);
        return;
      }
      const value = this.#instance.newBinary(data);
      // Our own bytes can only fail for want of memory, in whatever place the engine noticed.
      if (value.threw) throw new GuestMemoryError(data.length);
      this.#enter(SETTLE, (instance) => [instance.newNumber(id), value.pointer]);
    });
  }

  /** Moves the deadline; one that has been reached stays reached. */
  extend(byMs: number): void {
    this.#wallDeadline += byMs;
  }

  /** Ends the run from outside: deadline, cancel. */
  stop(code: ErrorCode): void {
    if (this.#ended) return;
    this.#latched ??= code;
    this.#finishWith({ code, report: {} }, undefined);
    this.#deliver();
  }

  /** Puts the memory back to the snapshot; only after an end that was `clean`. */
  reset(): void {
    resetToSnapshot(this.#snapshot, this.#instance.memory);
  }

  get memoryBytes(): number {
    return this.#instance.memory.buffer.byteLength;
  }

  get memory(): WebAssembly.Memory {
    return this.#instance.memory;
  }

  #launch(start: GuestStart, configHead: string): void {
    const { session } = start;
    if (session?.image !== undefined && !this.#takeUp(session.image)) return;
    // The snapshot bears the largest stack; a smaller one is set in the runtime, and the reset takes it back. A session may
    // have kept that of an earlier run.
    if (session !== undefined || this.#limits.stackBytes < LIMITS.stackBytes.max) {
      this.#instance.limitStack(this.#limits.stackBytes);
    }
    const kind = session === undefined ? '' : ',"session":true';
    const config = `${configHead}${kind},"seed":[${start.seed.join()}],"params":${start.paramsText}}`;
    this.#enter(BEGIN, (instance) => [instance.newText(config)]);
    if (this.#ended) return;
    const program = this.#instance.evaluate(start.source);
    if (program.threw) {
      // The engine refuses what the parser accepted; the error is the engine's own, no code of the program has run.
      this.#compiling = true;
      this.#instance.release(this.#instance.call(this.#entry(FAIL), [program.pointer]).pointer);
      this.#judge({ message: 'the engine cannot compile the program' });
      return;
    }
    const result = this.#instance.call(this.#entry(RUN), [program.pointer]);
    this.#instance.release(result.pointer);
    this.#instance.release(program.pointer);
    this.#pump();
  }

  /** Lays the session's memory over the fresh one; false when the run has ended over it. */
  #takeUp(image: Uint8Array): boolean {
    const misfit = applySessionImage(this.#snapshot, this.#instance.memory, image, this.#limits.memoryBytes);
    if (misfit === undefined) return true;
    const code = misfit === 'memory' ? 'limit.memory' : 'state.session';
    this.#finishWith({ code, report: {} }, undefined);
    return false;
  }

  #enter(entry: number, makeArguments: (instance: QuickJsInstance) => number[]): void {
    const args = makeArguments(this.#instance);
    const result = this.#instance.call(this.#entry(entry), args);
    for (const pointer of args) this.#instance.release(pointer);
    this.#instance.release(result.pointer);
    if (result.threw) this.#judge({ message: 'the bridge could not hand a value to the program' });
    if (entry === SETTLE) this.#pump();
  }

  #entry(index: number): number {
    return this.#snapshot.entries[index] as number;
  }

  /** Runs jobs until none is left, the run has ended or something is latched; then looks for a stall. */
  #pump(): void {
    const instance = this.#instance;
    while (!this.#ended && instance.jobsPending()) {
      instance.runJobs(JOB_BATCH);
      if (this.#overdue()) break;
    }
    if (this.#ended) return;
    if (this.#latched) this.#finishWith({ code: this.#latched, report: {} }, undefined);
    else if (this.#waiting.size === 0) {
      if (this.#gauge.refused) this.#finishWith({ code: 'limit.memory', report: {} }, undefined);
      else this.#finishWith({ code: 'program.stalled', report: {} }, undefined);
    }
  }

  /** One stretch of guest code: measured, watched, and closed also when the engine traps. */
  #slice(work: () => void): void {
    const host = this.#host as GuestHost;
    this.#sliceStart = host.monotonicMs();
    this.#sliceCpuMs = undefined;
    host.sliceStarted(Math.min(this.#limits.cpuMs - this.#cpuUsedMs, this.#wallDeadline - this.#sliceStart));
    try {
      work();
    } catch (error) {
      // A trap, a host RangeError through the engine's frames, or no room for a text: the guest is lost, the run is not.
      // The engine traps now and then when an allocation fails in the middle of something; the cause is the refusal.
      this.#spoiled = true;
      const full = error instanceof GuestMemoryError || this.#gauge.refused;
      const code = this.#latched ?? (full ? 'limit.memory' : trapCode(error));
      this.#finishWith({ code, report: {} }, undefined);
    } finally {
      this.#settleSlice(host.monotonicMs());
      host.sliceEnded();
    }
    this.#deliver();
  }

  /** The engine's interrupt handler. Once it has said stop it never says anything else. */
  shouldInterrupt(): boolean {
    if (!this.#ended) return this.#overdue();
    this.#spoiled = true;
    return true;
  }

  #overdue(): boolean {
    if (this.#latched) return true;
    const host = this.#host as GuestHost;
    const now = host.monotonicMs();
    // Asking the system costs as much as a short slice; what was used before the first look counts as the clock has it.
    const usedMs = now - this.#sliceStart;
    if (usedMs >= CPU_LOOK_MS) this.#sliceCpuMs ??= host.threadCpuMs() - usedMs;
    if (host.stopAsked()) this.#latched = 'request.cancelled';
    else if (now >= this.#wallDeadline) this.#latched = 'limit.time';
    else if (this.#cpuUsedMs + now - this.#sliceStart >= this.#limits.cpuMs) this.#lookAtCpu(now);
    return this.#latched !== undefined;
  }

  /** By the clock the budget is used up; on a busy machine less may have been, and the rest is a new stretch. */
  #lookAtCpu(now: number): void {
    const host = this.#host as GuestHost;
    this.#settleSlice(now);
    const leftMs = this.#limits.cpuMs - this.#cpuUsedMs;
    if (leftMs < CPU_LEFT_MIN_MS) this.#latched = 'limit.cpu';
    else host.sliceStarted(Math.min(leftMs, this.#wallDeadline - now));
  }

  /**
   * Charges the slice up to now and begins the next one. Of a short slice the time is charged, since the system's count of
   * processor time is coarse; of a long one what the thread had of a processor.
   */
  #settleSlice(now: number): void {
    let usedMs = now - this.#sliceStart;
    if (usedMs > SHORT_SLICE_MS && this.#sliceCpuMs !== undefined) {
      const cpuMs = (this.#host as GuestHost).threadCpuMs();
      usedMs = Math.min(usedMs, cpuMs - this.#sliceCpuMs);
      this.#sliceCpuMs = cpuMs;
    }
    this.#cpuUsedMs += usedMs;
    this.#sliceStart = now;
  }

  /** The one host function. */
  hostCall(text: string): string | undefined {
    if (this.#ended) return refused('program.error', 'the run has ended');
    if (this.#overdue()) return refused(this.#latched as ErrorCode, 'the run is over its deadline');
    const head = decodeCallHead(text);
    if (!head) return refused('denied.capability', 'not a call');
    const body = text.slice(head.bodyStart);
    if (head.interfaceName === 'run') return this.#heard(head.functionName, head.id, body);
    if (!this.#granted.has(head.interfaceName)) {
      return this.#refuse(head.id, 'denied.capability', `the capability ${head.interfaceName} is not granted`);
    }
    const { argumentBytes } = this.#limits;
    if (body.length > argumentBytes || Buffer.byteLength(body) > argumentBytes) {
      return this.#refuse(
        head.id,
        'limit.argument',
        `the arguments are ${body.length} characters; the limit is ${argumentBytes} bytes`,
      );
    }
    this.#bytesOut += body.length;
    if (head.id === 0) {
      const reply = (this.#host as GuestHost).callNow(head.interfaceName, head.functionName, body);
      if (!reply) return refused('denied.capability', `there is no ${head.interfaceName}.${head.functionName}`);
      return encodeReply(reply.ok, reply.text);
    }
    const overCalls = this.#callsRefused(head.interfaceName, head.functionName);
    if (overCalls !== undefined) return this.#refuse(head.id, 'limit.calls', overCalls);
    this.#waiting.add(head.id);
    (this.#host as GuestHost).callLater(head.id, head.interfaceName, head.functionName, body);
    return undefined;
  }

  #callsRefused(interfaceName: string, functionName: string): string | undefined {
    const { calls } = this.#limits;
    if (this.#waiting.size >= WAITING_MAX) return `the run has ${WAITING_MAX} calls without an answer`;
    if (interfaceName !== 'tools' || functionName !== 'call' || ++this.#toolCalls <= calls) return undefined;
    return tooManyCalls(calls);
  }

  #refuse(call: number, code: ErrorCode, message: string): string {
    if (call > 0) this.#refused.set(call, code);
    return refused(code, message);
  }

  /** What the prelude says of the run itself. */
  #heard(verb: string, call: number, body: string): string | undefined {
    if (verb === 'over') {
      return this.#refuse(call, 'limit.calls', tooManyCalls(this.#limits.calls));
    }
    if (verb === 'variables') {
      if (this.#sessionNames !== undefined && body.length <= REPORT_CHARS_MAX) this.#sessionNames = body;
    } else if (verb === 'finish') this.#finishWith(undefined, body);
    else if (verb === 'fail') this.#judge(body.length <= REPORT_CHARS_MAX ? readReport(body) : {});
    return undefined;
  }

  /** Turns the guest's report into a code. Limits come from host state or the engine's own error object, never from text. */
  #judge(report: FailReport): void {
    let code: ErrorCode;
    if (this.#latched) code = this.#latched;
    else if (report.tooLarge !== undefined) code = 'limit.value';
    else if (saysOverflow(report) && this.#overflowed()) code = 'limit.stack';
    else if (this.#gauge.refused) code = 'limit.memory';
    else if (this.#compiling) code = 'program.syntax';
    else if (report.result !== undefined) code = 'program.result';
    else code = this.#refused.get(report.call ?? 0) ?? 'program.error';
    this.#finishWith({ code, report }, undefined);
  }

  #overflowed(): boolean {
    return usedMostOfStack(this.#snapshot, this.#instance.memory, this.#limits.stackBytes);
  }

  #finishWith(failure: { code: ErrorCode; report: FailReport } | undefined, valueText: string | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    const heapEnd = Math.min(heapBreak(this.#snapshot, this.#instance.memory), this.memoryBytes);
    if (valueText !== undefined) this.#bytesOut += valueText.length;
    const code = failure?.code;
    const sound = code === undefined || code === 'program.error' || code === 'program.result';
    const small = heapEnd - snapshotEnd(this.#snapshot) <= KEPT_HEAP_BYTES_MAX;
    this.#end = {
      valueText,
      failure,
      cpuMs: 0,
      memoryPeakBytes: heapEnd,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      callsLeft: this.#waiting.size,
      clean: sound && small && !this.#gauge.refused && this.memoryBytes === this.#snapshot.memoryBytes,
      session: undefined,
    };
    this.#sound = sound && !this.#gauge.refused;
  }

  /** Hands the end over once the stack is unwound, so that the guest may be reset at once. */
  #deliver(): void {
    const end = this.#end;
    const host = this.#host;
    if (!end || !host) return;
    this.#end = undefined;
    this.#host = undefined;
    const cpuMs = this.#cpuUsedMs;
    const clean = end.clean && !this.#spoiled;
    // What ran after the value was handed over may have passed the deadline; no value is accepted after it.
    if (end.failure === undefined && host.monotonicMs() >= this.#wallDeadline) {
      host.ended({ ...end, valueText: undefined, failure: { code: 'limit.time', report: {} }, cpuMs, clean: false });
    } else host.ended({ ...end, cpuMs, clean, session: this.#sessionEnd() });
  }

  /** What the session keeps of this run: nothing, when its end was not the program's own. */
  #sessionEnd(): GuestSessionEnd | undefined {
    const namesText = this.#sessionNames;
    if (namesText === undefined || !this.#sound || this.#spoiled) return undefined;
    return { image: takeSessionImage(this.#snapshot, this.#instance.memory, this.#jobList), namesText };
  }
}

interface Prepared {
  readonly granted: ReadonlySet<string>;
  /** The beginning of what the prelude is told, as JSON text without its end. */
  readonly configHead: string;
}

const prepared = new WeakMap<RunProfile, Prepared>();

function prepare(profile: RunProfile): Prepared {
  const known = prepared.get(profile);
  if (known) return known;
  const { logBytes, keptValueBytes, calls, callsInFlight } = profile.limits;
  const config = { grants: profile.grants, logChars: logBytes, valueChars: keptValueBytes, calls, callsInFlight };
  const made = { granted: new Set(profile.grants), configHead: JSON.stringify(config).slice(0, -1) };
  prepared.set(profile, made);
  return made;
}

const NO_LIMITS: GuestLimits = {
  wallMs: 0,
  cpuMs: 0,
  memoryBytes: 0,
  stackBytes: 0,
  argumentBytes: 0,
  logBytes: 0,
  keptValueBytes: 0,
  calls: 0,
  callsInFlight: 0,
};

/** Shared between an instance's hooks (made first) and the guest (made around it). */
export interface Gauge {
  guest: Guest | undefined;
  limitBytes: number;
  refused: boolean;
}

function refused(code: ErrorCode, message: string): string {
  const kind = code.slice(0, code.indexOf('.'));
  return encodeReply(false, JSON.stringify({ code, kind, message, retryable: false, issues: [] }));
}

function tooManyCalls(calls: number): string {
  return `the run has made its ${calls} calls (limit \`calls\`)`;
}

/** V8's own stack ending inside the engine is a stack overflow of the guest; anything else is a trap. */
function trapCode(error: unknown): ErrorCode {
  return error instanceof RangeError ? 'limit.stack' : 'internal.error';
}
