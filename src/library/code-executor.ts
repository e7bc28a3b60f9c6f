/**
 * The executor: programs, intents and batches over MCP servers and functions of this process. The nouns are those of the
 * protocol, and so are requests, outcomes and errors (docs/protocol.md); only the pipe is missing.
 */
import type { App } from '../app/compose.ts';
import { OptimizerError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { BatchStep } from '../engine/batch/plan.ts';
import type { BatchRequest, BatchResult } from '../engine/batch/run-batch.ts';
import type { SaveRequest } from '../engine/intents/intent-library.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { SearchAnswer, ServerStatus, ToolDescription } from '../protocol/engine-port.ts';
import type { IntentFacts } from '../protocol/intents-port.ts';
import type { SignedManifest } from '../protocol/manifest-port.ts';
import { ExecutionMode } from './execution-mode.ts';
import { House, type HouseOptions } from './house.ts';
import { type RunOptions, splitOptions } from './run-options.ts';

export interface CodeExecutorOptions extends HouseOptions {
  /** Default: the `mode` of the config, else `code`. */
  readonly mode?: ExecutionMode;
}

export interface BatchOptions extends Omit<BatchRequest, 'steps'>, Pick<RunOptions, 'signal' | 'onEvent'> {}

const DEFAULT_TENANT = 'default';

/**
 * Starts at the first call and holds workers, servers and store until `close`. A failing program is an `Outcome`; what
 * rejects is an `OptimizerError`.
 */
export class CodeExecutor {
  readonly #house: House;
  readonly #mode: ExecutionMode | undefined;

  constructor({ mode, ...options }: CodeExecutorOptions = {}) {
    this.#house = new House(options);
    this.#mode = mode;
  }

  /** Builds everything now and connects the servers, instead of at the first call. Rejects with a `config.*` error. */
  async start(): Promise<void> {
    await this.#house.app();
  }

  /** Runs one program. */
  async execute(code: string, options: RunOptions = {}): Promise<Outcome> {
    const app = await this.#appFor('a program');
    const { request, context } = splitOptions(options, {
      plainCallsDirect: this.#modeOf(app) === ExecutionMode.HYBRID,
    });
    return app.engine.execute({ ...request, code }, context);
  }

  /** Runs the intent of a name, an alias or plain words. Rejects with `request.intent` when it is not clear which. */
  async executeIntent(
    intent: string,
    params: JsonObject = {},
    options: Omit<RunOptions, 'params'> = {},
  ): Promise<Outcome> {
    const app = await this.#appFor('an intent');
    const { request, context } = splitOptions(options);
    return app.engine.intents().executeIntent({ ...request, intent, params }, context);
  }

  /** Runs steps of code, intents and tools together (docs/batches.md). */
  async executeBatch(
    steps: readonly BatchStep[],
    { signal, onEvent, ...request }: BatchOptions = {},
  ): Promise<BatchResult> {
    const app = await this.#appFor('a batch');
    const { context } = splitOptions({ ...(signal ? { signal } : {}), ...(onEvent ? { onEvent } : {}) });
    return app.engine.intents().executeBatch({ ...request, steps }, context);
  }

  /** Calls one tool through the gate, without a program; works in every mode. */
  async callTool(server: string, tool: string, params: JsonObject = {}, options: BatchOptions = {}): Promise<Outcome> {
    const { signal, onEvent, ...request } = options;
    const app = await this.#house.app();
    const { context } = splitOptions({ ...(signal ? { signal } : {}), ...(onEvent ? { onEvent } : {}) });
    const steps = [{ id: 'call', tool: `${server}.${tool}`, params }];
    const { steps: outcomes } = await app.engine.intents().executeBatch({ ...request, steps }, context);
    const [{ id: _id, ...outcome }] = outcomes as [BatchResult['steps'][number]];
    return outcome;
  }

  /** Not in this version: no run is recorded. Rejects with `request.method`. */
  async replay(executionId: string): Promise<Outcome> {
    throw new OptimizerError('request.method', `replay of ${executionId.slice(0, 80)}: this version records no runs`, {
      hint: 'Run the program again; its calls are made again then.',
    });
  }

  async search(
    query: string,
    options: { readonly limit?: number; readonly tenant?: string } = {},
  ): Promise<SearchAnswer> {
    return (await this.#house.app()).engine.searchFor(options.tenant, query, options.limit);
  }

  /** The tool's types. Rejects with `request.server` or `request.tool`, nearest names in the message. */
  async describe(server: string, tool: string, options: { readonly tenant?: string } = {}): Promise<ToolDescription> {
    return (await this.#house.app()).engine.describe(server, tool, options.tenant);
  }

  async listIntents(options: { readonly tenant?: string } = {}): Promise<readonly IntentFacts[]> {
    return (await this.#house.app()).engine.intents().list(options.tenant ?? DEFAULT_TENANT);
  }

  /** Keeps a program, or that of a run, as an intent of the tenant. */
  async saveIntent(request: SaveRequest, options: { readonly tenant?: string } = {}): Promise<{ name: string }> {
    return (await this.#house.app()).engine.intents().save(options.tenant ?? DEFAULT_TENANT, request);
  }

  async deleteIntent(name: string, options: { readonly tenant?: string } = {}): Promise<{ name: string }> {
    return (await this.#house.app()).engine.intents().delete(options.tenant ?? DEFAULT_TENANT, name);
  }

  async servers(): Promise<readonly ServerStatus[]> {
    return (await this.#house.app()).engine.servers();
  }

  async manifest(): Promise<SignedManifest> {
    return (await this.#house.app()).engine.manifest();
  }

  async health(): Promise<Json> {
    return (await this.#house.app()).engine.health();
  }

  async stats(): Promise<Json> {
    return (await this.#house.app()).engine.stats();
  }

  /** Ends everything; runs under way are answered as `request.shutdown`. */
  close(): Promise<void> {
    return this.#house.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #modeOf({ config }: App): ExecutionMode {
    return this.#mode ?? config.mode;
  }

  async #appFor(what: string): Promise<App> {
    const app = await this.#house.app();
    if (this.#modeOf(app) !== ExecutionMode.DIRECT) return app;
    throw new OptimizerError('request.params', `mode: ${what} is not run in mode \`direct\`; nothing ran`, {
      hint: 'Use `callTool`, or another mode.',
      data: { path: 'mode' },
    });
  }
}
