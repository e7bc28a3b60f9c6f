/**
 * The built executable as a benchmark sees it: started in an empty folder with a home of its own, spoken to in JSON lines,
 * and ended when its input ends. Times are taken in this process, from just before the spawn; a reader that only looks for
 * line ends keeps the driver out of the figures.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface BinaryOptions {
  readonly file: string;
  readonly args: readonly string[];
  /** Working directory and home of the process. */
  readonly folder: string;
}

export class Binary {
  /** `performance.now()` just before the spawn. */
  readonly startedMs: number;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  readonly #lines: string[] = [];
  #readers: Array<(line: string) => void> = [];
  #rest = '';

  constructor({ file, args, folder }: BinaryOptions) {
    const env = { HOME: folder, XDG_STATE_HOME: folder, PATH: process.env.PATH ?? '' };
    this.startedMs = performance.now();
    this.#child = spawn(file, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr.resume();
    this.#child.stdin.on('error', () => {});
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#heard(text));
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  send(...messages: readonly object[]): void {
    this.#child.stdin.write(messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join(''));
  }

  /** The next line, parsed by the caller; rejects when the process ends without one. */
  line(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    return Promise.race([
      new Promise<string>((resolve) => this.#readers.push(resolve)),
      this.#ended.then(() => Promise.reject(new Error('the executable ended without an answer'))),
    ]);
  }

  /** Answers the first response to `id`; what comes before it is dropped. */
  async answer(id: number): Promise<{ result?: Record<string, unknown>; error?: unknown }> {
    for (;;) {
      const message = JSON.parse(await this.line());
      if (message.id === id) return message;
    }
  }

  /** Ends the input and waits for the process. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Resident and private dirty memory in MB (10^6), as the kernel counts it; undefined where there is no /proc. */
  memory(): { rss: number; privateDirty: number } | undefined {
    try {
      const text = readFileSync(`/proc/${this.pid}/smaps_rollup`, 'utf8');
      const kilobytes = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1]);
      return { rss: (kilobytes('Rss') * 1024) / 1e6, privateDirty: (kilobytes('Private_Dirty') * 1024) / 1e6 };
    } catch {
      return undefined;
    }
  }

  #heard(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const reader = this.#readers.shift();
      if (reader) reader(line);
      else this.#lines.push(line);
    }
  }
}

/**
 * Makes the kernel forget the pages of a file that was just built. Written pages lie in the cache in larger pieces than
 * pages that were read, and as long as they are dirty they count as the process's own: 30 MB more than what a user's
 * machine shows. Where there is no `dd` the figures of memory are upper bounds.
 */
export function forgetPages(file: string): void {
  try {
    execFileSync('sync', [file], { stdio: 'ignore' });
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
  } catch {
    // Not Linux, or a `dd` without the flag.
  }
}

/** Runs `work` with an empty folder that is gone afterwards. */
export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-optimizer-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const INITIALIZE = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1.0.0' } },
};

export const execute = (id: number, code: string): object => ({ id, method: 'optimizer/execute', params: { code } });

/** Throws unless the answer is a completed run with this value, so that no benchmark measures failures. */
export function assertValue(message: { result?: Record<string, unknown>; error?: unknown }, value: unknown): void {
  if (message.result?.status !== 'completed' || JSON.stringify(message.result.value) !== JSON.stringify(value)) {
    throw new Error(`Expected ${JSON.stringify(value)}, got ${JSON.stringify(message).slice(0, 500)}`);
  }
}
