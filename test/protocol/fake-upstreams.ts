/** Servers as a hand-written port: what they list and answer is data, and what they were asked is kept. */
import type { JsonObject } from '../../src/core/json.ts';
import type { DirectCall, DirectContext } from '../../src/engine/direct-calls.ts';
import { PassThrough } from '../../src/protocol/pass-through.ts';
import type { ListedTool, UpstreamPort } from '../../src/protocol/upstream-port.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import type { Offer } from '../../src/upstream/offers.ts';

export interface FakeServer {
  readonly tools?: readonly string[];
  readonly offers?: readonly Offer[];
  /** Answers a request; what it throws is the server's failure. */
  answer?(method: string, params: JsonObject, context: DirectContext): Promise<JsonObject> | JsonObject;
  call?(call: DirectCall, context: DirectContext): Promise<JsonObject> | JsonObject;
}

export class FakeUpstreams implements UpstreamPort {
  readonly asked: Array<{ server: string; method: string; params: JsonObject }> = [];
  readonly calls: DirectCall[] = [];
  readonly #servers: Readonly<Record<string, FakeServer>>;
  readonly #notified = new Set<(server: string, method: string, params: JsonObject) => void>();
  readonly #connected = new Set<(server: string) => void>();
  readonly #changed = new Set<() => void>();

  constructor(servers: Readonly<Record<string, FakeServer>> = {}) {
    this.#servers = servers;
  }

  passThrough(prefix = '', log = silentLog): PassThrough {
    return new PassThrough(this, prefix, log);
  }

  notify(server: string, method: string, params: JsonObject): void {
    for (const listener of this.#notified) listener(server, method, params);
  }

  reconnect(server: string): void {
    for (const listener of this.#connected) listener(server);
  }

  changeTools(): void {
    for (const listener of this.#changed) listener();
  }

  serverNames(): readonly string[] {
    return Object.keys(this.#servers);
  }

  async tools(): Promise<readonly ListedTool[]> {
    return (await Promise.all(this.serverNames().map((name) => this.toolsOf(name)))).flat();
  }

  async toolsOf(server: string): Promise<readonly ListedTool[]> {
    return (this.#servers[server]?.tools ?? []).map((tool) => ({
      server,
      tool,
      effect: tool.startsWith('get') ? ('read' as const) : ('write' as const),
      definition: { description: `${tool} of ${server}`, inputSchema: { type: 'object' } },
    }));
  }

  async call(call: DirectCall, context: DirectContext): Promise<JsonObject> {
    this.calls.push(call);
    return (await this.#servers[call.server]?.call?.(call, context)) ?? { content: [{ type: 'text', text: 'done' }] };
  }

  async request(server: string, method: string, params: JsonObject, context: DirectContext): Promise<JsonObject> {
    this.asked.push({ server, method, params });
    return (await this.#servers[server]?.answer?.(method, params, context)) ?? {};
  }

  async offering(offer: Offer): Promise<readonly string[]> {
    return this.serverNames().filter((name) => this.#servers[name]?.offers?.includes(offer));
  }

  async instructions(): Promise<ReadonlyArray<{ server: string; text: string }>> {
    return this.serverNames().map((server) => ({ server, text: `Be kind to ${server}.` }));
  }

  isReady(): boolean {
    return true;
  }

  onToolsChanged(listener: () => void): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  onNotification(listener: (server: string, method: string, params: JsonObject) => void): () => void {
    this.#notified.add(listener);
    return () => this.#notified.delete(listener);
  }

  onConnected(listener: (server: string) => void): () => void {
    this.#connected.add(listener);
    return () => this.#connected.delete(listener);
  }
}

export const CODE_FACE = { mode: 'code', hotSet: [], readOnly: false } as const;
