/**
 * MCP over HTTP: `POST`, `GET` and `DELETE /mcp` for clients of both eras, `GET /health` for whoever watches the process.
 *
 *   request ─▶ guard (host, origin, token) ─▶ face (`?mode=`, `?profile=`, the client's name) ─┬─ initialize ─▶ a session
 *                                                                                              └─ 2026-07-28 ─▶ one server
 *
 * Decisions to know: the SDK and its adapter are loaded by the first thing that this file does, and by nothing else; a body
 * is read once, here, because who the client is stands in it; at the end, requests are answered within the grace, and
 * streams, which nobody waits for, are cut.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { McpRequestContext, Server } from '@modelcontextprotocol/server';
import { OptimizerError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { MODE_WORDS, modeOf } from '../core/mode.ts';
import type { FaceDependencies, Sdk } from './connection.ts';
import { KeptConversations } from './conversations.ts';
import { chooseFace, type Face, type Faces, type FaceWish } from './face.ts';
import { createGuard, type Guard, refuse } from './http-guard.ts';
import { HTTP_SESSIONS_MAX, HttpSessions } from './http-sessions.ts';
import { createMcpServer, directInstructions } from './mcp-face.ts';

export interface HttpDependencies extends FaceDependencies {
  readonly faces: Faces;
}

export interface HttpOptions {
  readonly address: { readonly host: string; readonly port: number };
  readonly token: string | undefined;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  /** What the command line asks for; an address that asks for something itself wins over it. */
  readonly wish: FaceWish;
  /** Longest body; a longer one is answered 413. */
  readonly bodyBytes: number;
  readonly requestsInFlight: number;
  readonly shutdownGraceMs: number;
  readonly stop: AbortSignal;
  /** Told where we listen, once. */
  onListening?(url: string): void;
}

/** How long aborted requests may take to say what they did. */
const ABORT_GRACE_MS = 1_500;
/** Headers must be there by then. */
const HEADERS_MS = 10_000;
/** A body may take as long as it makes progress; one that stands still for so long is given up with its connection. */
const BODY_IDLE_MS = 10_000;
const METHODS = ['GET', 'POST', 'DELETE'];
const CLIENT_INFO_KEY = 'io.modelcontextprotocol/clientInfo';

/** Serves until `stop` is aborted; resolves when everything has been answered and closed. Rejects when it cannot listen. */
export async function serveHttp(dependencies: HttpDependencies, options: HttpOptions): Promise<void> {
  const [http, node, server, stdio] = await Promise.all([
    import('node:http'),
    import('@modelcontextprotocol/node'),
    import('@modelcontextprotocol/server'),
    import('@modelcontextprotocol/server/stdio'),
  ]);
  const { host } = options.address;
  const own = host.includes(':') ? `[${host}]` : host;
  const guard = createGuard(node, { ...options, hosts: [...options.hosts, own] });
  const door = new HttpDoor({ ...server, ...stdio }, dependencies, options, guard);
  const handle = node.toNodeHandler(door, { maxRequestBodySize: options.bodyBytes, onerror: door.onError });
  const listener = http.createServer({ headersTimeout: HEADERS_MS, requestTimeout: 0 }, (request, response) =>
    door.receive(request, response, handle),
  );
  await listen(listener, options);
  const { port } = listener.address() as AddressInfo;
  const url = `http://${own}:${port}/mcp`;
  dependencies.log.info({ url }, 'listening');
  options.onListening?.(url);
  await new Promise<void>((resolve) => {
    if (options.stop.aborted) resolve();
    options.stop.addEventListener('abort', () => resolve(), { once: true });
  });
  const closed = new Promise<void>((resolve) => {
    listener.close(() => resolve());
  });
  await door.close();
  listener.closeAllConnections();
  await closed;
}

function listen(listener: import('node:http').Server, { address }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', (error: NodeJS.ErrnoException) => {
      const where = `${address.host}:${address.port}`;
      const message = `--http: ${where} cannot be listened on (${error.code ?? error.message})`;
      reject(new OptimizerError('config.value', message, { hint: 'Choose another port or address.', cause: error }));
    });
    listener.listen(address.port, address.host, resolve);
  });
}

type NodeHandler = ReturnType<typeof import('@modelcontextprotocol/node').toNodeHandler>;

class HttpDoor {
  readonly #sdk: Sdk;
  readonly #dependencies: HttpDependencies;
  readonly #options: HttpOptions;
  readonly #guard: Guard;
  readonly #sessions: HttpSessions;
  readonly #modern: ReturnType<Sdk['createMcpHandler']>;
  readonly #kept = new KeptConversations();
  readonly #stopping = new AbortController();
  /** The face of a request of 2026-07-28, which makes a server of its own. */
  readonly #faces = new WeakMap<Request, Face>();
  readonly #ends: Array<() => void> = [];
  /** Requests that are not over; of them, streams that are over only when their client leaves. */
  #waited = 0;
  #streams = 0;
  #answered: (() => void) | undefined;
  #draining = false;

  constructor(sdk: Sdk, dependencies: HttpDependencies, options: HttpOptions, guard: Guard) {
    this.#sdk = sdk;
    this.#dependencies = dependencies;
    this.#options = options;
    this.#guard = guard;
    this.#sessions = new HttpSessions(sdk, options.bodyBytes);
    this.#modern = sdk.createMcpHandler((context) => this.#createModern(context), {
      legacy: 'reject',
      maxRequestBodySize: options.bodyBytes,
      onerror: this.onError,
    });
    dependencies.passThrough().then(
      ({ port }) => {
        if (this.#draining) return;
        this.#ends.push(port.onToolsChanged(() => this.#modern.notify.toolsChanged()));
        this.#ends.push(port.onNotification((_server, method) => this.#tellNews(method)));
      },
      () => {},
    );
  }

  readonly onError = (error: Error): void => {
    this.#dependencies.log.debug({ reason: error.message.slice(0, 200) }, 'MCP over HTTP');
  };

  receive(request: IncomingMessage, response: ServerResponse, handle: NodeHandler): void {
    if (!this.#guard(request, response)) return;
    // `//` and the like are no addresses, but Node hands them on.
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    if (url === null) {
      refuse(response, 400, 'The address cannot be read.');
      return;
    }
    if (url.pathname === '/health' && request.method === 'GET') {
      void this.#health(response);
      return;
    }
    if (url.pathname !== '/mcp') {
      refuse(response, 404, 'There is nothing here; MCP is at /mcp.');
      return;
    }
    if (!METHODS.includes(request.method ?? '')) {
      response.setHeader('Allow', METHODS.join(', '));
      refuse(response, 405, `Methods: ${METHODS.join(', ')}.`);
      return;
    }
    if (this.#draining || this.#waited >= this.#options.requestsInFlight) {
      response.setHeader('Retry-After', '1');
      refuse(response, 503, this.#draining ? 'The process is shutting down.' : 'Too many requests are in flight.');
      return;
    }
    const problem = problemOf(url, this.#dependencies.faces);
    if (problem !== undefined) {
      refuse(response, 400, problem);
      return;
    }
    if (request.method === 'POST') this.#await(request, response);
    giveUpWhenStuck(request);
    const id = request.headers['mcp-session-id'];
    if (typeof id === 'string') response.once('close', this.#sessions.hold(id));
    // Node types what is not there as undefined, the adapter as missing.
    void handle(request as Parameters<NodeHandler>[0], response);
  }

  /** The face of the SDK's adapter: one request, read. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const body = request.method === 'POST' ? await bodyOf(request.clone()) : undefined;
    if (request.method === 'POST' && body === undefined) return refusal(400, -32_700, 'Parse error: Invalid JSON');
    const parsed = body === undefined ? {} : { parsedBody: body };
    const isOlder = await this.#sdk.isLegacyRequest(request.clone(), body === undefined ? undefined : body);
    if (!isOlder) {
      this.#faces.set(request, this.#faceOf(request, clientOf(body)));
      if (isJsonObject(body) && body.method === 'subscriptions/listen') await this.#subscribe(body, request.signal);
      return await this.#modern.fetch(request, parsed);
    }
    const id = request.headers.get('mcp-session-id');
    if (id !== null) {
      if (this.#sessions.has(id)) return opened(request, await this.#sessions.answer(id, request, body));
      return refusal(404, -32_001, 'Session not found');
    }
    if (!isInitialize(body)) return refusal(400, -32_000, 'Bad Request: Mcp-Session-Id header is required');
    if (this.#sessions.size >= HTTP_SESSIONS_MAX) {
      return refusal(503, -32_000, `There are ${HTTP_SESSIONS_MAX} sessions; end one, or come back later.`);
    }
    const face = this.#faceOf(request, clientOf(body));
    return await this.#sessions.begin(request, body, () => this.#createServer(face, 'afterHello'));
  };

  /** Answers what is under way, within the grace, then cuts what is left. */
  async close(): Promise<void> {
    this.#draining = true;
    for (const end of this.#ends.splice(0)) end();
    await this.#untilAnswered(this.#options.shutdownGraceMs);
    this.#stopping.abort();
    this.#kept.giveUpAll();
    await this.#untilAnswered(ABORT_GRACE_MS);
    await Promise.all([this.#modern.close(), this.#sessions.close()]);
  }

  async #health(response: ServerResponse): Promise<void> {
    const health = this.#draining ? { status: 'stopping' } : await this.#dependencies.engine.health();
    response.writeHead(this.#draining ? 503 : 200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(health));
  }

  async #createModern({ requestInfo }: McpRequestContext): Promise<Server> {
    const face = requestInfo === undefined ? undefined : this.#faces.get(requestInfo);
    return await this.#createServer(face ?? this.#dependencies.faces.usual, 'never');
  }

  async #createServer(face: Face, news: 'afterHello' | 'never'): Promise<Server> {
    const { surface, engine, passThrough } = this.#dependencies;
    const instructions =
      face.mode === 'direct' ? await directInstructions(await passThrough()) : surface.instructions(engine.inventory());
    const stop = this.#stopping.signal;
    return createMcpServer(this.#sdk, this.#dependencies, { face, news, instructions, kept: this.#kept, stop });
  }

  #faceOf(request: Request, clientName: string | undefined): Face {
    const { searchParams } = new URL(request.url);
    const mode = modeOf(searchParams.get('mode') ?? '');
    const profile = searchParams.get('profile') ?? undefined;
    const asked = mode === undefined && profile === undefined ? this.#options.wish : { mode, profile };
    return chooseFace(this.#dependencies.faces, asked, clientName);
  }

  #tellNews(method: string): void {
    if (method === 'notifications/prompts/list_changed') this.#modern.notify.promptsChanged();
    if (method === 'notifications/resources/list_changed') this.#modern.notify.resourcesChanged();
  }

  /** What a stream of 2026-07-28 wants to hear of; a resource that nobody has is left out, as the SDK leaves out others. */
  async #subscribe(body: JsonObject, signal: AbortSignal): Promise<void> {
    const wanted = isJsonObject(body.params) ? body.params.notifications : undefined;
    const uris = isJsonObject(wanted) ? wanted.resourceSubscriptions : undefined;
    if (!Array.isArray(uris)) return;
    const { subscriptions } = await this.#dependencies.passThrough();
    const client = {};
    const tell = (uri: string): void => this.#modern.notify.resourceUpdated(uri);
    const adding = uris.map((uri) => subscriptions.add(client, String(uri), tell, { signal }).catch(() => {}));
    signal.addEventListener('abort', () => void subscriptions.removeAll(client), { once: true });
    await Promise.all(adding);
  }

  #await({ headers }: IncomingMessage, response: ServerResponse): void {
    // The SDK refuses a request whose header does not say what its body does.
    const isStream = headers['mcp-method'] === 'subscriptions/listen';
    this.#waited += 1;
    if (isStream) this.#streams += 1;
    response.once('close', () => {
      this.#waited -= 1;
      if (isStream) this.#streams -= 1;
      if (this.#waited === this.#streams) this.#answered?.();
    });
  }

  async #untilAnswered(timeoutMs: number): Promise<void> {
    if (this.#waited === this.#streams) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#answered = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function giveUpWhenStuck(request: IncomingMessage): void {
  request.setTimeout(BODY_IDLE_MS, () => request.destroy());
  request.once('end', () => request.setTimeout(0));
}

/** What is wrong with the wishes of an address; undefined when nothing is. */
function problemOf({ searchParams }: URL, faces: Faces): string | undefined {
  const mode = searchParams.get('mode');
  if (mode !== null && modeOf(mode) === undefined) return `There is no such mode; modes: ${MODE_WORDS.join(', ')}.`;
  const profile = searchParams.get('profile');
  if (profile !== null && !Object.hasOwn(faces.profiles, profile)) {
    const names = Object.keys(faces.profiles).join(', ');
    return `There is no such profile; profiles: ${names || 'none'}.`;
  }
  return undefined;
}

/** Undefined for what is not JSON: whoever answers says so. */
async function bodyOf(request: Request): Promise<Json | undefined> {
  try {
    return (await request.json()) as Json;
  } catch {
    return undefined;
  }
}

/** A stream that has nothing to say yet begins with a comment, or its headers would wait for the first news. */
function opened(request: Request, response: Response): Response {
  if (request.method !== 'GET' || !response.ok || response.body === null) return response;
  const comment = new TextEncoder().encode(': open\n\n');
  const opening = new TransformStream<Uint8Array, Uint8Array>({ start: (stream) => stream.enqueue(comment) });
  return new Response(response.body.pipeThrough(opening), response);
}

function isInitialize(body: Json | undefined): boolean {
  return isJsonObject(body) && body.method === 'initialize';
}

function clientOf(body: Json | undefined): string | undefined {
  const params = isJsonObject(body) && isJsonObject(body.params) ? body.params : {};
  const meta = isJsonObject(params._meta) ? params._meta : {};
  const info = meta[CLIENT_INFO_KEY] ?? params.clientInfo;
  return isJsonObject(info) && typeof info.name === 'string' ? info.name : undefined;
}

function refusal(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', id: null, error: { code, message } }, { status });
}
