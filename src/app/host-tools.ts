/**
 * Functions of an embedder as a server: for catalogue, gate, journal and programs one more server with tools, for the
 * fleet a transport that is answered in this process. Nothing is started for it but what a client of MCP needs.
 *
 * Decision to know: a function that throws is a tool that answers with an error, and its message reaches the program, as
 * with any server. What must not be seen does not belong into a message.
 */
import { OptimizerError } from '../core/errors.ts';
import { type Json, type JsonObject, jsonHash } from '../core/json.ts';
import { PluginFace } from '../plugins/mcp-face.ts';
import type { CallEnd, ListedTool } from '../plugins/messages.ts';
import type { FleetDeps } from '../upstream/fleet.ts';
import type { PluginServerSpec } from '../upstream/server-spec.ts';

/** Answers the tool's data: JSON, or `undefined` for nothing. What it throws becomes a `ToolError` in the program. */
export type HostFunction = (args: never, call: HostCallContext) => unknown;

export interface HostCallContext {
  /** Aborted when nobody waits for the answer any more: deadline, end of the run, cancellation. */
  readonly signal: AbortSignal;
}

export interface HostTool {
  /** What a search finds and a model reads. */
  readonly description?: string;
  /** JSON Schema of the arguments; checked before the function is called. Default: any object. */
  readonly inputSchema?: JsonObject;
  readonly outputSchema?: JsonObject;
  /** True = it changes nothing, and may be called by a read-only run. Default false. */
  readonly readOnly?: boolean;
  readonly call: HostFunction;
}

/** Server name → tool name → function, or a tool with words and a schema. A program calls `tools.SERVER.TOOL(args)`. */
export type HostTools = Readonly<Record<string, Readonly<Record<string, HostFunction | HostTool>>>>;

export interface HostServers {
  readonly specs: readonly PluginServerSpec[];
  /** Undefined for a name that is not one of `specs`. */
  open(name: string): ReturnType<NonNullable<FleetDeps['openPlugin']>> | undefined;
}

/** Throws `config.key` for a name that a configured server has. */
export function hostServers(
  tools: HostTools,
  { taken, timeoutMs }: { readonly taken: readonly string[]; readonly timeoutMs: number },
): HostServers {
  const servers = new Map(Object.entries(tools).map(([name, functions]) => [name, new HostServer(name, functions)]));
  for (const name of taken) {
    if (!servers.has(name)) continue;
    throw new OptimizerError(
      'config.key',
      `a configured server is called \`${name}\` as well as a server of functions`,
      {
        hint: 'Call one of them something else.',
      },
    );
  }
  const specOf = (server: HostServer): PluginServerSpec => ({
    name: server.name,
    transport: 'plugin',
    sha256: jsonHash(server.listed() as unknown as Json),
    timeoutMs,
    startTimeoutMs: timeoutMs,
    toolTimeoutsMs: {},
    include: undefined,
    exclude: [],
    effects: {},
    era: 'legacy',
  });
  return {
    specs: [...servers.values()].map(specOf),
    open(name) {
      const server = servers.get(name);
      if (server === undefined) return undefined;
      const face = new PluginFace({ name, memoryBytes: 0, open: async () => server });
      // As in plugins.ts: the shape of a transport, without the SDK's types.
      return face as unknown as ReturnType<NonNullable<FleetDeps['openPlugin']>>;
    },
  };
}

class HostServer {
  readonly name: string;
  readonly #tools: ReadonlyMap<string, HostTool>;

  constructor(name: string, functions: HostTools[string]) {
    this.name = name;
    this.#tools = new Map(
      Object.entries(functions).map(([tool, given]) => [tool, typeof given === 'function' ? { call: given } : given]),
    );
  }

  async start(): Promise<void> {}

  async close(): Promise<void> {}

  async listTools(): Promise<readonly ListedTool[]> {
    return this.listed();
  }

  listed(): ListedTool[] {
    return [...this.#tools].map(([name, tool]) => ({
      name,
      description: tool.description ?? '',
      inputSchema: JSON.stringify(tool.inputSchema ?? { type: 'object' }),
      outputSchema: tool.outputSchema && JSON.stringify(tool.outputSchema),
      readOnly: tool.readOnly ?? false,
    }));
  }

  async call(tool: string, argumentsText: string, signal: AbortSignal): Promise<CallEnd> {
    const found = this.#tools.get(tool);
    if (found === undefined) return failed(`there is no tool ${tool}`);
    try {
      const value = await found.call(JSON.parse(argumentsText) as never, { signal });
      return { ok: true, content: JSON.stringify(value) ?? 'null', isError: false };
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error));
    }
  }
}

function failed(message: string): CallEnd {
  return { ok: true, content: JSON.stringify(message), isError: true };
}
