/**
 * MCP for the pipe: the SDK's dual-era server behind a transport of our own. The pipe hands in every message that is not
 * ours; what the server says goes out through the pipe. Both eras come from the SDK: `initialize` (2024-11-05 to
 * 2025-11-25) and `server/discover` (2026-07-28).
 * Decision: the SDK is loaded on the first MCP message, so that a process which only speaks `optimizer/*` never pays for
 * it; until it is there, messages wait in order and `opening.ts` answers the handshake.
 */
import type { JSONRPCMessage, Server, Transport } from '@modelcontextprotocol/server';
import type { StdioServerHandle } from '@modelcontextprotocol/server/stdio';
import { RPC } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { ClientCapabilities } from '../upstream/asker.ts';
import type { FaceDependencies, Sdk } from './connection.ts';
import { KeptConversations } from './conversations.ts';
import type { Face } from './face.ts';
import type { RpcNotification, RpcRequest } from './json-rpc.ts';
import { createMcpServer, directInstructions } from './mcp-face.ts';
import { greeting } from './opening.ts';

type McpMessage = RpcRequest | RpcNotification | JsonObject;

export interface McpDependencies extends FaceDependencies {
  /** What a client of this name is shown. */
  face(clientName: string | undefined): Face;
  /** Told once who is there: the first message of the connection has been read. Nothing can be asked of an embedder. */
  onClient(capabilities: ClientCapabilities): void;
}

const CLIENT_INFO_KEY = 'io.modelcontextprotocol/clientInfo';
const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';

export class McpServerDoor {
  readonly #dependencies: McpDependencies;
  readonly #send: (message: object) => void;
  readonly #stopping = new AbortController();
  readonly #kept = new KeptConversations();
  /** Messages that came before the SDK; undefined once it serves. */
  #waiting: McpMessage[] | undefined = [];
  #loading: Promise<void> | undefined;
  #transport: Transport | undefined;
  #handle: StdioServerHandle | undefined;
  #sdk: Sdk | undefined;
  #greeted: RpcRequest['id'] | undefined;
  /** Decided by the first request. */
  #face: Face | undefined;

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
      this.#meet(message as unknown as RpcRequest);
      this.#greet(message as unknown as RpcRequest);
    }
    this.#waiting.push(message);
    this.#loading ??= this.#load();
  }

  /** Ends the runs that are in flight; unlike cancelled ones they are answered. */
  stop(): void {
    this.#stopping.abort();
    this.#kept.giveUpAll();
  }

  /** Answers open subscriptions and lets go of the SDK's server. */
  async close(): Promise<void> {
    this.stop();
    await this.#loading;
    await this.#handle?.close();
  }

  /** Who the client is and what it can be asked, from its first request. */
  #meet(request: RpcRequest): void {
    const params = request.params ?? {};
    const meta = isJsonObject(params._meta) ? params._meta : {};
    const info = meta[CLIENT_INFO_KEY] ?? params.clientInfo;
    const name = isJsonObject(info) && typeof info.name === 'string' ? info.name : undefined;
    this.#face = this.#dependencies.face(name);
    this.#dependencies.onClient(askableOf(meta[CAPABILITIES_KEY] ?? params.capabilities));
  }

  #faceOf(): Face {
    this.#face ??= this.#dependencies.face(undefined);
    return this.#face;
  }

  #greet(request: RpcRequest): void {
    const { server, surface, engine } = this.#dependencies;
    const result = greeting(request, server, surface.instructions(engine.inventory()), this.#faceOf().mode);
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
    this.#handle = sdk.serveStdio(({ era }) => this.#createServer(sdk, era), {
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

  async #createServer(sdk: Sdk, era: 'legacy' | 'modern'): Promise<Server> {
    const { surface, engine, passThrough } = this.#dependencies;
    const face = this.#faceOf();
    const instructions =
      face.mode === 'direct' ? await directInstructions(await passThrough()) : surface.instructions(engine.inventory());
    const news = era === 'modern' ? ('now' as const) : ('afterHello' as const);
    const [stop, kept] = [this.#stopping.signal, this.#kept];
    return createMcpServer(sdk, this.#dependencies, { face, news, instructions, kept, stop });
  }
}

/** What servers may ask of a client with these capabilities. */
function askableOf(capabilities: Json | undefined): ClientCapabilities {
  if (!isJsonObject(capabilities)) return {};
  const { elicitation, sampling } = capabilities;
  return {
    ...(isJsonObject(elicitation) ? { elicitation } : {}),
    ...(isJsonObject(sampling) ? { sampling } : {}),
  };
}
