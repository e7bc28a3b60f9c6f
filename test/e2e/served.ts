/** The binary in `serve`, driven by raw lines as an embedder drives it; and the same binary as a command of a person. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { World } from './world.ts';

// biome-ignore lint/suspicious/noExplicitAny: an answer may have any shape, and the tests say which.
export type Message = any;

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Served {
  readonly messages: Message[] = [];
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stderr = '';
  #rest = '';
  #isOver = false;
  readonly #waiters = new Set<() => void>();

  constructor(world: World, config: string, more: readonly string[] = []) {
    this.child = spawn(world.binary, ['serve', '--config', config, ...more], { cwd: world.folder });
    this.child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk.toString('utf8')));
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString('utf8');
      this.#wake();
    });
    this.child.stdin?.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.child.on('close', (status, signal) => {
        this.#isOver = true;
        this.#wake();
        resolve({ status, signal });
      });
    });
    world.onClose(async () => {
      this.child.stdin?.end();
      await this.ended;
    });
  }

  raw(text: string | Buffer): void {
    this.child.stdin?.write(text);
  }

  send(message: object): void {
    this.raw(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  /** Sends a request and waits for the answer with its id. */
  async ask(id: string | number, method: string, params?: object): Promise<Message> {
    this.send({ id, method, ...(params === undefined ? {} : { params }) });
    return await this.answer(id);
  }

  /** Runs a program and answers its outcome. */
  async run(id: string | number, code: string, more: object = {}): Promise<Message> {
    const answer = await this.ask(id, 'optimizer/execute', { code, ...more });
    return answer.result ?? answer;
  }

  async answer(id: string | number | null): Promise<Message> {
    return await this.find((message) => message.id === id && !('method' in message));
  }

  /** The first message out that fits, also if it has come already. */
  async find(fits: (message: Message) => boolean): Promise<Message> {
    return await this.until(() => this.messages.find(fits));
  }

  /** Waits until `look` finds something; fails, with what was said, when the process ends before. */
  async until<Found>(look: () => Found | undefined): Promise<Found> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#isOver) throw new Error(`The process ended first. stderr:\n${this.stderr}`);
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }

  /** Ends the input and waits for the end. */
  async end(): Promise<Ended> {
    this.child.stdin?.end();
    return await this.ended;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    // stdout carries protocol only: a line that is not JSON fails the test here.
    for (const line of lines) this.messages.push(JSON.parse(line));
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiters) resolve();
    this.#waiters.clear();
  }
}

export interface Finished extends Ended {
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** Runs the binary with `args` to its end. */
export async function command(world: World, args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  const child = spawn(world.binary, [...args], {
    cwd: options.cwd ?? world.folder,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout: stdout(), stderr: stderr() }));
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}
