/**
 * The pipe to a server process: an MCP SDK `Transport` of our own, because the SDK's closes on a message over 10 MB,
 * leaves grandchildren behind and keeps no stderr. It spawns the server in its own process group, reads newline-delimited
 * JSON with a bound on the line, and ends the group, also when its leader has already gone.
 *
 *   new ─start─▶ running ─exit, end of output or close()─▶ ending (group signalled) ─▶ closed (`onclose`, once)
 *
 * Decision to know: a line that is not JSON is counted and the first one reported, never fatal. Servers print banners;
 * only the caller knows whether an answer came all the same.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { idFromEdges, LineReader, type SkippedLine } from './line-reader.ts';
import { endGroup, signalGroup } from './process-group.ts';
import { spawnCommand } from './spawn-command.ts';

export interface StdioTransportOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child: nothing is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** A longer line of output is skipped and counted. */
  readonly lineBytes: number;
  /** Between SIGTERM and SIGKILL when `close` is called without a grace of its own. */
  readonly graceMs: number;
  /** The first line of output that is not a JSON-RPC message, cut at 200 characters. Called once. */
  onJunk?(firstLine: string): void;
  /** A line was skipped for its length. `id` is that of the message it carried, when it could be read. */
  onSkipped?(bytes: number, id: number | string | undefined): void;
}

/** How the process ended; `code` is null when a signal ended it. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

const STDERR_KEPT_BYTES = 4096;
const JUNK_CHARS = 200;
/** How long output that the leader wrote before it exited may still arrive. */
const DRAIN_MS = 200;

export class StdioTransport implements Transport {
  // The three callbacks belong to the SDK, which installs them before `start`.
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: Transport['onmessage'];

  readonly #options: StdioTransportOptions;
  #child: ChildProcessWithoutNullStreams | undefined;
  #stderr = Buffer.alloc(0);
  #exit: ProcessExit | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;
  #junkLines = 0;
  #firstJunk: string | undefined;
  #skippedLines = 0;
  #messages = 0;
  /** Messages of the present chunk that are not handed on yet. */
  readonly #inbox: JSONRPCMessage[] = [];

  constructor(options: StdioTransportOptions) {
    this.#options = options;
  }

  /** The SDK takes a transport with `pid` and `stderr` for a pipe, and falls back to `initialize` when a probe is not answered. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** The last 4 KiB that the server wrote to its standard error. */
  get stderr(): string {
    return this.#stderr.toString('utf8');
  }

  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  /** Lines of output that were not JSON-RPC messages, and the first of them. */
  get junk(): { readonly lines: number; readonly first: string | undefined } {
    return { lines: this.#junkLines, first: this.#firstJunk };
  }

  /** Lines that were longer than `lineBytes`. */
  get skippedLines(): number {
    return this.#skippedLines;
  }

  /** JSON-RPC messages received. */
  get messages(): number {
    return this.#messages;
  }

  /** Spawns the process. Rejects with the system's error (`ENOENT`, `EACCES`, …) when it cannot be started. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error('The transport has already been started.');
    const { command, args, verbatim } = spawnCommand(this.#options.command, this.#options.args, this.#options.env);
    const child = spawn(command, args, {
      cwd: this.#options.cwd,
      env: { ...this.#options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
      windowsVerbatimArguments: verbatim,
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => {
        this.#closed = true;
        reject(error);
      });
    });
    this.#listen(child);
  }

  /** Writes one message as one line. Rejects when the pipe is broken; the exit of the process is reported by `onclose`. */
  send(message: JSONRPCMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      const stdin = this.#child?.stdin;
      if (stdin === undefined || !stdin.writable || this.#closed) {
        reject(new Error('The pipe to the server is closed.'));
        return;
      }
      stdin.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Ends the process group. Resolves when it is gone; a second call waits for the first. */
  close(graceMs: number = this.#options.graceMs): Promise<void> {
    this.#closing ??= this.#end(graceMs);
    return this.#closing;
  }

  /** For the exit of our own process, where nothing can be awaited any more. */
  killNow(): void {
    if (this.pid !== null) signalGroup(this.pid, 'SIGKILL');
  }

  #listen(child: ChildProcessWithoutNullStreams): void {
    const reader = new LineReader({
      lineBytes: this.#options.lineBytes,
      onLine: (text) => this.#onLine(text),
      onSkipped: (line) => this.#onSkipped(line),
    });
    child.stdout.on('data', (chunk: Buffer) => reader.push(chunk));
    child.stdout.on('error', (error) => this.onerror?.(error));
    // A server that has closed its output can never answer again, whether or not it still runs. Its exit usually follows
    // at once and is worth waiting for, because it says why.
    child.stdout.on('end', () => {
      reader.end();
      setTimeout(() => this.#lost(), this.#exit === undefined ? DRAIN_MS : 0);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      const joined = Buffer.concat([this.#stderr, chunk]);
      this.#stderr = Buffer.from(joined.subarray(Math.max(0, joined.length - STDERR_KEPT_BYTES)));
    });
    child.stderr.on('error', () => {});
    // A broken pipe is followed by the exit, which says more.
    child.stdin.on('error', () => {});
    child.on('error', (error) => this.onerror?.(error));
    child.once('exit', (code, signal) => {
      this.#exit = { code, signal };
      setTimeout(() => this.#lost(), child.stdout.readableEnded ? 0 : DRAIN_MS);
    });
  }

  /** The server will not answer any more: whoever waits is told first, then what is left of its group is ended. */
  #lost(): void {
    this.#reportClosed();
    void this.close();
  }

  #reportClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onclose?.();
  }

  #onLine(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      message = undefined;
    }
    // Batches belong to revision 2025-03-26 only, but reading one costs nothing.
    const list = Array.isArray(message) ? message : [message];
    for (const item of list) {
      if (typeof item === 'object' && item !== null && 'jsonrpc' in item) {
        this.#messages += 1;
        // The SDK checks the shape of each message and reports what it does not know.
        this.#inbox.push(item as JSONRPCMessage);
        if (this.#inbox.length === 1) void this.#deliver();
      } else {
        this.#onJunk(text);
      }
    }
  }

  /**
   * The SDK handles a notification a turn later and an answer at once, so that the last progress of a call would be lost
   * to the answer behind it in the same chunk. One turn is given after each notification.
   */
  async #deliver(): Promise<void> {
    for (let next = this.#inbox[0]; next !== undefined; next = this.#inbox[0]) {
      try {
        this.onmessage?.(next);
      } catch (error) {
        // One message that its reader cannot bear must not keep back those behind it.
        this.onerror?.(error instanceof Error ? error : new Error(String(error)));
      }
      if (!('id' in next)) await Promise.resolve().then(() => {});
      this.#inbox.shift();
    }
  }

  #onJunk(text: string): void {
    this.#junkLines += 1;
    if (this.#firstJunk !== undefined) return;
    this.#firstJunk = text.slice(0, JUNK_CHARS);
    this.#options.onJunk?.(this.#firstJunk);
  }

  #onSkipped(line: SkippedLine): void {
    this.#skippedLines += 1;
    this.#options.onSkipped?.(line.bytes, idFromEdges(line));
  }

  async #end(graceMs: number): Promise<void> {
    const child = this.#child;
    if (child?.pid !== undefined) {
      await endGroup({ pid: child.pid, graceMs, endInput: () => child.stdin.end() });
      // Whoever left the group may still hold the pipes; we let go of them.
      child.stdout.destroy();
      child.stderr.destroy();
      child.stdin.destroy();
    }
    this.#reportClosed();
  }
}

/** The line of `stderr` that tells most: the last that names an error, else the last that is not a stack frame. */
export function tellingLine(stderr: string): string | undefined {
  const lines = stderr
    .split('\n')
    .map((line) => printable(line).trim())
    .filter((line) => line !== '' && !/^(?:at |Node\.js v|\^+$|[{}\]],?$)/.test(line));
  const errors = lines.filter((line) =>
    /error|exception|cannot|not found|denied|missing|invalid|required|usage/i.test(line),
  );
  return (errors.at(-1) ?? lines.at(-1))?.slice(0, 300);
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences and control characters are what is removed
  return text.replaceAll(/\u001b\[[0-9;]*[A-Za-z]|[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
