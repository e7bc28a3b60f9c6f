/**
 * The engine as the protocol and the command line see it: the executor for programs, the catalogue for questions. Adds
 * what is shared by both: waiting shortly for servers that still list, the guide, health and figures.
 */
import type { BuildFacts } from '../core/assets.ts';
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Executor } from '../engine/execute.ts';
import { CONTAINER_GUIDE, GUIDE } from '../engine/guide.ts';
import { INTENTS_SERVER } from '../engine/intents/named-intents.ts';
import type { TokenCounter } from '../engine/ledger.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { ExecuteRequest, RunContext } from '../engine/request.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { EnginePort, SearchAnswer, ServerStatus, ToolDescription } from '../protocol/engine-port.ts';
import type { SignedManifest } from '../protocol/manifest-port.ts';
import type { StatePort } from '../protocol/state-port.ts';
import type { GuestBackend, SandboxBackend } from '../sandbox/backend.ts';
import { type Catalog, SEARCH_LIMIT_DEFAULT } from '../upstream/catalog.ts';
import type { UpstreamFleet } from '../upstream/fleet.ts';
import { renderSearch } from '../upstream/search-text.ts';
import type { EngineIntents } from './engine-intents.ts';
import type { ManifestSource } from './manifest.ts';
import type { CachedCalls } from './result-cache.ts';
import type { ToolApprovals } from './tool-approvals.ts';

/** A search waits this long for servers that are still listing, then says which are missing. */
const SEARCH_WAIT_MS = 2_000;

export interface EngineParts {
  readonly executor: Executor;
  readonly intents: EngineIntents;
  readonly catalog: Catalog;
  readonly fleet: UpstreamFleet;
  readonly backend: GuestBackend;
  /** The backend of containers, where there is one. */
  readonly containers: SandboxBackend | undefined;
  /** Backends that others bring, by name. */
  readonly otherBackends: Readonly<Record<string, SandboxBackend>>;
  readonly tokens: TokenCounter;
  readonly cache: Pick<CachedCalls, 'stats'>;
  readonly facts: BuildFacts;
  readonly serverNames: readonly string[];
  /** Servers describe themselves and their failures in their own words; those words pass it. */
  readonly redactor: Redactor;
  readonly approvals: Pick<ToolApprovals, 'lookAgainAtAll' | 'waiting'>;
  /** What makes the manifest; loaded at the first question. */
  manifest(): Promise<ManifestSource>;
  readonly clock: Clock;
  /** Context and sessions. */
  readonly owned: StatePort;
  /** Starts the checker of programs, if the config wants one, before the first program comes; returns at once. */
  warmCheck(): void;
  /** Hands news of the catalogue to the workers; cheap when there is none. */
  tellWorkers(): void;
}

export class Engine implements EnginePort {
  readonly #parts: EngineParts;
  readonly #startedMs: number;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#startedMs = parts.clock.monotonicMs();
  }

  execute(request: ExecuteRequest, context: RunContext): Promise<Outcome> {
    this.#parts.tellWorkers();
    return this.#parts.executor.execute(request, context);
  }

  state(): StatePort {
    return this.#parts.owned;
  }

  intents(): EngineIntents {
    return this.#parts.intents;
  }

  search(
    query: string,
    limit: number | undefined,
    _context?: RunContext,
    tenant?: string | undefined,
  ): Promise<SearchAnswer> {
    return this.searchFor(tenant, query, limit);
  }

  /** With the intents of a tenant in front. */
  async searchFor(tenant: string | undefined, query: string, limit: number | undefined): Promise<SearchAnswer> {
    const missing = await this.#parts.fleet.whenListed(SEARCH_WAIT_MS);
    await this.#parts.approvals.lookAgainAtAll();
    const intents = await this.#parts.intents.matches(tenant, query, limit);
    const { matches, total } = this.#parts.catalog.search(query, limit);
    const toolsMax = (limit ?? SEARCH_LIMIT_DEFAULT) - intents.length;
    const tools = matches.slice(0, Math.max(0, toolsMax)).map(({ score: _score, ...match }) => match);
    const answer = { matches: [...intents, ...tools], total };
    return this.#redacted(missing.length === 0 ? answer : { ...answer, missing });
  }

  async searchText(query: string, limit: number | undefined): Promise<string> {
    // A model that searches writes a program next.
    this.#parts.warmCheck();
    if (query.trim().toLowerCase() === 'help') {
      return this.#parts.containers ? `${GUIDE}${CONTAINER_GUIDE}` : GUIDE;
    }
    const { catalog, fleet, tokens } = this.#parts;
    const missing = await fleet.whenListed(SEARCH_WAIT_MS);
    await this.#parts.approvals.lookAgainAtAll();
    const text = await this.#parts.intents.withIntents(
      query,
      limit,
      catalog.search(query, limit),
      (result, limitTokens) =>
        renderSearch(result, {
          countTokens: (part) => tokens.count(part),
          detailOf: (server, tool, as) => catalog.detail(server, tool, as),
          missing,
          limitTokens,
        }),
    );
    return this.#parts.redactor.text(text);
  }

  async describe(server: string, tool: string, tenant?: string | undefined): Promise<ToolDescription> {
    const { catalog, fleet } = this.#parts;
    const name = catalog.serverNameOf(server);
    if (name === undefined && server === INTENTS_SERVER) {
      return this.#redacted(await this.#parts.intents.describe(tenant, tool));
    }
    try {
      if (name !== undefined && !catalog.resolve(server, tool)) await fleet.ensureListed(name);
      await this.#parts.approvals.lookAgainAtAll();
      return this.#redacted(catalog.describe(server, tool));
    } catch (error) {
      throw this.#redactedError(error);
    }
  }

  async manifest(): Promise<SignedManifest> {
    await this.#parts.approvals.lookAgainAtAll();
    return (await this.#parts.manifest()).signed();
  }

  async servers(): Promise<ServerStatus[]> {
    await this.#parts.approvals.lookAgainAtAll();
    return this.#statuses();
  }

  health(): Json {
    const servers = this.#statuses();
    const failed = servers.filter((server) => server.error !== undefined).map((server) => server.name);
    const { facts, clock } = this.#parts;
    return {
      status: failed.length === 0 ? 'ok' : 'degraded',
      version: facts.version,
      uptimeMs: Math.round(clock.monotonicMs() - this.#startedMs),
      servers: { configured: servers.length, failed },
    };
  }

  async stats(): Promise<Json> {
    const { executor, backend, containers, otherBackends, catalog, cache } = this.#parts;
    await backend.refreshStats();
    return {
      runs: executor.stats(),
      sandbox: backend.stats(),
      ...(containers ? { containers: containers.stats() } : {}),
      ...statsOfOthers(otherBackends),
      catalog: { servers: catalog.servers().length, tools: catalog.size },
      cache: { ...(await cache.stats()) } as unknown as Json,
      memory: { rssBytes: process.memoryUsage.rss() },
    };
  }

  inventory(): readonly string[] {
    return this.#parts.serverNames;
  }

  #statuses(): ServerStatus[] {
    const { fleet, approvals, redactor } = this.#parts;
    return fleet.servers().map(({ name, tools, state, error }) => {
      const changed = approvals.waiting(name);
      return {
        name,
        tools,
        state,
        ...(error === undefined ? {} : { error: redactor.text(error) }),
        ...(changed.length === 0 ? {} : { changed }),
      };
    });
  }

  #redacted<Answer extends object>(answer: Answer): Answer {
    return this.#parts.redactor.json(answer as unknown as Json) as unknown as Answer;
  }

  #redactedError(error: unknown): unknown {
    const { redactor } = this.#parts;
    if (!(error instanceof OptimizerError) || !redactor.active) return error;
    const { code, message, hint, data, retryable, cause } = error;
    return new OptimizerError(code, redactor.text(message), {
      ...(hint === undefined ? {} : { hint: redactor.text(hint) }),
      ...(data === undefined ? {} : { data: redactor.json(data) as JsonObject }),
      retryable,
      cause,
    });
  }
}

function statsOfOthers(backends: Readonly<Record<string, SandboxBackend>>): { backends?: JsonObject } {
  const names = Object.keys(backends);
  if (names.length === 0) return {};
  return { backends: Object.fromEntries(names.map((name) => [name, backends[name]?.stats() ?? null])) };
}
