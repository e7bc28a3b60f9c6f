/**
 * One container from its creation to its end, with an agent in it that serves one run.
 *
 *   create ─▶ attach ─▶ start ─▶ agent says `ready` ─▶ idle ─lease─▶ running ─▶ removed
 *        └────────────┴─────────┴─ late, refused, died ──────────────────────▶ removed
 *
 * Whoever starts one owns it and calls `remove`, whatever becomes of it; a failed start removes it here. What the container
 * says is handed to the one who listens at that moment, and to nobody before and after.
 */
import type { Duplex } from 'node:stream';
import { randomHex } from '../../core/crypto.ts';
import { OptimizerError } from '../../core/errors.ts';
import { type ContainerSpec, createOptions } from './container-spec.ts';
import type { EngineClient } from './engine-client.ts';
import { BlockReader, FrameReader } from './frames.ts';

/** From the start of the container to the agent's first word; a large image on a slow disk takes seconds. */
const READY_MS = 20_000;
/** Of what a container says before its agent is ready, for the words of a failed start. */
const FIRST_WORDS_BYTES_MAX = 2_000;

export interface ContainerListener {
  onFrame(payload: Buffer): void;
  /** Text of the program's children, and of stderr. */
  onText(bytes: Buffer, stream: 'stdout' | 'stderr'): void;
  /** The agent has said on stderr that nothing more comes there. */
  onStderrEnd(): void;
  /** A frame of the agent is larger than any may be; `head` is how it began. */
  onTooLarge(head: Buffer): void;
  /** The container has ended, or the engine is gone. */
  onEnd(): void;
}

/** What is known of the agent before a program runs: its own processor time so far. */
interface Ready {
  readonly cpuMs?: number;
}

export class AgentContainer {
  readonly id: string;
  readonly spec: ContainerSpec;
  readonly #engine: EngineClient;
  readonly #stream: Duplex;
  readonly #startedMs = performance.now();
  #listener: ContainerListener | undefined;
  #ended = false;
  #removing: Promise<void> | undefined;
  /** Processor time that the interpreter had used when it was ready. */
  cpuMsBefore = 0;

  private constructor(engine: EngineClient, spec: ContainerSpec, id: string, stream: Duplex) {
    this.#engine = engine;
    this.spec = spec;
    this.id = id;
    this.#stream = stream;
  }

  /** Rejects with `sandbox.unavailable`; nothing is left behind then but what the engine does not answer for. */
  static async start(
    engine: EngineClient,
    spec: ContainerSpec,
    nonce: string,
    frameBytesMax: number,
  ): Promise<AgentContainer> {
    let made: AgentContainer | undefined;
    try {
      const id = await engine.create(createOptions(spec));
      made = new AgentContainer(engine, spec, id, await engine.attach(id));
      const ready = made.#listen(nonce, frameBytesMax);
      // A container that the engine cannot start ends its stream as well; the engine's own words say more.
      ready.catch(() => undefined);
      await engine.start(id);
      await ready;
      return made;
    } catch (error) {
      // By its name, since its id may have been lost with the engine's answer. Nobody waits for it: an engine that has just
      // missed a deadline would take as long again. What it makes later is found by its labels.
      void (made?.remove() ?? engine.remove(spec.name)).catch(() => undefined);
      throw error;
    }
  }

  /** Resolves with the agent's first frame. */
  #listen(nonce: string, frameBytesMax: number): Promise<void> {
    const frames = new FrameReader(nonce, frameBytesMax, {
      onFrame: (payload) => this.#listener?.onFrame(payload),
      onText: (bytes) => this.#listener?.onText(bytes, 'stdout'),
      onTooLarge: (head) => this.#listener?.onTooLarge(head),
    });
    const marks = new FrameReader(nonce, nonce.length, {
      onFrame: () => this.#listener?.onStderrEnd(),
      onText: (bytes) => this.#listener?.onText(bytes, 'stderr'),
      onTooLarge: (head) => this.#listener?.onTooLarge(head),
    });
    const blocks = new BlockReader({
      onStdout: (bytes) => frames.push(bytes),
      onStderr: (bytes) => marks.push(bytes),
    });
    this.#stream.on('data', (chunk: Buffer) => blocks.push(chunk));
    const ended = (): void => {
      if (this.#ended) return;
      this.#ended = true;
      this.#listener?.onEnd();
    };
    for (const event of ['end', 'close', 'error']) this.#stream.on(event, ended);
    return this.#ready();
  }

  async #ready(): Promise<void> {
    let words = '';
    let timer: NodeJS.Timeout | undefined;
    const fail = (what: string): OptimizerError =>
      new OptimizerError('sandbox.unavailable', `the ${this.spec.language} container ${what}${said(words)}`, {
        hint: `The image \`${this.spec.image}\` must have ${NEEDED[this.spec.language]}.`,
      });
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(fail(`was not ready within ${READY_MS} ms`)), READY_MS);
        this.#listener = {
          onFrame: (payload) => {
            this.cpuMsBefore = readyOf(payload).cpuMs ?? 0;
            resolve();
          },
          onText: (bytes) => {
            words = (words + bytes.toString('utf8')).slice(0, FIRST_WORDS_BYTES_MAX);
          },
          onStderrEnd: () => undefined,
          onTooLarge: () => reject(fail('said too much')),
          onEnd: () => reject(fail('ended before its agent was ready')),
        };
      });
    } finally {
      clearTimeout(timer);
      this.#listener = undefined;
    }
  }

  /** Since it was made; it started a little later. */
  get ageMs(): number {
    return performance.now() - this.#startedMs;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** From now on `listener` hears everything; called at once when the container is gone already. */
  lease(listener: ContainerListener): void {
    this.#listener = listener;
    if (this.#ended) listener.onEnd();
  }

  /** Nobody hears anything more. */
  release(): void {
    this.#listener = undefined;
  }

  write(data: string | Buffer): void {
    if (!this.#ended) this.#stream.write(data);
  }

  /** Bytes that were written and that the container has not taken yet. */
  get unreadBytes(): number {
    return this.#stream.writableLength;
  }

  /** Calls `listener` once, when everything has been taken, or the container has ended. */
  onceRead(listener: () => void): void {
    if (this.#ended || !this.#stream.writableNeedDrain) listener();
    else this.#stream.once('drain', listener).once('close', listener);
  }

  setMemory(bytes: number): Promise<void> {
    return this.#engine.setMemory(this.id, bytes);
  }

  cpuMs(): Promise<number> {
    return this.#engine.cpuMs(this.id);
  }

  end(): ReturnType<EngineClient['end']> {
    return this.#engine.end(this.id);
  }

  /** Ends it and takes it away; the second call waits for the first. Rejects when the engine does not do it. */
  remove(): Promise<void> {
    this.#removing ??= this.#engine.remove(this.id).finally(() => this.#stream.destroy());
    return this.#removing;
  }
}

const NEEDED = { python: '`python3` (3.8 or newer)', node: '`node` (22 or newer)', shell: '`/bin/sh`' } as const;

/** A name that is told apart from those of every other process, so that a lost answer loses no container. */
export function containerName(pid: number): string {
  return `mcp-optimizer-${pid}-${randomHex()}`;
}

function readyOf(payload: Buffer): Ready {
  const text = payload.toString('utf8');
  return text.startsWith('ready ') ? (JSON.parse(text.slice('ready '.length)) as Ready) : {};
}

function said(words: string): string {
  const text = words.trim();
  return text === '' ? '' : `: ${text.split('\n').slice(-3).join(' ')}`;
}
