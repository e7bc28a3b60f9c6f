/**
 * The servers themselves as the protocol's port: what `direct` and `hybrid` show and what resources and prompts are read
 * from. Loaded when the first client needs it. Catalogue, servers, gate and redaction meet here.
 *
 * Decision to know: what servers say is redacted on its way out like everything else; nothing else of it is changed.
 */
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { type DirectCall, DirectCalls, type DirectContext } from '../engine/direct-calls.ts';
import type { ToolCaller, ToolSource } from '../engine/ports.ts';
import type { Redactor } from '../policy/redaction.ts';
import { PassThrough } from '../protocol/pass-through.ts';
import type { ListedTool, UpstreamPort } from '../protocol/upstream-port.ts';
import type { Log } from '../telemetry/log.ts';
import type { Catalog, CatalogTool } from '../upstream/catalog.ts';
import type { UpstreamFleet } from '../upstream/fleet.ts';
import type { Offer } from '../upstream/offers.ts';
import { hiddenServerError, serverErrorOf } from '../upstream/server-error.ts';
import type { ToolDefinition } from '../upstream/tool-definition.ts';
import type { ToolApprovals } from './tool-approvals.ts';

export interface PassThroughParts {
  readonly config: Pick<Config, 'servers' | 'toolPrefix' | 'limits'>;
  readonly catalog: Catalog;
  readonly fleet: UpstreamFleet;
  readonly approvals: Pick<ToolApprovals, 'lookAgainAtAll' | 'onVerdict'>;
  readonly tools: ToolSource;
  readonly caller: ToolCaller;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly log: Log;
}

/** Servers that have never said what they offer are started and waited for this long. */
const OFFER_WAIT_MS = 10_000;

export function createPassThrough(parts: PassThroughParts): PassThrough {
  const { config, log } = parts;
  const calls = new DirectCalls({ ...parts, limits: config.limits });
  return new PassThrough(new FleetUpstreamPort(parts, calls), config.toolPrefix, log);
}

class FleetUpstreamPort implements UpstreamPort {
  readonly #parts: PassThroughParts;
  readonly #calls: DirectCalls;
  readonly #names: readonly string[];

  constructor(parts: PassThroughParts, calls: DirectCalls) {
    this.#parts = parts;
    this.#calls = calls;
    this.#names = parts.config.servers.map((server) => server.name);
  }

  serverNames(): readonly string[] {
    return this.#names;
  }

  async tools(waitMs: number): Promise<readonly ListedTool[]> {
    await this.#parts.fleet.whenListed(waitMs);
    await this.#parts.approvals.lookAgainAtAll();
    return this.#names.flatMap((name) => this.#listed(name));
  }

  async toolsOf(server: string, waitMs: number): Promise<readonly ListedTool[]> {
    await this.#unlessLate(this.#parts.fleet.ensureListed(server), waitMs);
    await this.#parts.approvals.lookAgainAtAll();
    return this.#listed(server);
  }

  call(call: DirectCall, context: DirectContext): Promise<JsonObject> {
    return this.#calls.call(call, context);
  }

  async request(server: string, method: string, params: JsonObject, context: DirectContext): Promise<JsonObject> {
    const { fleet, redactor } = this.#parts;
    try {
      const result = (await fleet.request(server, method, params, context)) as Json;
      if (!isJsonObject(result)) throw new OptimizerError('upstream.protocol', `the answer to ${method} is not MCP`);
      return redactor.active ? (redactor.json(result) as JsonObject) : result;
    } catch (error) {
      const own = error instanceof OptimizerError ? serverErrorOf(error) : undefined;
      throw own === undefined ? hidden(error, redactor) : hiddenServerError(own, redactor);
    }
  }

  async offering(offer: Offer): Promise<readonly string[]> {
    const { fleet } = this.#parts;
    const unknown = this.#names.filter((name) => fleet.offers(name) === undefined);
    await Promise.all(unknown.map((name) => this.#unlessLate(fleet.ensureOffers(name), OFFER_WAIT_MS)));
    return this.#names.filter((name) => fleet.offers(name)?.includes(offer));
  }

  async instructions(): Promise<ReadonlyArray<{ server: string; text: string }>> {
    const { fleet, redactor } = this.#parts;
    return this.#names.flatMap((server) => {
      const text = fleet.instructions(server);
      return text === undefined || text === '' ? [] : [{ server, text: redactor.text(text) }];
    });
  }

  isReady(server: string): boolean {
    return this.#parts.fleet.isReady(server);
  }

  onToolsChanged(listener: () => void): () => void {
    // The lists that are known now are told at once; they are no news.
    let isNews = false;
    const end = this.#parts.fleet.onTools(() => {
      if (isNews) listener();
    });
    isNews = true;
    const endVerdicts = this.#parts.approvals.onVerdict(listener);
    return () => {
      end();
      endVerdicts();
    };
  }

  onNotification(listener: (server: string, method: string, params: JsonObject) => void): () => void {
    const { fleet, redactor } = this.#parts;
    return fleet.onNotification((server, method, params) =>
      listener(server, method, redactor.active ? (redactor.json(params) as JsonObject) : params),
    );
  }

  onConnected(listener: (server: string) => void): () => void {
    return this.#parts.fleet.onConnected(listener);
  }

  /** Waits for a server, also when it fails: the log has the reason. */
  async #unlessLate(work: Promise<void>, waitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([work.catch(() => {}), late]);
    clearTimeout(timer);
  }

  /** What may not be called is not shown; a tool that waits for approval is refused by the gate and told by `doctor`. */
  #listed(server: string): ListedTool[] {
    const { catalog, redactor } = this.#parts;
    return catalog
      .toolsOf(server)
      .filter((tool) => tool.blocked === undefined)
      .map((tool: CatalogTool) => ({
        server,
        tool: tool.name,
        effect: tool.effect,
        definition: redactor.json(shownDefinition(tool.definition)) as JsonObject,
      }));
  }
}

/** A definition without its name, as a client must find it: strict ones refuse a whole list for one schema that is no object. */
function shownDefinition(definition: ToolDefinition): JsonObject {
  const { title, description, inputSchema, outputSchema, annotations, extra } = definition;
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    inputSchema: inputSchema.type === 'object' ? inputSchema : { ...inputSchema, type: 'object' },
    ...(outputSchema === undefined ? {} : { outputSchema }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations: { ...annotations } as JsonObject }),
    ...extra,
  };
}

function hidden(error: unknown, redactor: Redactor): unknown {
  if (!(error instanceof OptimizerError) || !redactor.active) return error;
  const { code, message, hint, data, retryable } = error;
  return new OptimizerError(code, redactor.text(message), {
    ...(hint === undefined ? {} : { hint: redactor.text(hint) }),
    ...(data === undefined ? {} : { data: redactor.json(data) as JsonObject }),
    retryable,
  });
}
