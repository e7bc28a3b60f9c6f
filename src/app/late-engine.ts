/**
 * An engine that is still being built: the pipe answers a client's greeting from the first millisecond, and the first
 * question waits here for the rest of the house.
 */
import type { Json } from '../core/json.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { ExecuteRequest, RunContext } from '../engine/request.ts';
import type { EnginePort, SearchAnswer, ServerStatus, ToolDescription } from '../protocol/engine-port.ts';
import type { IntentsPort } from '../protocol/intents-port.ts';
import type { SignedManifest } from '../protocol/manifest-port.ts';
import type { StatePort } from '../protocol/state-port.ts';

export class LateEngine implements EnginePort {
  readonly #engine: Promise<EnginePort>;
  readonly #inventory: readonly string[];

  /** A rejection of `engine` is the answer to every question. */
  constructor(engine: Promise<EnginePort>, inventory: readonly string[]) {
    this.#engine = engine;
    this.#inventory = inventory;
  }

  async execute(request: ExecuteRequest, context: RunContext): Promise<Outcome> {
    return (await this.#engine).execute(request, context);
  }

  async state(): Promise<StatePort> {
    return (await this.#engine).state();
  }

  async intents(): Promise<IntentsPort> {
    return (await this.#engine).intents();
  }

  async search(
    query: string,
    limit: number | undefined,
    context: RunContext,
    tenant?: string | undefined,
  ): Promise<SearchAnswer> {
    return (await this.#engine).search(query, limit, context, tenant);
  }

  async searchText(query: string, limit: number | undefined): Promise<string> {
    return (await this.#engine).searchText(query, limit);
  }

  async describe(server: string, tool: string, tenant?: string | undefined): Promise<ToolDescription> {
    return (await this.#engine).describe(server, tool, tenant);
  }

  async manifest(): Promise<SignedManifest> {
    return (await this.#engine).manifest();
  }

  async servers(): Promise<readonly ServerStatus[]> {
    return (await this.#engine).servers();
  }

  async health(): Promise<Json> {
    return (await this.#engine).health();
  }

  async stats(): Promise<Json> {
    return (await this.#engine).stats();
  }

  inventory(): readonly string[] {
    return this.#inventory;
  }
}
