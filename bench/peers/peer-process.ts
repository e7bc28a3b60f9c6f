/**
 * The process of one peer, as the suite sees it: started with the peer's adapter, asked one thing at a time, and ended with
 * everything it started. Whoever starts one ends it, also after a failure.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Answer, Ask, ChildOptions } from './messages.ts';
import type { Peer } from './peers.ts';
import { killTree, treeMegabytes } from './process-tree.ts';

export interface PeerLimits {
  readonly timeLimitMs: number;
  readonly memoryLimitBytes: number;
}

const START_TIMEOUT_MS = 60_000;

export class PeerProcess {
  /** From the spawn to the first checked result of `1 + 1`. */
  readonly startMs: number;
  readonly #child: ChildProcess;
  readonly #heard: Listener;

  private constructor(child: ChildProcess, heard: Listener, startMs: number) {
    this.#child = child;
    this.#heard = heard;
    this.startMs = startMs;
  }

  /** Rejects with what the peer said when it cannot be opened or answers wrongly. */
  static async start(peer: Peer, limits: PeerLimits, oursFile: string): Promise<PeerProcess> {
    const file = peer.adapter === 'ours' ? oursFile : join(import.meta.dirname, 'adapters', `${peer.adapter}.ts`);
    const options: ChildOptions = {
      module: pathToFileURL(file).href,
      ...(peer.variant === undefined ? {} : { variant: peer.variant }),
      ...limits,
    };
    const started = performance.now();
    const child = fork(join(import.meta.dirname, 'child.ts'), [JSON.stringify(options)], {
      cwd: import.meta.dirname,
      execArgv: ['--expose-gc', ...(peer.nodeArguments ?? [])],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const heard = new Listener(child);
    try {
      await heard.next(START_TIMEOUT_MS);
    } catch (error) {
      killTree(child.pid as number);
      throw error;
    }
    return new PeerProcess(child, heard, performance.now() - started);
  }

  /** Rejects when the peer fails at it, dies of it, or does not answer in time; the process is of no use after the last two. */
  async ask<Kind extends Answer['kind']>(
    ask: Ask,
    kind: Kind,
    timeoutMs: number,
  ): Promise<Extract<Answer, { kind: Kind }>> {
    this.#child.send(ask);
    const answer = await this.#heard.next(timeoutMs);
    if (answer.kind === kind) return answer as Extract<Answer, { kind: Kind }>;
    throw new Error(answer.kind === 'failed' ? answer.message : `answered ${answer.kind} to ${ask.kind}`);
  }

  /** Resident memory of the process and what it started, after a collection of garbage. */
  async settledMegabytes(): Promise<number | undefined> {
    await this.ask({ kind: 'settle' }, 'settled', 30_000);
    return this.megabytes();
  }

  megabytes(): number | undefined {
    return treeMegabytes(this.#child.pid as number);
  }

  end(): void {
    this.#heard.close();
    killTree(this.#child.pid as number);
  }
}

/** Hands out the answers of a process one by one; its end is a rejection with the last of what it wrote to stderr. */
class Listener {
  readonly #answers: Answer[] = [];
  #ended: Error | undefined;
  #wake: () => void = () => {};
  #errors = '';

  constructor(child: ChildProcess) {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4_000);
    });
    child.on('message', (answer: Answer) => {
      this.#answers.push(answer);
      this.#wake();
    });
    child.once('close', (status, signal) => {
      this.#ended ??= new Error(reasonIn(this.#errors) ?? `the process ended with ${status ?? signal}`);
      this.#wake();
    });
  }

  async next(timeoutMs: number): Promise<Answer> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, timeoutMs);
    try {
      for (;;) {
        const answer = this.#answers.shift();
        if (answer !== undefined) return answer;
        if (this.#ended) throw this.#ended;
        if (late) throw new Error(`no answer within ${timeoutMs} ms`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#ended ??= new Error('ended by the suite');
  }
}

/** The line of a stack trace that says what is wrong. */
function reasonIn(errors: string): string | undefined {
  return errors
    .split('\n')
    .find((line) => /^(\w*Error|Error|FATAL ERROR)\b.*:/.test(line.trim()))
    ?.trim();
}
