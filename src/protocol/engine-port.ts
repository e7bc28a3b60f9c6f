/**
 * What the protocol needs of the engine, as an interface: the engine room implements it, `app` hands it in, and the
 * tests of this room put a hand-written fake in its place. Nothing here knows JSON-RPC or MCP.
 * Ownership: the caller owns `context.signal`; the engine never calls `onEvent` after the promise it belongs to has settled.
 */
import type { Json } from '../core/json.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { ExecuteRequest, RunContext } from '../engine/request.ts';
import type { IntentsPort } from './intents-port.ts';
import type { ManifestPort } from './manifest-port.ts';
import type { StatePort } from './state-port.ts';

export interface SearchMatch {
  readonly server: string;
  readonly tool: string;
  readonly signature: string;
  readonly kind: 'tool' | 'intent';
  /** Present when the tool waits for a person: its definition has changed, and a call is refused. */
  readonly pinned?: false;
}

export interface SearchAnswer {
  readonly matches: readonly SearchMatch[];
  /** Size of the catalogue, not the number of matches. */
  readonly total: number;
  /** Servers that were still listing when the search answered. */
  readonly missing?: readonly string[];
}

export interface ToolDescription {
  readonly server: string;
  readonly tool: string;
  /** One line. */
  readonly signature: string;
  /** Complete TypeScript that stands alone. */
  readonly declaration: string;
  /** True once the definition is approved; a changed one waits for a person. */
  readonly pinned: boolean;
}

export interface ServerStatus {
  readonly name: string;
  /** Number of tools listed. */
  readonly tools: number;
  readonly state: string;
  readonly error?: string;
  /** Tools whose definition has changed since it was approved; none of them can be called. */
  readonly changed?: readonly string[];
}

/**
 * The engine as this room sees it. Every promise rejects only with an `OptimizerError` or for a fault of ours; a failing
 * program is an `Outcome`, never a rejection.
 */
export interface EnginePort extends ManifestPort {
  execute(request: ExecuteRequest, context: RunContext): Promise<Outcome>;
  /** Context and sessions. */
  state(): StatePort | Promise<StatePort>;
  /** Intents and batches. */
  intents(): IntentsPort | Promise<IntentsPort>;
  search(
    query: string,
    limit: number | undefined,
    context: RunContext,
    tenant?: string | undefined,
  ): Promise<SearchAnswer>;
  /** The text that `search_tools` shows: matches, the guide for "help", the list of servers for an empty query. */
  searchText(query: string, limit: number | undefined): Promise<string>;
  /** Rejects with `request.server` or `request.tool`, nearest names in the message. */
  describe(server: string, tool: string, tenant?: string | undefined): Promise<ToolDescription>;
  servers(): readonly ServerStatus[] | Promise<readonly ServerStatus[]>;
  health(): Json | Promise<Json>;
  stats(): Promise<Json>;
  /** Names of the configured servers; known before any of them is connected. */
  inventory(): readonly string[];
}
