/**
 * One sandbox process as the main process sees it: its pipe, what it last said, and its end. A child is ended as a group,
 * at once and without a word: it holds nothing that is worth keeping, and what has been taken over would not listen.
 *
 *   starting ─ready─▶ ready ─▶ gone        starting ─refused, exit, time─▶ gone
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Json } from '../../core/json.ts';
import { type Confinement, confineToCgroup } from './cgroup.ts';
import { encodeDown, FrameReader, Outbox } from './frames.ts';
import { type DownMessage, readUp, type UpMessage } from './messages.ts';

/** The pipe of messages is the fourth descriptor of a child, on both sides. */
export const CHANNEL_FD = 3;
/** What a child may say to its own stderr is kept to this many characters, for the log. */
const STDERR_CHARS_MAX = 2_000;

export interface ChildOptions {
  /** Starts a process with a pipe at `CHANNEL_FD`, in a process group of its own. */
  readonly spawn: () => ChildProcess;
  readonly settings: Json;
  /** Longest frame that a child may send. */
  readonly frameBytesMax: number;
  readonly memoryBytesMax: number;
  /** How long a child may take to be ready. */
  readonly startMs: number;
}

export interface ChildEvents {
  message(message: UpMessage): void;
  /** Called once, whatever ends the child; it is being killed already. */
  gone(reason: string): void;
}

export class SandboxChild {
  readonly #process: ChildProcess;
  readonly #channel: Socket | undefined;
  readonly #outbox: Outbox;
  readonly #events: ChildEvents;
  readonly #exited: Promise<void>;
  readonly #startTimer: NodeJS.Timeout;
  readonly confinement: Confinement;
  #stderr = '';
  #gone = false;
  /** It has proven that it is confined, and takes runs. */
  ready = false;

  constructor(options: ChildOptions, events: ChildEvents) {
    this.#events = events;
    const child = options.spawn();
    this.#process = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#end(signal === null ? `it exited with ${code}` : `it was ended by ${signal}`);
        this.confinement?.release();
        resolve();
      });
      child.once('error', (error) => {
        this.#end(`it could not be started: ${error.message}`);
        if (child.pid === undefined) resolve();
      });
    });
    this.confinement =
      child.pid === undefined
        ? { kind: 'none', reason: 'no process', release: () => undefined }
        : confineToCgroup(child.pid, options.memoryBytesMax);
    this.#startTimer = setTimeout(() => this.#end('it was not ready in time'), options.startMs);
    this.#startTimer.unref();
    child.unref();
    this.#channel = (child.stdio[CHANNEL_FD] ?? undefined) as Socket | undefined;
    this.#outbox = new Outbox((batch) => this.#channel?.write(encodeDown(batch)), false);
    this.#listen(options.frameBytesMax);
    this.#channel?.write(encodeDown([{ kind: 'boot', settings: options.settings } satisfies DownMessage]));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** What it wrote to its stderr, cut. */
  get lastWords(): string {
    return this.#stderr;
  }

  /** Messages wait until the child is ready. `chars` is about what the message carries. */
  send(message: DownMessage, chars?: number): void {
    if (!this.#gone) this.#outbox.send(message, chars);
  }

  /** Whether the child keeps this process alive: while it has runs, and no longer. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#channel?.ref();
    else this.#channel?.unref();
  }

  /** Ends the child and all that it started; resolves when the process is no more. */
  kill(): Promise<void> {
    this.#gone = true;
    clearTimeout(this.#startTimer);
    this.#channel?.destroy();
    const { pid } = this.#process;
    // Its end is waited for: what the system holds for it is given back then.
    this.#process.ref();
    if (pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null) {
      try {
        // Of the group, which nothing else belongs to: the child is its leader. Windows knows no groups.
        process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
      } catch {
        this.#process.kill('SIGKILL');
      }
    }
    return this.#exited;
  }

  #listen(frameBytesMax: number): void {
    const channel = this.#channel;
    const { stderr } = this.#process;
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (this.#stderr.length < STDERR_CHARS_MAX) this.#stderr += text.slice(0, STDERR_CHARS_MAX);
    });
    (stderr as Socket | null)?.unref?.();
    if (!channel) return;
    const reader = new FrameReader(frameBytesMax, (body) => {
      for (const message of readUp(body)) this.#heard(message);
    });
    channel.on('data', (chunk: Buffer) => {
      if (this.#gone) return;
      try {
        reader.push(chunk);
      } catch (error) {
        this.#end(`it sent what it may not: ${(error as Error).message}`);
      }
    });
    channel.on('error', () => this.#end('its pipe broke'));
    channel.on('close', () => this.#end('it closed its pipe'));
    channel.unref();
  }

  #heard(message: UpMessage): void {
    if (this.#gone) return;
    if (message.kind === 'ready') {
      this.ready = true;
      clearTimeout(this.#startTimer);
    } else if (message.kind === 'refused') {
      this.#end(message.message);
      return;
    }
    this.#events.message(message);
    if (message.kind === 'ready') this.#outbox.openUp();
  }

  #end(reason: string): void {
    if (this.#gone) return;
    void this.kill();
    this.#events.gone(reason);
  }
}
