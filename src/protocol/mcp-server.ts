/**
 * MCP for the pipe: the SDK's dual-era server behind a transport of our own. The pipe hands in every message that is not
 * ours; what the server says goes out through the pipe. Both eras come from the SDK: `initialize` (2024-11-05 to
 * 2025-11-25) and `server/discover` (2026-07-28).
 * Decision: the SDK is loaded on the first MCP message, so that a process which only speaks `optimizer/*` never pays for
 * it; until it is there, messages wait in order and `opening.ts` answers the handshake.
 */
import type { JSONRPCMessage, Server, ServerContext, Transport } from '@modelcontextprotocol/server';
import type { StdioServerHandle } from '@modelcontextprotocol/server/stdio';
import { RPC } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { CheckMode, RunEvent } from '../engine/request.ts';
import type { Log } from '../telemetry/log.ts';
import type { EnginePort } from './engine-port.ts';
import type { RpcNotification, RpcRequest } from './json-rpc.ts';
import { CAPABILITIES, greeting, type ServerIdentity } from './opening.ts';
import { progressOf } from './progress.ts';
import type { ToolAnswer } from './render.ts';
import type { Surface } from './surface.ts';
import { callTool, type ToolCallDependencies } from './tool-call.ts';

type Sdk = typeof import('@modelcontextprotocol/server') & typeof import('@modelcontextprotocol/server/stdio');
type McpMessage = RpcRequest | RpcNotification | JsonObject;

export interface McpDependencies {
  readonly engine: EnginePort;
  readonly surface: Surface;
  readonly server: ServerIdentity;
  readonly log: Log;
  /** How programs of a model are checked before they run. */
  readonly check: CheckMode;
}

/** The list never changes while the process lives; a client may keep it for a day. */
const LIST_TTL_MS = 86_400_000;

export class McpServerDoor {
  readonly #dependencies: McpDependencies;
  readonly #send: (message: object) => void;
  readonly #stopping = new AbortController();
  /** Messages that came before the SDK; undefined once it serves. */
  #waiting: McpMessage[] | undefined = [];
  #loading: Promise<void> | undefined;
  #transport: Transport | undefined;
  #handle: StdioServerHandle | undefined;
  #sdk: Sdk | undefined;
  #greeted: RpcRequest['id'] | undefined;

  /** `send` writes one message to the client; it must not throw. */
  constructor(dependencies: McpDependencies, send: (message: object) => void) {
    this.#dependencies = dependencies;
    this.#send = send;
  }

  /** Takes one checked message; requests are answered through `send` unless they are cancelled. */
  receive(message: McpMessage): void {
    if (this.#waiting === undefined) {
      this.#deliver(message);
      return;
    }
    if (this.#loading === undefined) {
      // A stray notification is not a reason to load anything; it also must not choose the era of the connection.
      if (!('id' in message) || !('method' in message)) return;
      this.#greet(message as unknown as RpcRequest);
    }
    this.#waiting.push(message);
    this.#loading ??= this.#load();
  }

  /** Ends the runs that are in flight; unlike cancelled ones they are answered. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Answers open subscriptions and lets go of the SDK's server. */
  async close(): Promise<void> {
    this.stop();
    await this.#loading;
    await this.#handle?.close();
  }

  #greet(request: RpcRequest): void {
    const { server, surface, engine } = this.#dependencies;
    const result = greeting(request, server, surface.instructions(engine.inventory()));
    if (result === undefined) return;
    this.#greeted = request.id;
    this.#send({ jsonrpc: '2.0', id: request.id, result });
  }

  async #load(): Promise<void> {
    const { log } = this.#dependencies;
    try {
      // Lets the greeting leave before the event loop is busy with loading.
      await new Promise((resolve) => setImmediate(resolve));
      const [server, stdio] = await Promise.all([
        import('@modelcontextprotocol/server'),
        import('@modelcontextprotocol/server/stdio'),
      ]);
      this.#serve({ ...server, ...stdio });
    } catch (error) {
      log.error({ err: error }, 'the MCP server could not be started');
      this.#refuseWaiting();
    }
  }

  #serve(sdk: Sdk): void {
    const { log } = this.#dependencies;
    const transport: Transport = {
      start: async () => {},
      send: async (message) => this.#answer(message),
      close: async () => transport.onclose?.(),
    };
    this.#sdk = sdk;
    this.#transport = transport;
    this.#handle = sdk.serveStdio(() => this.#createServer(sdk), {
      transport,
      onerror: (error) => log.debug({ err: error }, 'MCP message not served'),
    });
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const message of waiting) this.#deliver(message);
  }

  #refuseWaiting(): void {
    for (const message of this.#waiting ?? []) {
      if ('method' in message && 'id' in message)
        this.#refuse(message as unknown as RpcRequest, 'MCP is not available.');
    }
    this.#waiting = [];
    this.#loading = undefined;
  }

  #refuse(request: RpcRequest, text: string): void {
    this.#send({ jsonrpc: '2.0', id: request.id, error: { code: RPC.internal, message: text } });
  }

  #deliver(message: McpMessage): void {
    // The SDK drops a request that its own strict reading does not know as one; it must be answered all the same.
    const unread = this.#sdk?.isJSONRPCRequest(message) === false && 'method' in message && 'id' in message;
    if (unread) this.#refuseMeta(message as unknown as RpcRequest);
    else this.#transport?.onmessage?.(message as unknown as JSONRPCMessage);
  }

  #refuseMeta(request: RpcRequest): void {
    const message = '`params._meta`: expected an object whose `progressToken` is a string or a whole number.';
    this.#send({
      jsonrpc: '2.0',
      id: request.id,
      error: { code: RPC.invalidParams, message, data: { code: 'request.params', path: 'params._meta' } },
    });
  }

  #answer(message: JSONRPCMessage): void {
    if (this.#greeted !== undefined && 'id' in message && message.id === this.#greeted && !('method' in message)) {
      this.#greeted = undefined;
      return;
    }
    this.#send(message);
  }

  #createServer(sdk: Sdk): Server {
    const { surface, engine, server: identity, log, check } = this.#dependencies;
    const server = new sdk.Server(identity, {
      capabilities: { ...CAPABILITIES },
      instructions: surface.instructions(engine.inventory()),
      cacheHints: { 'tools/list': { ttlMs: LIST_TTL_MS, cacheScope: 'private' } },
    });
    const tools = surface.tools.map(({ role: _role, ...tool }) => ({ ...tool, inputSchema: { ...tool.inputSchema } }));
    const isBlock = (value: Json): boolean => sdk.isSpecType.ContentBlock(value);
    server.setRequestHandler('tools/list', async () => ({ tools }));
    server.setRequestHandler('tools/call', async (request, context) => {
      const { name, arguments: given } = request.params;
      const answer = await this.#run({ engine, surface, log, check, isBlock }, name, given as JsonObject, context);
      return { content: answer.content, ...(answer.isError ? { isError: true } : {}) } as never;
    });
    return server;
  }

  async #run(
    dependencies: ToolCallDependencies,
    name: string,
    given: JsonObject | undefined,
    context: ServerContext,
  ): Promise<ToolAnswer> {
    const progress = new ProgressSender(context);
    const signal = AbortSignal.any([context.mcpReq.signal, this.#stopping.signal]);
    try {
      return await callTool(dependencies, name, given ?? {}, { signal, onEvent: (event) => progress.tell(event) });
    } finally {
      progress.end();
    }
  }
}

/** Run events as `notifications/progress`, if the client gave a token; numbers only grow, nothing follows the answer. */
class ProgressSender {
  readonly #context: ServerContext;
  readonly #token: string | number | undefined;
  #progress = 0;
  #ended = false;

  constructor(context: ServerContext) {
    this.#context = context;
    this.#token = context.mcpReq._meta?.progressToken;
  }

  tell(event: RunEvent): void {
    const message = this.#token === undefined || this.#ended ? undefined : progressOf(event);
    if (message === undefined || this.#token === undefined) return;
    this.#progress += 1;
    const params = { progressToken: this.#token, progress: this.#progress, message };
    // A notification that cannot be sent is no reason to fail the run it is about.
    this.#context.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
  }

  end(): void {
    this.#ended = true;
  }
}
