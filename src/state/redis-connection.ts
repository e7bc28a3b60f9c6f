/**
 * One connection to Redis for everything of ours that uses it: the store, the second tier of the cache. ioredis is loaded
 * by the first operation.
 *
 *   idle ──first operation──▶ connecting ──▶ up ⇄ down          close ──▶ closed
 *                                  └──────────────▲ tries again after 50 ms, 100 ms, … 2 s, for as long as it takes
 *
 * The decision to know: nothing waits for a Redis that is away. While it is down every operation fails at once with
 * `state.unavailable`; a command that was sent and not answered is never sent again, because it may have taken effect. A
 * Redis that takes a command and does not answer it counts as away.
 */
import type { Redis } from 'ioredis';
import { OptimizerError } from '../core/errors.ts';

/** How long a connection may take to be made, and how long one command may take to be answered. */
const CONNECT_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 2_000;
/** Between two attempts to connect: doubled from the first to the last. */
const RECONNECT_FIRST_MS = 50;
const RECONNECT_LAST_MS = 2_000;

export interface RedisScript {
  readonly name: string;
  readonly lua: string;
  readonly keys: number;
}

export interface RedisConnectionOptions {
  /** `redis://[[user]:password@]host[:port][/database]`, or `rediss://…` for TLS. */
  readonly url: string;
  /** Told once per outage, with what Redis or the system said; never holds the password. */
  onDown?(reason: string): void;
  /** Told when it answers again. */
  onUp?(): void;
  readonly connectTimeoutMs?: number;
  readonly commandTimeoutMs?: number;
}

export class RedisConnection {
  /** Host, port and database: what may be shown. */
  readonly address: string;
  readonly #options: RedisConnectionOptions;
  #client: Redis | undefined;
  #connecting: Promise<Redis> | undefined;
  #state: 'idle' | 'connecting' | 'up' | 'down' | 'closed' = 'idle';
  #outages = 0;
  #reason = '';
  readonly #backs = new Set<() => void>();

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    this.address = addressOf(options.url);
  }

  get state(): 'idle' | 'connecting' | 'up' | 'down' | 'closed' {
    return this.#state;
  }

  /** How often it was lost, or could not be made. What was believed of Redis before the last one may be wrong now. */
  get outages(): number {
    return this.#outages;
  }

  /** `listener` is told each time that Redis is back after an outage. Must not throw. */
  onBack(listener: () => void): void {
    this.#backs.add(listener);
  }

  /** Rejects with `state.unavailable`, at once while Redis is away. `operation` sends its commands before it waits. */
  async run<Result>(operation: (client: Redis) => Promise<Result>): Promise<Result> {
    const client = await this.#ready();
    try {
      return await operation(client);
    } catch (error) {
      if (error instanceof OptimizerError) throw error;
      if (wordsOf(error) === 'Command timed out') this.#stalled();
      throw this.#unavailable(error);
    }
  }

  /** Runs a script; the reply's strings are buffers. */
  evaluate(script: RedisScript, keys: readonly string[], args: readonly (string | Uint8Array)[]): Promise<unknown> {
    return this.run((client) => {
      const name = `optimizer${script.name}`;
      // ioredis adds the commands that are defined at run time, so its types do not know them.
      const commands = client as unknown as Record<string, ((...args: unknown[]) => Promise<unknown>) | undefined>;
      if (commands[name] === undefined) client.defineCommand(name, { lua: script.lua, numberOfKeys: script.keys });
      const command = commands[`${name}Buffer`] as (...args: unknown[]) => Promise<unknown>;
      return command.call(client, ...keys, ...args.map(asBuffer));
    });
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#client?.disconnect();
    this.#client = undefined;
  }

  #ready(): Redis | Promise<Redis> {
    switch (this.#state) {
      case 'up':
        return this.#client as Redis;
      case 'closed':
        throw new OptimizerError('state.unavailable', `The connection to Redis at ${this.address} is closed.`);
      case 'down':
        throw this.#unavailable(new Error(this.#reason));
      case 'idle':
        this.#state = 'connecting';
        this.#connecting = this.#connect();
        return this.#connecting;
      case 'connecting':
        return this.#connecting as Promise<Redis>;
    }
  }

  /** The first attempt; ioredis makes the later ones. */
  async #connect(): Promise<Redis> {
    const { Redis } = await import('ioredis');
    if (this.state === 'closed') throw new OptimizerError('state.unavailable', 'The connection to Redis is closed.');
    const client = new Redis(this.#options.url, {
      lazyConnect: true,
      connectionName: 'mcp-optimizer',
      connectTimeout: this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      commandTimeout: this.#options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(RECONNECT_LAST_MS, RECONNECT_FIRST_MS * 2 ** Math.min(attempt - 1, 10)),
    });
    this.#client = client;
    client.on('error', (error) => {
      this.#reason = wordsOf(error);
    });
    client.on('close', () => this.#down());
    client.on('ready', () => void this.#choose(client).catch(() => {}));
    try {
      await client.connect();
      await this.#choose(client);
    } catch (error) {
      this.#reason ||= wordsOf(error);
      this.#down();
      throw this.#unavailable(new Error(this.#reason));
    }
    return client;
  }

  /**
   * Up, in the right database. ioredis chooses it, too, but goes on in database 0 when Redis refuses the one that is meant.
   * `ready` may be told before or after the first connection is there, so this may happen twice.
   */
  async #choose(client: Redis): Promise<void> {
    const database = Number(new URL(this.#options.url).pathname.slice(1));
    try {
      if (database > 0) await client.select(database);
    } catch (error) {
      this.#reason = wordsOf(error);
      this.#down();
      // A database that is not there will not be there in a moment either.
      client.disconnect(!/DB index/i.test(this.#reason));
      throw error;
    }
    this.#up();
  }

  #up(): void {
    if (this.#state === 'up' || this.#state === 'closed') return;
    const wasDown = this.#state === 'down';
    this.#state = 'up';
    this.#reason = '';
    if (!wasDown) return;
    this.#options.onUp?.();
    for (const listener of this.#backs) listener();
  }

  #down(): void {
    if (this.#state === 'down' || this.#state === 'closed') return;
    this.#state = 'down';
    this.#outages++;
    this.#reason ||= 'the connection was lost';
    this.#options.onDown?.(this.#reason);
  }

  /** It took a command and did not answer: a new connection shows when it does again. */
  #stalled(): void {
    if (this.#state !== 'up') return;
    this.#reason = `no answer within ${this.#options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS} ms`;
    this.#down();
    this.#client?.disconnect(true);
  }

  #unavailable(error: unknown): OptimizerError {
    const words = wordsOf(error);
    // What ioredis says of a command that was under way when the connection broke.
    const reason = /max retries per request|connection is closed|isn't writeable/i.test(words)
      ? 'the connection was lost'
      : words;
    return new OptimizerError('state.unavailable', `Redis at ${this.address} cannot be used: ${reason}.`, {
      hint: 'Check that it runs and that `state` is right. A write that was under way may have been done.',
      cause: error,
    });
  }
}

/** `host:port/database` of a URL of Redis. */
export function addressOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return 'an unknown address';
  return `${parsed.hostname}:${parsed.port || '6379'}${parsed.pathname === '/' ? '' : parsed.pathname}`;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function asBuffer(value: string | Uint8Array): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
