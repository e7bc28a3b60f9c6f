/**
 * One program in one container: told to the agent, its calls answered, its end worded. Settles exactly once, whatever the
 * container does; from then on nothing that it says is heard. What the agent says of the end is taken as a program's own
 * word: limits, death and cancellation come from the host's clock and from the engine.
 *
 *   run message ─▶ call ⇄ reply … ─▶ done │ fail │ exit            (frames)
 *        └─ wallMs, cpuMs, cancel, too much output, container gone ─▶ ended from here
 */
import type { ErrorCode } from '../../core/errors.ts';
import { ERROR_TABLE, errorKind } from '../../core/errors.ts';
import type { ContainerWork, HostReply, LogLevel, RunEnd, RunFailure, RunRequest } from '../backend.ts';
import type { AgentContainer } from './agent-container.ts';
import { replyMessage, runMessage } from './dialect.ts';
import { deathFailure, type FailWords, failureOfReport, failureWords, syntaxFailure } from './failure.ts';
import { RunLog } from './run-log.ts';

/** Everything that one container may print: beyond it reading alone would cost the host more than the program is worth. */
export const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** Calls that may be without an answer; an honest program is far below. */
const WAITING_MAX = 20_000;
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
  readonly #startedMs = performance.now();
  readonly #files: Record<string, string> = {};
  readonly #onAbort = (): void => this.#stop('request.cancelled');
  #settle: (end: RunEnd) => void = () => undefined;
  #isOver = false;
  #filesBytes = 0;
  #outputBytes = 0;
  #waiting = 0;
  #hostCalls = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #guestCpuMs = 0;
  #memoryPeakBytes = 0;
  #shellCalls = 0;
  #waitingEnd: (() => void) | undefined;
  #hasStderrEnded = false;
  #stderrTimer: NodeJS.Timeout | undefined;
  #wallTimer: NodeJS.Timeout | undefined;
  #cpuTimer: NodeJS.Timeout | undefined;

  constructor(options: ContainerRunOptions) {
    this.#options = options;
    const { limits, grants, onLog } = options.request;
    const logBytes = grants.includes('console') ? limits.logBytes : 0;
    this.#log = new RunLog(logBytes, (line) => {
      if (!this.#isOver) onLog?.call(options.request, line);
    });
  }

  /** Resolves with the end of the run; the caller removes the container afterwards. */
  start(): Promise<RunEnd> {
    const { container, request, work, inventory } = this.#options;
    return new Promise((resolve) => {
      this.#settle = resolve;
      const { signal, limits } = request;
      if (signal.aborted) {
        this.#stop('request.cancelled');
        return;
      }
      signal.addEventListener('abort', this.#onAbort, { once: true });
      this.#wallTimer = setTimeout(() => this.#stop('limit.time'), limits.wallMs);
      this.#lookAtCpu(limits.cpuMs);
      container.lease({
        onFrame: (payload) => this.#hear(payload),
        onText: (bytes, stream) => this.#hearText(bytes, stream),
        onStderrEnd: () => this.#stderrEnded(),
        onTooLarge: () => this.#stop('limit.value'),
        onEnd: () => void this.#died(),
      });
      for (const part of runMessage(request, work, inventory)) {
        this.#bytesIn += part.length;
        container.write(part);
      }
    });
  }

  /** Ends the run from outside: the house is closing. */
  stop(code: ErrorCode): void {
    this.#stop(code);
  }

  // ---- what the agent says -------------------------------------------------------------------------------------------

  #hear(payload: Buffer): void {
    if (this.#isOver) return;
    this.#bytesOut += payload.length;
    const space = payload.indexOf(0x20);
    const head = payload.toString('latin1', 0, space < 0 ? payload.length : space);
    const body = payload.subarray(space < 0 ? payload.length : space + 1);
    switch (head) {
      case 'log':
        return this.#hearLog(body.toString('utf8'));
      case 'call':
        return this.#hearCall(body.toString('utf8'));
      case 'tool':
        return this.#hearShellCall(body.toString('utf8'));
      case 'usage':
        return this.#hearUsage(body.toString('utf8'));
      case 'file':
        return this.#hearFile(body);
      case 'done':
        return this.#atEnd(() => this.#done(body.toString('utf8')));
      case 'text':
        return this.#atEnd(() => this.#done(JSON.stringify(body.toString('utf8'))));
      case 'fail':
        return this.#atEnd(() => this.#failed(body.toString('utf8')));
      case 'syntax':
        return this.#atEnd(() => this.#finish(undefined, syntaxFailure(body.toString('utf8'))));
      case 'exit':
        return this.#atEnd(() => this.#exited(body.toString('utf8')));
      default:
        // Nothing that an agent of ours says.
        return this.#log.add('debug', payload.toString('utf8'));
    }
  }

  #hearText(bytes: Buffer, stream: 'stdout' | 'stderr'): void {
    if (this.#isOver) return;
    this.#outputBytes += bytes.length;
    if (this.#outputBytes > OUTPUT_BYTES_MAX) this.#stop('limit.output');
    else this.#log.addText(stream === 'stdout' ? 'info' : 'warn', bytes);
  }

  #hearLog(text: string): void {
    const space = text.indexOf(' ');
    const level = text.slice(0, space);
    this.#outputBytes += text.length;
    if (this.#outputBytes > OUTPUT_BYTES_MAX) this.#stop('limit.output');
    else this.#log.add(isLevel(level) ? level : 'info', text.slice(space + 1));
  }

  #hearUsage(text: string): void {
    const said = objectIn(text);
    const number = (value: unknown): number => (typeof value === 'number' && value >= 0 ? value : 0);
    this.#guestCpuMs = Math.max(0, number(said.cpuMs) - this.#options.container.cpuMsBefore);
    this.#memoryPeakBytes = Math.round(number(said.memoryBytes));
    this.#log.dropped += Math.round(number(said.dropped));
  }

  /** `path LF bytes`. A path that nobody asked for is dropped. */
  #hearFile(body: Buffer): void {
    const { filesOut, filesBytesMax } = this.#options.work;
    const end = body.indexOf(0x0a);
    const path = body.toString('utf8', 0, Math.max(0, end));
    if (end < 0 || !filesOut.includes(path)) return;
    const bytes = body.subarray(end + 1);
    this.#filesBytes += bytes.length;
    if (this.#filesBytes > filesBytesMax) this.#finish(undefined, this.#words('limit.files'));
    else this.#files[path] = bytes.toString('base64');
  }

  // ---- calls ---------------------------------------------------------------------------------------------------------

  /** `call NUMBER INTERFACE FUNCTION ARGUMENTS` */
  #hearCall(text: string): void {
    const match = /^(\d{1,15}) ([a-z-]{1,40}) ([a-z-]{1,40}) ([^]*)$/.exec(text);
    if (!match) return this.#log.add('debug', 'a call that cannot be read was dropped');
    const [, number, interfaceName = '', functionName = '', argumentsText = ''] = match;
    void this.#call(Number(number), interfaceName, functionName, argumentsText);
  }

  /** `tool SERVER LF NAME LF JSON`: a shell makes one call at a time and is answered in the order of its calls. */
  #hearShellCall(text: string): void {
    const [server = '', name = '', ...rest] = text.split('\n');
    const call = ++this.#shellCalls;
    let given: unknown;
    try {
      given = JSON.parse(rest.join('\n'));
    } catch (error) {
      const message = `tool ${server} ${name}: the argument is not JSON: ${(error as Error).message}`;
      return this.#reply(call, refusal('program.error', message));
    }
    void this.#call(call, 'tools', 'call', JSON.stringify([server, name, given, false]));
  }

  async #call(call: number, interfaceName: string, functionName: string, argumentsText: string): Promise<void> {
    const { request, inventory } = this.#options;
    this.#hostCalls++;
    if (++this.#waiting > WAITING_MAX) return this.#stop('limit.calls');
    let reply: HostReply;
    try {
      const refused = this.#refused(interfaceName, argumentsText);
      if (refused) reply = refused;
      else if (interfaceName === 'tools' && functionName === 'names') reply = namesReply(inventory(), argumentsText);
      else reply = await request.hostCall({ call, interfaceName, functionName, argumentsText });
    } catch {
      reply = refusal('internal.error', 'an internal failure of the host');
    }
    this.#waiting--;
    this.#reply(call, reply);
  }

  /** What a guest's own thread looks at before a call reaches the gate. */
  #refused(interfaceName: string, argumentsText: string): HostReply | undefined {
    const { grants, limits } = this.#options.request;
    if (!grants.includes(interfaceName)) {
      return refusal('denied.capability', `the capability \`${interfaceName}\` is not granted to this run`);
    }
    if (Buffer.byteLength(argumentsText) > limits.argumentBytes) {
      const message = `the arguments are ${argumentsText.length} characters; the limit is ${limits.argumentBytes} bytes`;
      return refusal('limit.argument', message);
    }
    try {
      JSON.parse(argumentsText);
      return undefined;
    } catch {
      return refusal('program.error', 'the arguments of a call are not JSON');
    }
  }

  #reply(call: number, reply: HostReply): void {
    if (this.#isOver) return;
    const message = replyMessage(this.#options.work.language, call, reply);
    this.#bytesIn += message.length;
    this.#options.container.write(message);
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
    if (bytes > keptValueBytes) return this.#finish(undefined, this.#words('limit.value', { bytes }));
    try {
      JSON.parse(text);
    } catch {
      return this.#finish(undefined, {
        code: 'program.result',
        message: 'the program returned a value that is not JSON',
      });
    }
    this.#finish(text, undefined);
  }

  #failed(text: string): void {
    this.#finish(undefined, failureOfReport(objectIn(text), this.#failWords()));
  }

  /** `STATUS LF what it had printed`: a shell program that ended with another status than 0. */
  #exited(text: string): void {
    const end = text.indexOf('\n');
    const status = Number(text.slice(0, end < 0 ? undefined : end));
    if (end >= 0) this.#log.addText('info', Buffer.from(`${text.slice(end + 1)}\n`));
    this.#log.finish();
    const last = this.#log.lastOf('warn');
    const message = `the program exited with status ${status}${last === undefined ? '' : `: ${last}`}`;
    const line = /(?:^|: )(?:eval: )?(?:line )?(\d{1,6}): /.exec(last ?? '')?.[1];
    this.#finish(undefined, { code: 'program.error', message, ...(line === undefined ? {} : { line: Number(line) }) });
  }

  /** The container ended before its agent said how. */
  async #died(): Promise<void> {
    if (this.#waitingEnd) return this.#waitingEnd();
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
        if (this.#isOver) return;
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
      logsDropped: this.#log.dropped,
      callsLeft: this.#waiting,
      usage: {
        wallMs: performance.now() - this.#startedMs,
        guestCpuMs: this.#guestCpuMs,
        queueMs: this.#options.queueMs,
        memoryPeakBytes: this.#memoryPeakBytes,
        hostCalls: this.#hostCalls,
        bytesIn: this.#bytesIn,
        bytesOut: this.#bytesOut,
      },
      ...(hasFiles ? { files: this.#files } : {}),
    });
  }
}

function isLevel(text: string): text is LogLevel {
  return ['debug', 'info', 'warn', 'error'].includes(text);
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function namesReply(inventory: Readonly<Record<string, readonly string[]>>, argumentsText: string): HostReply {
  const [server] = JSON.parse(argumentsText) as unknown[];
  const known = typeof server === 'string' && Object.hasOwn(inventory, server) ? inventory[server] : [];
  const names = server === null || server === undefined ? Object.keys(inventory) : known;
  return { ok: true, text: JSON.stringify(names) };
}

function refusal(code: ErrorCode, message: string): HostReply {
  const { retryable } = ERROR_TABLE[code];
  return { ok: false, text: JSON.stringify({ code, kind: errorKind(code), message, retryable, issues: [] }) };
}
