/**
 * One SDK server for one connection: what it lists and whom it calls, by the connection's face. The pipe and HTTP both build
 * their servers here.
 *
 *   tools/call ─┬─ one of our three ─────────────▶ tool-call ─▶ engine
 *               └─ a server's (direct, hot set) ──▶ pass-through ─▶ gate ─▶ server
 *   resources/*, prompts/*, completion ───────────▶ pass-through ─▶ server       in every mode
 *
 * Decision to know: results of servers leave as they came. The SDK would check every `tools/call` result by its own strict
 * schemas and refuse, or strip, what does not fit; `OpenServer` takes that check out and nothing else.
 */
import type { JSONRPCRequest, Result, Server, ServerContext, ServerOptions } from '@modelcontextprotocol/server';
import { OptimizerError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';
import type { DirectContext } from '../engine/direct-calls.ts';
import { ServerError } from '../upstream/server-error.ts';
import type { Connection, FaceDependencies, Sdk } from './connection.ts';
import { Conversations, type Talk, type Work } from './conversations.ts';
import { toErrorBody } from './error-response.ts';
import type { Face } from './face.ts';
import { onePage } from './list-pages.ts';
import { manifestResources } from './manifest-resource.ts';
import { capabilitiesOf, type ServerIdentity } from './opening.ts';
import type { ExposedTools, PassThrough } from './pass-through.ts';
import { ProgressSender, passProgress } from './progress-sender.ts';
import { renderError } from './render.ts';
import { forwardNotifications } from './server-news.ts';
import { callTool } from './tool-call.ts';
import type { ListedTool } from './upstream-port.ts';

/** The list of our own tools never changes while the process lives; a client may keep it for a day. */
const LIST_TTL_MS = 86_400_000;

/** What stands in front of the servers' own instructions, in mode `direct`. */
const DIRECT_INTRODUCTION = 'Tools are named server__tool.';
const INSTRUCTIONS_CHARS_MAX = 8_000;

/** The servers' own instructions as one text, cut where a server's begins. */
export async function directInstructions(passThrough: PassThrough): Promise<string> {
  let text = DIRECT_INTRODUCTION;
  for (const said of await passThrough.port.instructions()) {
    const longer = `${text}\n\n# ${said.server}\n${said.text}`;
    if (longer.length > INSTRUCTIONS_CHARS_MAX) break;
    text = longer;
  }
  return text;
}

export function createMcpServer(sdk: Sdk, dependencies: FaceDependencies, connection: Connection): Server {
  const ownResources = manifestResources(dependencies.engine);
  return new McpFace(sdk, { ownResources, ...dependencies }, connection).server;
}

class McpFace {
  readonly server: Server;
  readonly #dependencies: FaceDependencies;
  readonly #connection: Connection;
  readonly #conversations: Conversations;
  readonly #isBlock: (value: Json) => boolean;
  /** The hot set as it was first listed: it does not change during a connection. */
  #hot: Promise<ExposedTools> | undefined;

  constructor(sdk: Sdk, dependencies: FaceDependencies, connection: Connection) {
    this.#dependencies = dependencies;
    this.#connection = connection;
    const { mode } = connection.face;
    this.server = openServer(sdk, dependencies.server, {
      capabilities: capabilitiesOf(mode),
      instructions: connection.instructions,
      ...(mode === 'direct' ? {} : { cacheHints: { 'tools/list': { ttlMs: LIST_TTL_MS, cacheScope: 'private' } } }),
    });
    this.#isBlock = (value) => sdk.isSpecType.ContentBlock(value);
    this.#conversations = new Conversations(
      this,
      () => this.server.getClientCapabilities(),
      connection.kept,
      connection.stop,
    );
    this.#serveTools();
    this.#serveResources();
    this.#servePrompts();
    const { server } = this;
    const level = forwardNotifications({
      server,
      client: this,
      mode,
      news: connection.news,
      dependencies,
      conversations: this.#conversations,
    });
    if (mode === 'direct') {
      server.setRequestHandler('logging/setLevel', async ({ params }) => {
        await level(params.level);
        return {};
      });
    }
  }

  #serveTools(): void {
    this.server.setRequestHandler('tools/list', async (request) => {
      const list = await this.#list();
      const page = onePage('tools', list as JsonObject[], (request.params ?? {}) as JsonObject);
      return page as never;
    });
    this.server.setRequestHandler('tools/call', async (request, context) => {
      const given = (request.params.arguments ?? {}) as JsonObject;
      return (await this.#call(request.params.name, given, context)) as never;
    });
  }

  async #list(): Promise<readonly JsonObject[]> {
    const { mode } = this.#connection.face;
    if (mode === 'direct') return shownIn(this.#connection.face, await this.#direct());
    const ours = this.#dependencies.surface.tools.map(({ role: _role, ...tool }) => tool as unknown as JsonObject);
    return mode === 'code' ? ours : [...ours, ...shownIn(this.#connection.face, await this.#hotTools())];
  }

  async #call(name: string, given: JsonObject, context: ServerContext): Promise<JsonObject> {
    const { surface } = this.#dependencies;
    const { mode } = this.#connection.face;
    const isOurs = mode !== 'direct' && surface.tools.some((tool) => tool.name === name);
    const tools = isOurs || mode === 'code' ? undefined : await this.#exposed();
    const found = tools?.byName.get(name);
    if (found === undefined && mode === 'direct') {
      throw this.#told(unknownTool(name, [...(tools?.byName.keys() ?? [])]), 'tools/call');
    }
    const asked = { method: 'tools/call', name, arguments: given };
    if (found === undefined) return await this.#hold(context, asked, (talk) => this.#callOurs(name, given, talk));
    const result = await this.#hold(context, asked, (talk) => this.#callServer(found, given, talk));
    if (result.resultType === 'input_required') return result;
    // Revisions before 2026-07-28 know objects only; the list has said the same of the schema.
    const { outputSchema } = found.definition;
    return this.server.projectCallToolResult(result as never, outputSchema as never) as unknown as JsonObject;
  }

  async #callOurs(name: string, given: JsonObject, { asker, signal, context }: Talk): Promise<JsonObject> {
    const { engine, surface, log, check } = this.#dependencies;
    const { readOnly, mode } = this.#connection.face;
    const progress = new ProgressSender(context);
    const wishes = { readOnly, plainCallsDirect: mode === 'hybrid' };
    const dependencies = { engine, surface, log, check, isBlock: this.#isBlock, ...wishes };
    try {
      const run = { signal, asker, onEvent: progress.tell.bind(progress) };
      const answer = await callTool(dependencies, name, given, run);
      return { content: answer.content, ...(answer.isError ? { isError: true } : {}) };
    } finally {
      progress.end();
    }
  }

  /** A failure of ours is a tool result that a model can read, as elsewhere; a server's own error stays one. */
  async #callServer(tool: ListedTool, given: JsonObject, talk: Talk): Promise<JsonObject> {
    const { port } = await this.#dependencies.passThrough();
    const { readOnly } = this.#connection.face;
    const meta = metaOf(talk.context());
    const call = { server: tool.server, tool: tool.tool, arguments: given, readOnly };
    try {
      return await port.call({ ...call, ...(meta === undefined ? {} : { meta }) }, directContext(talk));
    } catch (error) {
      if (error instanceof ServerError) throw error;
      const { content, isError } = renderError(toErrorBody(error, `tools/call ${tool.tool}`, this.#dependencies.log));
      return { content, isError };
    }
  }

  #serveResources(): void {
    const { server } = this;
    server.setRequestHandler('resources/list', (request, context) =>
      this.#pass(request, context, async ({ offerings }, params, direct) =>
        offerings.listResources(params, direct, this.#dependencies.ownResources?.list() ?? []),
      ),
    );
    server.setRequestHandler('resources/templates/list', (request, context) =>
      this.#pass(request, context, ({ offerings }, params, direct) => offerings.listTemplates(params, direct)),
    );
    server.setRequestHandler('resources/read', (request, context) =>
      this.#pass(request, context, async ({ offerings }, params, direct) => {
        const own = await this.#dependencies.ownResources?.read(String(params.uri));
        return own ?? (await offerings.read(params, direct));
      }),
    );
    server.setRequestHandler('resources/subscribe', (request, context) =>
      this.#pass(request, context, async ({ subscriptions }, { uri }, direct) => {
        const tell = (shown: string, params: JsonObject): void => {
          const news = { method: 'notifications/resources/updated' as const, params: { ...params, uri: shown } };
          server.notification(news).catch(() => {});
        };
        await subscriptions.add(this, String(uri), tell, direct);
        return {};
      }),
    );
    server.setRequestHandler('resources/unsubscribe', (request, context) =>
      this.#pass(request, context, async ({ subscriptions }, { uri }, direct) => {
        await subscriptions.remove(this, String(uri), direct);
        return {};
      }),
    );
  }

  #servePrompts(): void {
    const { server } = this;
    server.setRequestHandler('prompts/list', (request, context) =>
      this.#pass(request, context, ({ offerings }, params, direct) => offerings.listPrompts(params, direct)),
    );
    server.setRequestHandler('prompts/get', (request, context) =>
      this.#pass(request, context, ({ offerings }, params, direct) => offerings.getPrompt(params, direct)),
    );
    server.setRequestHandler('completion/complete', (request, context) =>
      this.#pass(request, context, ({ offerings }, params, direct) => offerings.complete(params, direct)),
    );
  }

  /** A request that servers answer: held while they ask something, its errors told as they are. */
  async #pass(
    request: { readonly method: string; readonly params?: unknown },
    context: ServerContext,
    work: (passThrough: PassThrough, params: JsonObject, direct: DirectContext) => Promise<JsonObject>,
  ): Promise<never> {
    const { _meta, ...params } = (isJsonObject(request.params) ? request.params : {}) as JsonObject;
    const asked = { method: request.method, params };
    const held: Work = async (talk) => work(await this.#dependencies.passThrough(), params, directContext(talk));
    return (await this.#hold(context, asked, held)) as never;
  }

  /** What fails is told with the code and words of a `ServerError`, else in ours. */
  async #hold(context: ServerContext, asked: JsonObject, work: Work): Promise<JsonObject> {
    try {
      return await this.#conversations.hold(context, asked, work);
    } catch (error) {
      throw this.#told(error, String(asked.method));
    }
  }

  /** What the SDK answers with the code, words and data of. */
  #told(error: unknown, method: string): ServerError {
    if (error instanceof ServerError) return error;
    const { code, message, data } = toErrorBody(error, method, this.#dependencies.log);
    return new ServerError(code, message, data);
  }

  #exposed(): Promise<ExposedTools> {
    return this.#connection.face.mode === 'direct' ? this.#direct() : this.#hotTools();
  }

  async #direct(): Promise<ExposedTools> {
    return (await this.#dependencies.passThrough()).tools();
  }

  #hotTools(): Promise<ExposedTools> {
    this.#hot ??= this.#dependencies.passThrough().then((all) => all.hotTools(this.#connection.face.hotSet));
    return this.#hot;
  }
}

/** A read-only face does not show what it would refuse. */
function shownIn({ readOnly }: Face, { byName, list }: ExposedTools): readonly JsonObject[] {
  return readOnly ? list.filter(({ name }) => byName.get(String(name))?.effect === 'read') : list;
}

function directContext(talk: Talk): DirectContext {
  return { signal: talk.signal, asker: talk.asker, onProgress: passProgress(talk.context) };
}

/** What the client says about its request, less the token of its own progress. */
function metaOf(context: ServerContext): JsonObject | undefined {
  const { progressToken: _token, ...meta } = (context.mcpReq._meta ?? {}) as JsonObject;
  return Object.keys(meta).length === 0 ? undefined : meta;
}

function unknownTool(name: string, names: readonly string[]): OptimizerError {
  const near = nearest(name, names, 3);
  const advice = near.length === 0 ? '' : ` The nearest: ${near.join(', ')}.`;
  return new OptimizerError('request.tool', `There is no tool ${name.slice(0, 80)}.${advice}`, {
    data: { nearest: near },
  });
}

type Handler = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

function openServer(sdk: Sdk, identity: ServerIdentity, options: ServerOptions): Server {
  class OpenServer extends sdk.Server {
    /** As for `resources/read`: questions to the client are carried, the result is not read by a schema. */
    protected override _wrapHandler(method: string, handler: Handler): Handler {
      return super._wrapHandler(method === 'tools/call' ? 'resources/read' : method, handler);
    }
  }
  return new OpenServer(identity, options);
}
