/**
 * All servers of the config as one thing: who they are, what they list, and one `call` that reaches any of them.
 * Lists are taken from the cache first; only a server without a kept list is connected at the start, a few at a time.
 *
 * Decision to know: `call` returns the untouched result of the server. `results.ts` turns it into data for a program, and
 * pass-through hands it on as it is.
 */
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Asker, ClientCapabilities } from './asker.ts';
import type { ConnectDeps } from './connect.ts';
import { jsonExcess } from './json-size.ts';
import { ListCache } from './list-cache.ts';
import type { Offer } from './offers.ts';
import type { UpstreamProgress } from './open-calls.ts';
import type { ServerSpec } from './server-spec.ts';
import { type RequestOptions, type ServerStateName, SupervisedServer } from './supervise.ts';
import type { ToolDefinition } from './tool-definition.ts';

/**
 * A server has nothing to do any more when it is ended. A client gives us about four seconds between the end of input
 * and SIGKILL, and a server that ignores SIGTERM must be gone by then, or it would outlive us.
 */
const SERVER_GRACE_MS_MAX = 1_000;

export interface FleetDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps the last good lists. The caller closes it, after the fleet. */
  readonly store: Store;
  /** Our own environment; a server sees only the few variables that `spawn-command` names, and its own `env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly limits: { readonly lineBytes: number; readonly toolResultBytes: number };
  random(): number;
  /** How we introduce ourselves to servers. */
  readonly clientInfo: { readonly name: string; readonly version: string };
  readonly fetch?: typeof globalThis.fetch;
  /** The face of a plugin as a transport; needed when there are plugins among the servers. */
  readonly openPlugin?: NonNullable<ConnectDeps['openPlugin']>;
  /** What servers are told that can be asked of us; waited for before a server is started. Nothing by default. */
  askable?(): Promise<ClientCapabilities>;
}

export interface ServerStatus {
  readonly name: string;
  /** How many tools are offered, after `include` and `exclude`. */
  readonly tools: number;
  readonly state: ServerStateName;
  /** Why it is in `backoff` or `failed`. */
  readonly error?: string;
  /** What was wrong with its last list. */
  readonly problems: readonly string[];
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Default: the tool's own timeout, else the server's. Progress resets it. */
  readonly timeoutMs?: number;
  onProgress?(progress: UpstreamProgress): void;
  /** Who answers when the server asks something meanwhile. */
  readonly asker?: Asker;
}

/** What a server says beside answers, progress and changes of its tools; `params` as they came. */
export type NotificationListener = (server: string, method: string, params: JsonObject) => void;

export type ToolsListener = (server: string, tools: readonly ToolDefinition[]) => void;

/** Starts at once; forty Node processes starting together would all be slow. */
const STARTS_AT_ONCE = 8;

export class UpstreamFleet {
  readonly #deps: FleetDeps;
  readonly #servers = new Map<string, SupervisedServer>();
  readonly #listeners = new Set<ToolsListener>();
  readonly #notified = new Set<NotificationListener>();
  readonly #connected = new Set<(server: string) => void>();
  /** The first start of each server that had no kept list; settles without failing. */
  readonly #firstStarts = new Map<string, Promise<void>>();
  readonly #onExit = () => {
    for (const server of this.#servers.values()) server.killNow();
  };

  constructor(specs: readonly ServerSpec[], deps: FleetDeps) {
    this.#deps = deps;
    const cache = new ListCache(deps.store, deps.clock);
    const connect = {
      clientInfo: deps.clientInfo,
      log: deps.log,
      environment: deps.environment,
      lineBytes: deps.limits.lineBytes,
      ...(deps.fetch === undefined ? {} : { fetch: deps.fetch }),
      ...(deps.openPlugin === undefined ? {} : { openPlugin: deps.openPlugin }),
    };
    for (const spec of specs) {
      const onTools = (tools: readonly ToolDefinition[]) => this.#emit(spec, tools);
      const random = () => deps.random();
      const onNotification = (method: string, params: JsonObject) => {
        for (const listener of this.#notified) this.#guarded(spec, () => listener(spec.name, method, params));
      };
      const onConnected = () => {
        for (const listener of this.#connected) this.#guarded(spec, () => listener(spec.name));
      };
      const told = { onTools, onNotification, onConnected };
      const askable = deps.askable === undefined ? {} : { askable: deps.askable };
      const server = new SupervisedServer(spec, { connect, clock: deps.clock, cache, random, ...told, ...askable });
      this.#servers.set(spec.name, server);
    }
  }

  /** Loads the kept lists, then begins to connect the servers without one. Resolves before those have answered. */
  async start(): Promise<void> {
    // When our process exits without `close`, its servers must not stay behind.
    process.on('exit', this.#onExit);
    const all = [...this.#servers.values()];
    await Promise.all(all.map((server) => server.known.restore()));
    const enter = gate(STARTS_AT_ONCE);
    for (const server of all) {
      if (server.known.listed) continue;
      const first = enter(() => server.ensureListed()).catch(() => {});
      this.#firstStarts.set(server.spec.name, first);
    }
  }

  servers(): ServerStatus[] {
    return [...this.#servers.values()].map((server) => ({
      name: server.spec.name,
      tools: this.tools(server.spec.name).length,
      state: server.state,
      ...(server.error === undefined ? {} : { error: server.error.message }),
      problems: server.known.problems,
    }));
  }

  /** What a server offers now, after `include` and `exclude`; empty while its list is not known. */
  tools(server: string): readonly ToolDefinition[] {
    const { spec, known } = this.#find(server);
    return known.tools.filter((tool) => isOffered(tool.name, spec));
  }

  /**
   * Tells `listener` each list that is known now and each that changes later. Returns the function that ends it. A call
   * waits for nothing that a listener does; a listener that throws is logged.
   */
  onTools(listener: ToolsListener): () => void {
    this.#listeners.add(listener);
    for (const server of this.#servers.values()) {
      if (server.known.listed) this.#tell(listener, server.spec, server.known.tools);
    }
    return () => this.#listeners.delete(listener);
  }

  /** Tells `listener` what servers say by themselves. Returns the function that ends it. */
  onNotification(listener: NotificationListener): () => void {
    this.#notified.add(listener);
    return () => this.#notified.delete(listener);
  }

  /** Tells `listener` each server that has been connected, anew after a crash. Returns the function that ends it. */
  onConnected(listener: (server: string) => void): () => void {
    this.#connected.add(listener);
    return () => this.#connected.delete(listener);
  }

  /** What a server offers beside tools; undefined while nobody has asked it. */
  offers(server: string): readonly Offer[] | undefined {
    return this.#find(server).known.offers;
  }

  /** True while the server is connected: asking it starts nothing. */
  isReady(server: string): boolean {
    return this.#find(server).state === 'ready';
  }

  /** Resolves when every server has been listed or has failed to start, or after `timeoutMs`; with the names that have no list. */
  async whenListed(timeoutMs: number): Promise<string[]> {
    const names = [...this.#servers.values()]
      .filter((server) => !server.known.listed)
      .map((server) => server.spec.name);
    const settled = names.map((name) => this.#firstStarts.get(name));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.all(settled), late]);
    clearTimeout(timer);
    return [...this.#servers.values()].filter((server) => !server.known.listed).map((server) => server.spec.name);
  }

  /**
   * Calls a tool and returns the raw `CallToolResult`. Throws `request.server` (unknown server, with the nearest names),
   * `request.tool` (left out by `include` or `exclude`), `limit.toolResult`, and what `SupervisedServer.request` throws.
   */
  async call(
    server: string,
    tool: string,
    args: Record<string, unknown>,
    options: CallOptions & { readonly meta?: JsonObject } = {},
  ): Promise<unknown> {
    const supervised = this.#find(server);
    const { spec } = supervised;
    if (!isOffered(tool, spec)) {
      throw new OptimizerError('request.tool', `Tool "${tool}" of server "${server}" is left out by the config.`, {
        hint: 'See `tools.include` and `tools.exclude` of the server.',
        data: { server, tool },
      });
    }
    const own = Object.hasOwn(spec.toolTimeoutsMs, tool) ? spec.toolTimeoutsMs[tool] : undefined;
    const { meta, ...rest } = options;
    const request = { ...rest, timeoutMs: options.timeoutMs ?? own ?? spec.timeoutMs, asked: `tool "${tool}"` };
    const params = { name: tool, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) };
    const result = await supervised.request('tools/call', params, request);
    this.#refuseLarge(result, server, tool);
    return result;
  }

  /** Any other request of MCP (`resources/read`, `prompts/get`, …), untouched in both directions. */
  async request(
    server: string,
    method: string,
    params: Record<string, unknown>,
    options: CallOptions = {},
  ): Promise<unknown> {
    const supervised = this.#find(server);
    const request: RequestOptions = {
      ...options,
      timeoutMs: options.timeoutMs ?? supervised.spec.timeoutMs,
      asked: `\`${method}\``,
    };
    const result = await supervised.request(method, params, request);
    this.#refuseLarge(result, server, method);
    return result;
  }

  /** Starts a server whose list is not known yet and waits for it. Rejects with the reason when it cannot be listed. */
  ensureListed(name: string): Promise<void> {
    return this.#find(name).ensureListed();
  }

  /** The same for a server of which it is not known what it offers beside tools. */
  ensureOffers(name: string): Promise<void> {
    return this.#find(name).ensureOffers();
  }

  /** Connects and lists one server, or all. Rejects with the first failure after all have been tried. */
  async refresh(name?: string): Promise<void> {
    const chosen = name === undefined ? [...this.#servers.values()] : [this.#find(name)];
    const results = await Promise.allSettled(chosen.map((server) => server.refresh()));
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  /** What the server says of itself at `initialize`: text of a stranger, cleaned and cut. */
  instructions(server: string): string | undefined {
    return this.#find(server).known.instructions;
  }

  /** Ends every server. Resolves when their processes are gone, within two seconds, sooner when `graceMs` is shorter. */
  async close(graceMs: number): Promise<void> {
    const serverGraceMs = Math.min(graceMs, SERVER_GRACE_MS_MAX);
    await Promise.all([...this.#servers.values()].map((server) => server.close(serverGraceMs)));
    process.off('exit', this.#onExit);
    for (const listeners of [this.#listeners, this.#notified, this.#connected]) listeners.clear();
  }

  #find(name: string): SupervisedServer {
    const server = this.#servers.get(name);
    if (server !== undefined) return server;
    const names = nearest(name, this.#servers.keys());
    const known = names.length > 0 ? names : [...this.#servers.keys()].slice(0, 10);
    const list = known.map((other) => `"${other}"`).join(', ');
    throw new OptimizerError('request.server', `No server "${name}" is configured; nearest: ${list || 'none'}.`, {
      data: { nearest: known },
    });
  }

  #emit(spec: ServerSpec, tools: readonly ToolDefinition[]): void {
    for (const listener of this.#listeners) this.#tell(listener, spec, tools);
  }

  #tell(listener: ToolsListener, spec: ServerSpec, tools: readonly ToolDefinition[]): void {
    const offered = tools.filter((tool) => isOffered(tool.name, spec));
    this.#guarded(spec, () => listener(spec.name, offered));
  }

  #guarded(spec: ServerSpec, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#deps.log.error({ server: spec.name, reason: String(error) }, 'a listener of servers failed');
    }
  }

  #refuseLarge(result: unknown, server: string, asked: string): void {
    const bytesMax = this.#deps.limits.toolResultBytes;
    if (jsonExcess(result, { bytesMax }) === undefined) return;
    throw new OptimizerError(
      'limit.toolResult',
      `Server "${server}" answered "${asked}" with more than ${bytesMax} bytes (toolResultBytes).`,
      { hint: 'Ask the tool for less, page by page.', data: { server, sent: true, limitBytes: bytesMax } },
    );
  }
}

/** Lets `width` tasks run at a time; the others wait in order. */
function gate(width: number): <Value>(task: () => Promise<Value>) => Promise<Value> {
  let running = 0;
  const waiting: Array<() => void> = [];
  return async (task) => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      return await task();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}

/** Whether the config offers this tool: named by `include` if there is one, and not by `exclude`. */
export function isOffered(tool: string, spec: Pick<ServerSpec, 'include' | 'exclude'>): boolean {
  const included = spec.include === undefined || spec.include.some((pattern) => matches(tool, pattern));
  return included && !spec.exclude.some((pattern) => matches(tool, pattern));
}

/** Exact names, or `*` for any run of characters. Linear in the pattern's parts, so that no pattern can be slow. */
function matches(name: string, pattern: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return name === pattern;
  const first = parts[0] as string;
  const last = parts.at(-1) as string;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return from <= name.length - last.length;
}
