/**
 * A plugin as an MCP transport: it answers `initialize`, `tools/list` and `tools/call`, so that for the rest of the house
 * it is one more server, with the same catalogue, gate, journal, timeouts and restarts.
 *
 * Decision to know: what goes wrong is thrown by `send`, with our own error and its code, which the client of the SDK
 * hands on as it is; there is no need to put it into JSON and to guess it back.
 */
import { OptimizerError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { CallEnd, ListedTool } from './messages.ts';
import type { Plugin } from './plugin.ts';

/** The part of a JSON-RPC message that is looked at. */
export interface FaceMessage {
  readonly jsonrpc: '2.0';
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** What stands behind a face: a plugin, or functions of this process. */
export type FaceBody = Pick<Plugin, 'start' | 'listTools' | 'call' | 'close'>;

export interface FaceDeps {
  readonly name: string;
  readonly memoryBytes: number;
  /** Loads what a plugin needs; asked once. */
  open(): Promise<FaceBody>;
}

/** Has the shape of the SDK's `Transport`; the SDK itself is not imported, because it is loaded lazily. */
export class PluginFace {
  onmessage: ((message: unknown) => void) | undefined;
  onclose: (() => void) | undefined;
  onerror: ((error: Error) => void) | undefined;
  readonly #deps: FaceDeps;
  readonly #calls = new Map<string | number, AbortController>();
  readonly #closing = new AbortController();
  #plugin: FaceBody | undefined;

  constructor(deps: FaceDeps) {
    this.#deps = deps;
  }

  /** Loads the component and starts its worker. Throws `upstream.plugin`. */
  async start(): Promise<void> {
    const plugin = await this.#deps.open();
    this.#plugin = plugin;
    if (this.#closing.signal.aborted) {
      await plugin.close();
      return;
    }
    await plugin.start(this.#closing.signal);
  }

  async send(message: FaceMessage): Promise<void> {
    const { id, method, params = {} } = message;
    if (id === undefined) {
      const given = params.requestId;
      if (method === 'notifications/cancelled' && (typeof given === 'string' || typeof given === 'number')) {
        this.#calls.get(given)?.abort();
      }
      return;
    }
    const abort = new AbortController();
    this.#calls.set(id, abort);
    try {
      const result = await this.#answer(method ?? '', params, abort.signal);
      if (result === undefined) {
        const error = { code: -32601, message: `A plugin does not know \`${String(method).slice(0, 80)}\`.` };
        this.onmessage?.({ jsonrpc: '2.0', id, error });
      } else this.onmessage?.({ jsonrpc: '2.0', id, result });
    } finally {
      this.#calls.delete(id);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#plugin?.close();
    this.onclose?.();
  }

  async #answer(
    method: string,
    params: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<JsonObject | undefined> {
    const plugin = this.#plugin;
    if (plugin === undefined) throw new Error('The plugin has not been started.');
    switch (method) {
      case 'initialize':
        return {
          protocolVersion: params.protocolVersion as string,
          capabilities: { tools: {} },
          serverInfo: { name: this.#deps.name, version: '1.0.0' },
        };
      case 'ping':
        return {};
      case 'tools/list':
        return { tools: (await plugin.listTools(signal)).map(definitionOf) };
      case 'tools/call': {
        const tool = String(params.name);
        const end = await plugin.call(tool, JSON.stringify(params.arguments ?? {}), signal);
        return resultOf(end, { tool, server: this.#deps.name, memoryBytes: this.#deps.memoryBytes });
      }
      default:
        return undefined;
    }
  }
}

/** As a server would list it. A schema that is no JSON is passed on as text, which the reader of lists reports. */
export function definitionOf(tool: ListedTool): JsonObject {
  const { name, description, inputSchema, outputSchema, readOnly } = tool;
  return {
    name,
    description,
    inputSchema: parsed(inputSchema) ?? inputSchema,
    ...(outputSchema === undefined ? {} : { outputSchema: parsed(outputSchema) ?? outputSchema }),
    annotations: { readOnlyHint: readOnly },
  };
}

interface Asked {
  readonly tool: string;
  readonly server: string;
  readonly memoryBytes: number;
}

/** The result as a server would give it. Throws what a broken call comes to. */
function resultOf(end: CallEnd, { tool, server, memoryBytes }: Asked): JsonObject {
  if (end.ok) {
    const data = parsed(end.content);
    const text = typeof data === 'string' ? data : end.content;
    const content = [{ type: 'text', text }];
    if (end.isError) return { content, isError: true };
    return data === undefined ? { content } : { content: data === null ? [] : content, structuredContent: data };
  }
  const where = `Tool "${tool}" of plugin "${server}"`;
  const data = { server, tool, sent: true };
  switch (end.reason) {
    case 'trap':
      throw new OptimizerError('upstream.toolError', `${where} trapped: ${end.words}.`, {
        hint: 'What the plugin printed before it is in the log.',
        data,
      });
    case 'memory':
      throw new OptimizerError(
        'upstream.toolError',
        `${where} ran out of memory (\`memoryBytes\` is ${memoryBytes}): ${end.words}.`,
        { hint: `Ask for less, or raise \`plugins.${server}.memoryBytes\` in the config.`, data },
      );
    case 'exit':
      throw new OptimizerError('upstream.toolError', `${where} ended itself before it answered.`, { data });
    case 'size':
      throw new OptimizerError('limit.toolResult', `${where} answered ${end.words}, more than \`toolResultBytes\`.`, {
        hint: 'Ask the tool for less, page by page.',
        data,
      });
  }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
