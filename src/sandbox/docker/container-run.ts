/**
 * One program in one container: told to the agent, its calls answered, its end worded. Settles exactly once, whatever the
 * container does; from then on nothing that it says is heard. What the agent says of the end is taken as a program's own
 * word: limits, death and cancellation come from the host's clock and from the engine.
 *
 *   run message ─▶ call ⇄ reply … ─▶ done │ fail │ exit            (frames)
 *        └─ wallMs, cpuMs, cancel, too much output, container gone ─▶ ended from here
 */
import type { ErrorCode } from '../../core/errors.ts';
import type { ContainerWork, LogLevel, RunEnd, RunFailure, RunRequest } from '../backend.ts';
import type { AgentContainer } from './agent-container.ts';
import { CallBridge } from './call-bridge.ts';
import { runMessage } from './dialect.ts';
import { deathFailure, type FailWords, failureOfReport, failureWords, syntaxFailure } from './failure.ts';
import { RunLog } from './run-log.ts';

/** Everything that one container may print: beyond it reading alone would cost the host more than the program is worth. */
export const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** What a frame costs besides its bytes, so that a flood of empty ones has an end, too. */
const FRAME_BYTES = 64;
/** Answers that the program has not read yet: with more than this the next call waits until they are gone. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024;
/** The engine carries stdout and stderr by two hands: how long an end on one waits for the end of the other. */
const STDERR_WAIT_MS = 100;
/** Between two looks at the processor time of a container. */
const CPU_LOOK_MS_MIN = 20;

export interface ContainerRunOptions {
  readonly container: AgentContainer;
  readonly request: RunRequest;
  readonly work: ContainerWork;
  readonly queueMs: number;
  /** What the container may use now. */
  readonly memoryBytes: number;
  /** What `Object.keys(tools)` answers: server alias → tool aliases. */
  inventory(): Readonly<Record<string, readonly string[]>>;
}

export class ContainerRun {
  readonly #options: ContainerRunOptions;
  readonly #log: RunLog;
  readonly #calls: CallBridge;
  readonly #startedMs = performance.now();
  readonly #files: Record<string, string> = Object.create(null) as Record<string, string>;
  readonly #onAbort = (): void => this.#stop('request.cancelled');
  #settle: (end: RunEnd) => void = () => undefined;
  #isOver = false;
  #filesBytes = 0;
  #outputBytes = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #guestCpuMs = 0;
  #memoryPeakBytes = 0;
  #agentDropped = 0;
  #waitingEnd: (() => void) | undefined;
  #hasStderrEnded = false;
  #stderrTimer: NodeJS.Timeout | undefined;
  #wallTimer: NodeJS.Timeout | undefined;
  #wallEndsMs = 0;
  /** While the program does not read what it has asked for. */
  #unread: Promise<void> | undefined;
  #cpuTimer: NodeJS.Timeout | undefined;

  constructor(options: ContainerRunOptions) {
    this.#options = options;
    const { limits, grants, onLog } = options.request;
    const logBytes = grants.includes('console') ? limits.logBytes : 0;
    this.#log = new RunLog(logBytes, (line) => {
      if (!this.#isOver) onLog?.call(options.request, line);
    });
    this.#calls = new CallBridge({
      request: options.request,
      language: options.work.language,
      inventory: () => options.inventory(),
      write: (text) => this.#write(text),
      mayCall: () => this.#mayCall(),
      onWaste: (bytes) => this.#count(bytes),
      onFlood: () => this.#stop('limit.calls'),
    });
  }

  /** Resolves with the end of the run; the caller removes the container afterwards. */
  start(): Promise<RunEnd> {
    const { container, request, work, inventory } = this.#options;
    return new Promise((resolve) => {
      this.#settle = resolve;
      const { signal, limits, deadline } = request;
      if (signal.aborted) {
        this.#stop('request.cancelled');
        return;
      }
      signal.addEventListener('abort', this.#onAbort, { once: true });
      this.#wallEndsMs = performance.now() + limits.wallMs;
      this.#endAt(0);
      deadline?.listen((byMs) => this.#endAt(byMs));
      this.#lookAtCpu(limits.cpuMs);
      container.lease({
        onFrame: (payload) => this.#hear(payload),
        onText: (bytes, stream) => this.#hearText(bytes, stream),
        onStderrEnd: () => this.#stderrEnded(),
        onTooLarge: (head) => this.#stop(limitOfFrame(head)),
        onEnd: () => void this.#died(),
      });
      for (const part of runMessage(request, work, inventory)) this.#write(part);
    });
  }

  /** Ends the run from outside: the house is closing. */
  stop(code: ErrorCode): void {
    this.#stop(code);
  }

  #write(data: string | Buffer): void {
    if (this.#isOver) return;
    this.#bytesIn += data.length;
    this.#options.container.write(data);
  }

  /** The deadline moves while a person is asked something. */
  #endAt(byMs: number): void {
    if (this.#isOver) return;
    this.#wallEndsMs += byMs;
    clearTimeout(this.#wallTimer);
    this.#wallTimer = setTimeout(() => this.#stop('limit.time'), Math.max(0, this.#wallEndsMs - performance.now()));
  }

  /** Whether the run still goes on, when there is room for the answer: a program may call and never read. */
  async #mayCall(): Promise<boolean> {
    const { container } = this.#options;
    while (!this.#isOver && container.unreadBytes > UNREAD_BYTES_MAX) {
      this.#unread ??= new Promise<void>((resolve) => container.onceRead(resolve)).finally(() => {
        this.#unread = undefined;
      });
      await this.#unread;
    }
    return !this.#isOver;
  }

  // ---- what the agent says -------------------------------------------------------------------------------------------

  #hear(payload: Buffer): void {
    if (this.#isOver) return;
    this.#bytesOut += payload.length;
    const space = payload.indexOf(0x20);
    const head = payload.toString('latin1', 0, space < 0 ? payload.length : space);
    const body = payload.subarray(space < 0 ? payload.length : space + 1);
    const said = (): string => body.toString('utf8');
    // Calls are counted as such, a file and the value have bounds of their own.
    const isBounded = BOUNDED.has(head) && this.#waitingEnd === undefined;
    if (head !== 'call' && head !== 'tool' && !this.#count(FRAME_BYTES + (isBounded ? 0 : payload.length))) return;
    if (head === 'call') this.#calls.hear(said());
    else if (head === 'tool') this.#calls.hearShell(said());
    else if (head === 'log') this.#hearLog(said());
    else if (head === 'usage') this.#hearUsage(said());
    else if (head === 'file') this.#hearFile(body);
    else if (head === 'done') this.#atEnd(() => this.#done(said()));
    else if (head === 'text') this.#atEnd(() => this.#done(JSON.stringify(said())));
    else if (head === 'fail') this.#atEnd(() => this.#failed(said()));
    else if (head === 'syntax') this.#atEnd(() => this.#finish(undefined, syntaxFailure(said())));
    else if (head === 'exit') this.#atEnd(() => this.#exited(said()));
    // Anything else is nothing that an agent of ours says.
    else this.#log.add('debug', payload.toString('utf8'));
  }

  #hearText(bytes: Buffer, stream: 'stdout' | 'stderr'): void {
    if (this.#isOver || !this.#count(bytes.length)) return;
    this.#log.addText(stream === 'stdout' ? 'info' : 'warn', bytes);
  }

  /** False when that was too much, and the run has ended. */
  #count(bytes: number): boolean {
    this.#outputBytes += bytes;
    if (this.#outputBytes <= OUTPUT_BYTES_MAX) return true;
    this.#stop('limit.output');
    return false;
  }

  #hearLog(text: string): void {
    const space = text.indexOf(' ');
    const level = text.slice(0, space);
    this.#log.add(isLevel(level) ? level : 'info', text.slice(space + 1));
  }

  #hearUsage(text: string): void {
    const said = objectIn(text);
    // The largest whole number is already beyond anything honest, and an infinite one has no JSON form.
    const number = (value: unknown): number =>
      typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : 0;
    this.#guestCpuMs = Math.max(0, number(said.cpuMs) - this.#options.container.cpuMsBefore);
    this.#memoryPeakBytes = Math.round(number(said.memoryBytes));
    this.#agentDropped = Math.round(number(said.dropped));
  }

  /** `path LF bytes`. A path that nobody asked for is dropped. */
  #hearFile(body: Buffer): void {
    const { filesOut, filesBytesMax } = this.#options.work;
    const end = body.indexOf(0x0a);
    const path = body.toString('utf8', 0, Math.max(0, end));
    if (end < 0 || !filesOut.includes(path)) {
      this.#count(body.length);
      return;
    }
    const bytes = body.subarray(end + 1);
    this.#filesBytes += bytes.length;
    if (this.#filesBytes > filesBytesMax) this.#finish(undefined, this.#words('limit.files'));
    else this.#files[path] = bytes.toString('base64');
  }

  // ---- the end -------------------------------------------------------------------------------------------------------

  /** The agent's word on the end counts when all that was printed before it is there. A second word is not heard. */
  #atEnd(end: () => void): void {
    if (this.#waitingEnd) return;
    this.#waitingEnd = end;
    if (this.#hasStderrEnded) end();
    else this.#stderrTimer = setTimeout(end, STDERR_WAIT_MS);
  }

  #stderrEnded(): void {
    this.#hasStderrEnded = true;
    this.#waitingEnd?.();
  }

  /** The agent's word on the value is checked: it may be the program's. */
  #done(text: string): void {
    const { keptValueBytes } = this.#options.request.limits;
    const bytes = Buffer.byteLength(text);
    if (bytes > keptValueBytes) this.#finish(undefined, this.#words('limit.value', { bytes }));
    else if (isJson(text)) this.#finish(text, undefined);
    else this.#finish(undefined, { code: 'program.result', message: 'the program returned a value that is not JSON' });
  }

  #failed(text: string): void {
    const failure = failureOfReport(objectIn(text), this.#failWords());
    const code = failure.call === undefined ? undefined : this.#calls.refused.get(failure.call);
    this.#finish(undefined, code === undefined ? failure : { ...failure, code });
  }

  /** `STATUS LF what it had printed`: a shell program that ended with another status than 0. */
  #exited(text: string): void {
    const end = text.indexOf('\n');
    const status = Number(text.slice(0, end < 0 ? undefined : end));
    if (end >= 0) this.#log.addText('info', Buffer.from(`${text.slice(end + 1)}\n`));
    this.#log.finish();
    const last = this.#log.lastOf('warn');
    // BusyBox counts the lines of the agent with those of the program, dash only the program's.
    const words = last?.replace(/\beval: line \d+: /, '');
    const line = /\beval: (\d{1,6}): /.exec(words ?? '')?.[1];
    this.#finish(undefined, {
      code: 'program.error',
      message: `the program exited with status ${status}${words === undefined ? '' : `: ${words}`}`,
      ...(line === undefined ? {} : { line: Number(line) }),
    });
  }

  /** The container ended before its agent said how. */
  async #died(): Promise<void> {
    this.#waitingEnd?.();
    if (this.#isOver) return;
    const { container, work } = this.#options;
    const end = await container.end().catch(() => undefined);
    this.#finish(undefined, deathFailure(end, work.language, this.#failWords()));
  }

  /** A look costs some milliseconds of the engine: the first comes when the budget can have been used, at one processor. */
  #lookAtCpu(leftMs: number): void {
    const { container, request } = this.#options;
    this.#cpuTimer = setTimeout(
      async () => {
        const used = await container.cpuMs().catch(() => 0);
        if (this.#isOver || !isItsOwn(used, container.ageMs)) return;
        const left = request.limits.cpuMs - (used - container.cpuMsBefore);
        if (left <= 0) this.#stop('limit.cpu');
        else this.#lookAtCpu(left);
      },
      Math.max(CPU_LOOK_MS_MIN, leftMs),
    );
  }

  #stop(code: ErrorCode): void {
    this.#finish(undefined, this.#words(code));
  }

  #failWords(): FailWords {
    return { limits: this.#options.request.limits, memoryBytes: this.#options.memoryBytes };
  }

  #words(code: ErrorCode, said: { bytes?: number } = {}): RunFailure {
    return { code, message: failureWords(code, this.#failWords(), said) };
  }

  #finish(valueText: string | undefined, failure: RunFailure | undefined): void {
    if (this.#isOver) return;
    this.#log.finish();
    this.#isOver = true;
    clearTimeout(this.#wallTimer);
    clearTimeout(this.#cpuTimer);
    clearTimeout(this.#stderrTimer);
    this.#options.request.signal.removeEventListener('abort', this.#onAbort);
    this.#options.container.release();
    const hasFiles = failure === undefined && Object.keys(this.#files).length > 0;
    this.#settle({
      valueText,
      failure,
      logs: this.#log.lines,
      logsDropped: this.#log.dropped + this.#agentDropped,
      callsLeft: this.#calls.waiting,
      usage: {
        wallMs: performance.now() - this.#startedMs,
        guestCpuMs: this.#guestCpuMs,
        queueMs: this.#options.queueMs,
        memoryPeakBytes: this.#memoryPeakBytes,
        hostCalls: this.#calls.made,
        bytesIn: this.#bytesIn,
        bytesOut: this.#bytesOut,
      },
      ...(hasFiles ? { files: this.#files } : {}),
    });
  }
}

/** A runtime that uses no cgroups counts the whole machine's time: more than one processor can have given is not looked at. */
function isItsOwn(cpuMs: number, ageMs: number): boolean {
  return cpuMs <= 2 * ageMs + 1_000;
}

/** Heads of frames whose bytes another limit counts. */
const BOUNDED: ReadonlySet<string> = new Set(['file', 'done', 'text']);

/** What a frame that is larger than any may be was to be. */
function limitOfFrame(head: Buffer): ErrorCode {
  const text = head.toString('latin1');
  if (text.startsWith('file ')) return 'limit.files';
  if (text.startsWith('call ') || text.startsWith('tool ')) return 'limit.argument';
  return text.startsWith('log ') ? 'limit.output' : 'limit.value';
}

function isLevel(text: string): text is LogLevel {
  return ['debug', 'info', 'warn', 'error'].includes(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
