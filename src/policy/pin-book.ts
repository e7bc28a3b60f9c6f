/**
 * The pins of all servers, kept in the store and held in memory: what a list is judged by when it comes, without waiting
 * for a store, and what the next process begins with. Reads of the store happen at the start and when somebody asks for
 * a tool that is blocked; the way of a call never waits for one.
 *
 *   unread ──load──▶ read ──judge──▶ verdict at once ──news──▶ record (read, merge, write if nobody was faster)
 *      └──store fails, text is no pins──▶ unreadable: every tool of the server is blocked until a reading succeeds
 *
 * Decisions to know. Pins belong to a server's name in one config file. Another config that starts a server of the same
 * name in the same way begins with a copy; one that starts something else under that name begins anew. Several processes
 * share the pins: who writes merges with what is there, and a first definition that lost the race is a changed one.
 */
import type { Clock } from '../core/clock.ts';
import { sha256Hex } from '../core/crypto.ts';
import type { Json } from '../core/json.ts';
import {
  approveListed,
  type BlockReason,
  flippedTools,
  judgeListing,
  type Listing,
  type PinnedDefinition,
  pinHash,
  pinnedPart,
  pinsText,
  readPins,
  type ServerPins,
} from './tool-pins.ts';

/** What is needed of a store: `state/store.ts` has it. */
export interface PinStore {
  get(namespace: string, key: string): Promise<{ readonly text: string; readonly version: number } | undefined>;
  put(
    namespace: string,
    key: string,
    value: string,
    conditions: { readonly ifVersion: number },
  ): Promise<{ readonly status: 'ok' | 'conflict' | 'full' }>;
  list(namespace: string, prefix: string): Promise<string[]>;
}

export interface PinBookOptions {
  readonly store: PinStore;
  readonly clock: Clock;
  readonly log: { warn(fields: Record<string, unknown>, message: string): void };
  /** Which config file the servers stand in: a short text, equal for equal files. */
  readonly scope: string;
  /** What a server says of itself may hold a secret of the config; the store never sees it. */
  redact(value: Json): Json;
  /** Called when the verdict on a server's last list has changed. Must not throw. */
  onVerdict(server: string): void;
}

/** A tool whose definition waits for a person. */
export interface PendingTool {
  readonly tool: string;
  readonly reason: BlockReason;
  /** The approved one; undefined when there is none, or when its text was not kept. */
  readonly old: PinnedDefinition | undefined;
  readonly new: PinnedDefinition;
}

interface Server {
  readonly name: string;
  readonly start: string;
  readonly key: string;
  state: 'unread' | 'read' | 'unreadable';
  pins: ServerPins | undefined;
  listed: Listed | undefined;
  blocked: ReadonlyMap<string, BlockReason>;
  readAtMs: number;
  /** Reading and writing of one server happen one after the other. */
  work: Promise<void>;
}

interface Listed {
  readonly definitions: readonly PinnedDefinition[];
  readonly listing: Listing;
}

const PINS = 'tool-pins';
/** The approved definitions themselves, for the difference that a person is shown; read for nothing else. */
const TEXTS = 'tool-definitions';
/** Definitions of one server that are kept; larger ones are compared by hash alone. */
export const DEFINITIONS_CHARS_MAX = 16 * 1024 * 1024;
/** A refused call reads the store again at most this often. */
const REREAD_MS = 250;
/** Writers that were slower this many times in a row give up until the next list. */
const TRIES_MAX = 20;
/** A store that was away is offered again what it did not take after so long. */
const RETRY_MS = 30_000;
/** Other configs that are looked at for the same server. */
const SIBLINGS_MAX = 50;

const NOTHING: ReadonlyMap<string, BlockReason> = new Map();

export class PinBook {
  readonly #options: PinBookOptions;
  readonly #servers = new Map<string, Server>();
  #saidUnreadable = false;
  #closed = false;

  /** `servers`: name, and a hash of how it is started. */
  constructor(servers: ReadonlyArray<{ readonly name: string; readonly start: string }>, options: PinBookOptions) {
    this.#options = options;
    for (const { name, start } of servers) {
      this.#servers.set(name, {
        name,
        start,
        key: `${encodeURIComponent(name)}/${options.scope}`,
        state: 'unread',
        pins: undefined,
        listed: undefined,
        blocked: NOTHING,
        readAtMs: Number.NEGATIVE_INFINITY,
        work: Promise.resolve(),
      });
    }
  }

  /** Reads the pins of every server; those that cannot be read block their tools. Never rejects. */
  async load(): Promise<void> {
    const load = async (server: Server): Promise<void> => {
      await this.#read(server);
      // A list may have come while the store was being asked.
      if (this.#judge(server, true)) await this.#record(server);
    };
    for (const server of this.#servers.values()) {
      server.readAtMs = this.#options.clock.monotonicMs();
      void this.#work(server, () => load(server));
    }
    await Promise.all([...this.#servers.values()].map(({ work }) => work));
  }

  /** Judges a list that has just come, by what is known now; what is new is recorded behind it. */
  judge(name: string, definitions: readonly PinnedDefinition[]): ReadonlyMap<string, BlockReason> {
    const server = this.#find(name);
    server.listed = listedOf(definitions, server.start);
    if (this.#judge(server, true)) void this.#work(server, () => this.#record(server));
    return server.blocked;
  }

  /** The tools of the last list that are blocked. */
  blocked(name: string): ReadonlyMap<string, BlockReason> {
    return this.#servers.get(name)?.blocked ?? NOTHING;
  }

  /** Servers with a blocked tool. */
  blockedServers(): string[] {
    return [...this.#servers.values()].filter(({ blocked }) => blocked.size > 0).map(({ name }) => name);
  }

  /** Tools that went back and forth since they were approved. */
  flipped(name: string): ReturnType<typeof flippedTools> {
    return flippedTools(this.#servers.get(name)?.pins);
  }

  /** Reads the pins of a server anew: a person may have approved, or the store be back. Seldom more often than asked. */
  async refresh(name: string): Promise<void> {
    const server = this.#find(name);
    if (this.#options.clock.monotonicMs() - server.readAtMs < REREAD_MS) return server.work;
    server.readAtMs = this.#options.clock.monotonicMs();
    await this.#work(server, async () => {
      await this.#read(server);
      if (this.#judge(server, false)) await this.#record(server);
    });
  }

  /** The approved definitions of a server by tool, as far as their texts were kept. Never rejects. */
  async approved(name: string): Promise<ReadonlyMap<string, PinnedDefinition>> {
    const server = this.#find(name);
    const found = new Map<string, PinnedDefinition>();
    try {
      const texts = readTexts((await this.#options.store.get(TEXTS, server.key))?.text);
      for (const [tool, { hash }] of server.pins?.tools ?? []) {
        const definition = texts.get(hash);
        if (definition !== undefined) found.set(tool, definition);
      }
    } catch (error) {
      this.#options.log.warn({ server: name, reason: String(error) }, 'approved definitions cannot be read');
    }
    return found;
  }

  /** What waits for a person, old and new. */
  async pending(name: string): Promise<PendingTool[]> {
    const { blocked, listed } = this.#find(name);
    if (blocked.size === 0 || listed === undefined) return [];
    const approved = await this.approved(name);
    return listed.definitions.flatMap((definition) => {
      const reason = blocked.get(definition.name);
      return reason === undefined
        ? []
        : [{ tool: definition.name, reason, old: approved.get(definition.name), new: definition }];
    });
  }

  /** Pins `definitions`, which a person has seen. Rejects with `state.unavailable` when it cannot be kept. */
  async approve(name: string, definitions: readonly PinnedDefinition[]): Promise<void> {
    const server = this.#find(name);
    const seen = listedOf(definitions, server.start);
    let failure: unknown;
    await this.#work(server, async () => {
      try {
        const { clock } = this.#options;
        const next = (known: ServerPins | undefined): ServerPins => approveListed(known, seen.listing, clock.nowMs());
        // Pins that cannot be read are replaced: that is what the person was asked.
        await this.#write(server, seen, next, readPins);
        server.state = 'read';
      } catch (error) {
        failure = error;
      }
      this.#judge(server, false);
    });
    if (failure !== undefined) throw failure;
  }

  /** Resolves when everything that was begun has been recorded, or could not be. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#servers.values()].map(({ work }) => work));
  }

  /** The verdict on the last list by the pins in memory. Tells a listener when it is another one; answers whether there is something to record. */
  #judge(server: Server, isFresh: boolean): boolean {
    const { listed, pins, blocked: before } = server;
    if (listed === undefined) return false;
    let isNews = false;
    if (server.state !== 'read') {
      server.blocked = new Map(listed.definitions.map(({ name }) => [name, 'unknown'] as const));
    } else if (pins?.listHash === listed.listing.listHash && pins.starts.includes(server.start)) {
      server.blocked = NOTHING;
    } else {
      const verdict = judgeListing(pins, listed.listing, { nowMs: this.#options.clock.nowMs(), isFresh });
      server.pins = verdict.pins;
      server.blocked = verdict.blocked;
      isNews = verdict.isNews;
    }
    if (!sameBlocks(before, server.blocked)) this.#tell(server);
    return isNews;
  }

  #tell(server: Server): void {
    const changed = [...server.blocked].filter(([, reason]) => reason !== 'unknown').map(([tool]) => tool);
    if (changed.length > 0) {
      this.#options.log.warn(
        { server: server.name, tools: changed.slice(0, 5), count: changed.length },
        'tool definitions have changed since they were approved; they are not callable until a person approves them',
      );
    }
    this.#options.onVerdict(server.name);
  }

  async #read(server: Server): Promise<void> {
    const { store } = this.#options;
    try {
      const entry = await store.get(PINS, server.key);
      server.pins = entry === undefined ? (server.pins ?? (await this.#siblingPins(server))) : soundPins(entry.text);
      server.state = 'read';
      this.#saidUnreadable = false;
    } catch (error) {
      // What is in memory was read or recorded before and stays good; without it nothing is known.
      if (server.state === 'unread' || !isUnavailable(error)) server.state = 'unreadable';
      if (this.#saidUnreadable) return;
      this.#saidUnreadable = true;
      this.#options.log.warn(
        { server: server.name, reason: String(error) },
        'approvals of tools cannot be read; where none are known, nothing is called until they can be',
      );
    }
  }

  /** The pins that another config has for the same server, started in the same way. */
  async #siblingPins(server: Server): Promise<ServerPins | undefined> {
    const { store } = this.#options;
    const prefix = server.key.slice(0, server.key.indexOf('/') + 1);
    for (const key of (await store.list(PINS, prefix)).slice(0, SIBLINGS_MAX)) {
      const entry = await store.get(PINS, key);
      const pins = entry === undefined ? undefined : readPins(entry.text);
      if (pins?.starts.includes(server.start)) {
        await this.#copyTexts(key, server.key);
        return pins;
      }
    }
    return undefined;
  }

  async #copyTexts(from: string, to: string): Promise<void> {
    const { store } = this.#options;
    const entry = await store.get(TEXTS, from);
    if (entry !== undefined) await store.put(TEXTS, to, entry.text, { ifVersion: 0 });
  }

  /** Brings what was judged into the store, merged with what other processes have brought there. */
  async #record(server: Server): Promise<void> {
    const { listed } = server;
    if (listed === undefined || server.state !== 'read') return;
    const nowMs = this.#options.clock.nowMs();
    try {
      await this.#write(
        server,
        listed,
        (known) => judgeListing(known, listed.listing, { nowMs, isFresh: true }).pins,
        soundPins,
      );
    } catch (error) {
      if (isUnavailable(error)) this.#recordLater(server);
      else server.state = 'unreadable';
      this.#options.log.warn({ server: server.name, reason: String(error) }, 'approvals of tools cannot be kept');
    }
    this.#judge(server, false);
  }

  /** What a store that was away did not take is offered again. Holds no process open. */
  #recordLater(server: Server): void {
    setTimeout(() => {
      if (!this.#closed) void this.#work(server, () => this.#record(server));
    }, RETRY_MS).unref();
  }

  async #write(
    server: Server,
    listed: Listed,
    next: (known: ServerPins | undefined) => ServerPins,
    read: (text: string) => ServerPins | undefined,
  ): Promise<void> {
    const { store } = this.#options;
    for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
      const entry = await store.get(PINS, server.key);
      const pins = next(entry === undefined ? server.pins : read(entry.text));
      const text = pinsText(pins);
      if (text !== entry?.text) {
        await this.#keepTexts(server, listed, pins);
        const { status } = await store.put(PINS, server.key, text, { ifVersion: entry?.version ?? 0 });
        if (status !== 'ok') continue;
      }
      server.pins = pins;
      return;
    }
    throw new Error('other processes were always faster');
  }

  /** Keeps the texts of the definitions that are pinned; before the pins, so that a pin has its text. */
  async #keepTexts(server: Server, listed: Listed, pins: ServerPins): Promise<void> {
    const { store, redact } = this.#options;
    for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
      const entry = await store.get(TEXTS, server.key);
      const texts = readTexts(entry?.text);
      const kept: Record<string, Json> = {};
      // A text whose tool has another pin now is of no use; one without a pin belongs to a process that is about to write it.
      for (const [hash, definition] of texts) {
        if ((pins.tools.get(definition.name)?.hash ?? hash) === hash) kept[hash] = definition as unknown as Json;
      }
      for (const definition of listed.definitions) {
        const hash = listed.listing.hashes.get(definition.name) as string;
        if (pins.tools.get(definition.name)?.hash === hash) {
          kept[hash] ??= redact(pinnedPart(definition) as unknown as Json);
        }
      }
      const text = JSON.stringify(kept);
      if (text === entry?.text || text.length > DEFINITIONS_CHARS_MAX) return;
      const { status } = await store.put(TEXTS, server.key, text, { ifVersion: entry?.version ?? 0 });
      if (status === 'ok') return;
    }
  }

  #work(server: Server, task: () => Promise<void>): Promise<void> {
    server.work = server.work.then(task);
    return server.work;
  }

  #find(name: string): Server {
    const server = this.#servers.get(name);
    if (server === undefined) throw new Error(`no server ${name} in the book of pins`);
    return server;
  }
}

/** The hashes of single tools are worked out only for a list that is not known as a whole. */
function listedOf(definitions: readonly PinnedDefinition[], start: string): Listed {
  let hashes: Map<string, string> | undefined;
  return {
    definitions,
    listing: {
      start,
      listHash: sha256Hex(JSON.stringify(definitions.map(pinnedPart))),
      get hashes() {
        hashes ??= new Map(definitions.map((definition) => [definition.name, pinHash(definition)]));
        return hashes;
      },
    },
  };
}

function readTexts(text: string | undefined): Map<string, PinnedDefinition> {
  if (text === undefined) return new Map();
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, PinnedDefinition>));
  } catch {
    return new Map();
  }
}

/** An entry that holds no pins must never be taken for "none yet": everything would be approved anew. */
function soundPins(text: string): ServerPins {
  const pins = readPins(text);
  if (pins === undefined) throw new Error('what is kept as approvals is damaged, or of a newer version');
  return pins;
}

function sameBlocks(a: ReadonlyMap<string, BlockReason>, b: ReadonlyMap<string, BlockReason>): boolean {
  return a.size === b.size && [...a].every(([tool, reason]) => b.get(tool) === reason);
}

function isUnavailable(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'state.unavailable';
}
