/**
 * Catalogue and fleet as the engine's ports: how the gate finds a tool, checks its arguments and calls it. Two rooms of
 * one floor meet here and nowhere else.
 */
import { randomHex } from '../core/crypto.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { CallOptions, GateTool, ToolAnswer, ToolCaller, ToolSource } from '../engine/ports.ts';
import type { Catalog, CatalogTool } from '../upstream/catalog.ts';
import type { UpstreamFleet } from '../upstream/fleet.ts';
import type { LearnedTypes } from '../upstream/learned-types.ts';
import { unwrapResult, type ValueSource } from '../upstream/results.ts';
import { issueLines, validateArguments } from '../upstream/validate.ts';
import type { ToolApprovals } from './tool-approvals.ts';

type Approvals = Pick<ToolApprovals, 'lookAgain' | 'refusalOf'>;

/** The gate's view of a catalogue tool; made once for each definition. */
const gateTools = new WeakMap<CatalogTool, GateTool & { readonly tool: CatalogTool }>();

function gateToolOf(tool: CatalogTool, approvals: Approvals): GateTool & { readonly tool: CatalogTool } {
  let made = gateTools.get(tool);
  if (!made) {
    const { server, name, effect, definition } = tool;
    made = {
      tool,
      server,
      name,
      effect,
      refusal: approvals.refusalOf(tool),
      get signature() {
        return tool.signature;
      },
      get promptText() {
        const { description, inputSchema } = definition;
        return JSON.stringify({ name, description, input_schema: inputSchema });
      },
    };
    gateTools.set(tool, made);
  }
  return made;
}

export class CatalogToolSource implements ToolSource {
  readonly #catalog: Catalog;
  readonly #fleet: UpstreamFleet;
  readonly #approvals: Approvals;
  readonly #search: (query: string, limit: number | undefined, tenant: string | undefined) => Promise<Json>;

  constructor(
    catalog: Catalog,
    fleet: UpstreamFleet,
    approvals: Approvals,
    search: (query: string, limit: number | undefined, tenant: string | undefined) => Promise<Json>,
  ) {
    this.#catalog = catalog;
    this.#fleet = fleet;
    this.#approvals = approvals;
    this.#search = search;
  }

  require(server: string, tool: string): GateTool | Promise<GateTool> {
    const found = this.#catalog.resolve(server, tool);
    return found !== undefined && found.blocked === undefined
      ? gateToolOf(found, this.#approvals)
      : this.#requireLate(server, tool);
  }

  validate(tool: GateTool, args: Json): Array<{ path: string; message: string }> {
    const known = this.#catalog.resolve(tool.server, tool.name);
    if (!known) return [];
    const issues = validateArguments(known.definition, args);
    return issueLines(issues).map((message, index) => ({ path: issues[index]?.path ?? '', message }));
  }

  search(query: string, limit: number | undefined, tenant: string | undefined): Promise<Json> {
    return this.#search(query, limit, tenant);
  }

  /**
   * A server that is configured but has not been listed yet is waited for; its own failure is the answer then. For a tool
   * that is not approved the store is asked once more.
   */
  async #requireLate(server: string, tool: string): Promise<GateTool> {
    const name = this.#catalog.serverNameOf(server);
    if (name !== undefined) await this.#fleet.ensureListed(name);
    const found = this.#catalog.requireTool(server, tool);
    return gateToolOf(found.blocked === undefined ? found : await this.#approvals.lookAgain(found), this.#approvals);
  }
}

export class FleetToolCaller implements ToolCaller {
  readonly #fleet: UpstreamFleet;
  readonly #catalog: Catalog;
  readonly #learned: LearnedTypes;
  readonly #toolTimeoutMs: number;

  /** `toolTimeoutMs` is the configured ceiling: a run that asks for less wins over the server's own timeout. */
  constructor(fleet: UpstreamFleet, catalog: Catalog, learned: LearnedTypes, toolTimeoutMs: number) {
    this.#fleet = fleet;
    this.#catalog = catalog;
    this.#learned = learned;
    this.#toolTimeoutMs = toolTimeoutMs;
  }

  async call(server: string, tool: string, args: Json, options: CallOptions): Promise<ToolAnswer> {
    const { asker, verbatim } = options;
    const raw = (await this.#fleet.call(server, tool, args as Record<string, Json>, {
      signal: options.signal,
      ...(options.timeoutMs < this.#toolTimeoutMs ? { timeoutMs: options.timeoutMs } : {}),
      onProgress: ({ progress, total, message }) =>
        options.onProgress({
          progress,
          ...(total === undefined ? {} : { total }),
          ...(message === undefined ? {} : { message }),
        }),
      ...(asker === undefined ? {} : { asker }),
      ...(verbatim?.meta === undefined ? {} : { meta: verbatim.meta }),
    })) as Json;
    return answerOf(raw, verbatim !== undefined, (value, source) => {
      const known = this.#catalog.resolve(server, tool);
      if (known !== undefined) this.#learned.note(known, value, source);
    });
  }
}

/** A raw result as the gate takes it; `onValue` is told what was taken out of its envelope. */
export function answerOf(
  raw: Json,
  isVerbatim: boolean,
  onValue?: (value: Json, source: ValueSource) => void,
): ToolAnswer {
  if (isVerbatim) {
    const failed = isJsonObject(raw) && raw.isError === true;
    return failed ? { ok: false, message: '', raw } : { ok: true, value: raw, raw };
  }
  const unwrapped = unwrapResult(raw, newHandle);
  if (unwrapped.ok) onValue?.(unwrapped.value, unwrapped.source);
  const { blobs, content } = unwrapped;
  const bytesOut = content === undefined ? { raw } : { raw: { ...(raw as JsonObject), content: [...content] }, blobs };
  return unwrapped.ok
    ? { ok: true, value: unwrapped.value, ...bytesOut }
    : { ok: false, message: unwrapped.message, ...bytesOut };
}

/** Handles of bytes cannot be guessed; they belong to the tenant whose run got them. */
function newHandle(): string {
  return `b_${randomHex().slice(0, 16)}`;
}
