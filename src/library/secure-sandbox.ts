/**
 * The sandbox alone: one program, functions of the embedder, no servers. The same engine, gate and limits as everywhere;
 * the options say where programs run and how many places stand ready.
 */
import { OptimizerError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { LimitName } from '../sandbox/limits.ts';
import { House, type HouseOptions } from './house.ts';
import { type RunOptions, splitOptions } from './run-options.ts';

export interface SecureSandboxOptions extends Pick<HouseOptions, 'tools' | 'log'> {
  /** `quickjs` (the default), `docker`, or the name of a registered backend. */
  readonly backend?: string;
  /** Guests that each worker keeps warm; containers of each language that wait (`docker`). */
  readonly poolSize?: number;
  /** Fill the pool before the first run. */
  readonly poolWarmup?: boolean;
  /** How often the pool is tidied. */
  readonly poolCleanupIntervalMs?: number;
  /** Ceilings of every run (docs/limits.md). */
  readonly limits?: Partial<Record<LimitName, number>>;
  /** What the backend takes beside the pool: `images` of `docker`, `engine` of `quickjs`, anything of a registered one. */
  readonly backendOptions?: Readonly<Record<string, Json>>;
  /** `process` = guests live in processes that can do nothing else. Only for `quickjs`; needs Node 26. */
  readonly isolation?: 'thread' | 'process';
}

/** Starts at the first run, or with `start`. */
export class SecureSandbox {
  readonly backend: string;
  readonly #house: House;

  constructor(options: SecureSandboxOptions = {}) {
    const { backend = 'quickjs', limits, isolation, tools, log } = options;
    this.backend = backend;
    const more = { ...placesOf(backend, options), ...(limits ? { limits } : {}), ...(isolation ? { isolation } : {}) };
    this.#house = new House({ ...(tools ? { tools } : {}), ...(log ? { log } : {}) }, more);
  }

  /** Builds everything now, and fills the pool if it is to be warm. Rejects with a `config.*` error. */
  async start(): Promise<void> {
    await this.#house.app();
  }

  /** A failing program is an `Outcome`; what rejects is an `OptimizerError`. */
  async run(code: string, options: Omit<RunOptions, 'backend'> = {}): Promise<Outcome> {
    const { engine } = await this.#house.app();
    const { request, context } = splitOptions(options);
    return engine.execute({ ...request, code, backend: this.backend }, context);
  }

  /** Figures of the backend. */
  async stats(): Promise<Json> {
    const stats = (await (await this.#house.app()).engine.stats()) as Record<string, Json>;
    if (this.backend === 'quickjs') return stats.sandbox ?? null;
    if (this.backend === 'docker') return stats.containers ?? null;
    return ((stats.backends ?? {}) as Record<string, Json>)[this.backend] ?? null;
  }

  close(): Promise<void> {
    return this.#house.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The options of the pool where the config has them: `pool`, or inside the backend. */
function placesOf(backend: string, options: SecureSandboxOptions): Readonly<Record<string, unknown>> {
  const { poolSize, poolWarmup, poolCleanupIntervalMs, isolation, backendOptions = {} } = options;
  const pool = Object.fromEntries(
    Object.entries({ poolSize, poolWarmup, poolCleanupIntervalMs }).filter(([, value]) => value !== undefined),
  );
  if (backend === 'quickjs') return { pool, backends: { quickjs: backendOptions } };
  if (isolation !== undefined) {
    throw new OptimizerError('request.params', `isolation: the backend \`${backend}\` has a place of its own`, {
      data: { path: 'isolation' },
    });
  }
  // No guest is needed, so none is made ahead.
  return { pool: { min: 0, poolSize: 0, poolWarmup: false }, backends: { [backend]: { ...pool, ...backendOptions } } };
}
