/**
 * Sessions of clients that begin with `initialize` over HTTP: one SDK server and one transport each, found by the header
 * `Mcp-Session-Id`. Newer clients have none. A session ends when its client says so, or after an hour without a request.
 */
import type { Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { randomHex } from '../core/crypto.ts';
import type { Sdk } from './connection.ts';

type Transport = WebStandardStreamableHTTPServerTransport;

interface Session {
  readonly server: Server;
  readonly transport: Transport;
  idle: NodeJS.Timeout | undefined;
  /** Requests that are not over, streams among them. */
  open: number;
}

/** Each holds some tens of kilobytes; a client that never ends its sessions must not fill the memory. */
export const HTTP_SESSIONS_MAX = 1_000;
/** Clients that go away mostly do not say so. */
const IDLE_MS = 60 * 60_000;

export class HttpSessions {
  readonly #sdk: Sdk;
  readonly #bodyBytes: number;
  readonly #sessions = new Map<string, Session>();

  constructor(sdk: Sdk, bodyBytes: number) {
    this.#sdk = sdk;
    this.#bodyBytes = bodyBytes;
  }

  /** Notes that a request of session `id` begins; the returned function says that it is over, streams included. */
  hold(id: string): () => void {
    const session = this.#sessions.get(id);
    if (session === undefined) return () => {};
    clearTimeout(session.idle);
    session.open += 1;
    return () => {
      session.open -= 1;
      if (session.open === 0 && this.#sessions.get(id) === session) this.#rest(id, session);
    };
  }

  get size(): number {
    return this.#sessions.size;
  }

  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  /** The answer of session `id`, which must exist. Whoever asks holds it meanwhile. */
  async answer(id: string, request: Request, parsedBody: unknown): Promise<Response> {
    const { transport } = this.#sessions.get(id) as Session;
    return await transport.handleRequest(request, { parsedBody });
  }

  /** Begins a session with its first request. `createServer` is called once. */
  async begin(request: Request, parsedBody: unknown, createServer: () => Promise<Server>): Promise<Response> {
    const server = await createServer();
    const transport = new this.#sdk.WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomHex,
      maxRequestBodySize: this.#bodyBytes,
      onsessioninitialized: (id) => void this.#sessions.set(id, session),
      onsessionclosed: (id) => this.#end(id),
    });
    const session: Session = { server, transport, idle: undefined, open: 0 };
    await server.connect(transport);
    const response = await transport.handleRequest(request, { parsedBody });
    const id = transport.sessionId;
    if (id === undefined || !this.#sessions.has(id)) await server.close();
    else this.#rest(id, session);
    return response;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.keys()].map((id) => this.#end(id)));
  }

  #rest(id: string, session: Session): void {
    clearTimeout(session.idle);
    session.idle = setTimeout(() => void this.#end(id), IDLE_MS);
    session.idle.unref();
  }

  async #end(id: string): Promise<void> {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    clearTimeout(session?.idle);
    await session?.server.close().catch(() => {});
  }
}
