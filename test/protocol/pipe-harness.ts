/** The pipe between two in-process streams: raw lines in, parsed messages out. */
import { PassThrough } from 'node:stream';
import type { EnginePort } from '../../src/protocol/engine-port.ts';
import type { Face } from '../../src/protocol/face.ts';
import { type PipeOptions, servePipe } from '../../src/protocol/stdio-pipe.ts';
import { createSurface } from '../../src/protocol/surface.ts';
import { type Log, silentLog } from '../../src/telemetry/log.ts';
import type { ClientCapabilities } from '../../src/upstream/asker.ts';
import { FakeEngine } from './fake-engine.ts';
import { CODE_FACE, FakeUpstreams } from './fake-upstreams.ts';

// biome-ignore lint/suspicious/noExplicitAny: an answer may have any shape, and the tests say which.
export type Message = any;

export const SERVER = { name: 'mcp-optimizer', version: '9.9.9' };

export interface PipeOverrides extends Partial<PipeOptions> {
  readonly engine?: EnginePort;
  readonly upstreams?: FakeUpstreams;
  readonly face?: Face;
  readonly log?: Log;
}

export class Pipe {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly messages: Message[] = [];
  readonly done: Promise<void>;
  readonly #stop = new AbortController();
  readonly #waiters = new Set<() => void>();
  #rest = '';

  /** What was told of the client, once for each telling. */
  readonly askable: ClientCapabilities[] = [];

  constructor({
    engine = new FakeEngine(),
    log = silentLog,
    upstreams = new FakeUpstreams(),
    face = CODE_FACE,
    ...options
  }: PipeOverrides = {}) {
    const passThrough = upstreams.passThrough('', log);
    this.output.on('data', (chunk: Buffer) => this.#read(chunk.toString('utf8')));
    this.done = servePipe(
      {
        engine,
        log,
        surface: createSurface(),
        server: SERVER,
        check: 'error',
        passThrough: async () => passThrough,
        face: () => face,
        onClient: (capabilities) => this.askable.push(capabilities),
        input: this.input,
        output: this.output,
      },
      { lineBytes: 4096, shutdownGraceMs: 2_000, requestsInFlight: 100, stop: this.#stop.signal, ...options },
    );
  }

  raw(text: string | Buffer): void {
    this.input.write(text);
  }

  send(message: object): void {
    this.raw(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  /** Sends a request and waits for the answer with its id. */
  async ask(id: string | number, method: string, params?: object): Promise<Message> {
    this.send({ id, method, ...(params === undefined ? {} : { params }) });
    return await this.answer(id);
  }

  /** The first message out that fits, also if it has come already. */
  async find(fits: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }

  async answer(id: string | number | null): Promise<Message> {
    return await this.find((message) => message.id === id && !('method' in message));
  }

  terminate(): void {
    this.#stop.abort();
  }

  /** Ends the input and waits until the pipe has resolved. */
  async end(): Promise<void> {
    this.input.end();
    await this.done;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.messages.push(JSON.parse(line));
    for (const resolve of this.#waiters) resolve();
    this.#waiters.clear();
  }
}
