/**
 * The house behind the classes of the package: what `app/compose` builds, made at the first use and closed once. Nothing
 * here does anything itself; a class of this room translates options into a config and calls into requests.
 */
import { type App, compose } from '../app/compose.ts';
import type { Extensions } from '../app/extensions.ts';
import type { HostTools } from '../app/host-tools.ts';
import { startSandbox } from '../app/sandbox.ts';
import { readEnvironment } from '../config/environment.ts';
import { type ConfigOptions, loadConfig } from '../config/load.ts';
import { OptimizerError } from '../core/errors.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { registeredExtensions } from './registry.ts';

/** What every class takes beside its own options. */
export interface HouseOptions {
  /**
   * Path of a config file, or what would stand in one (docs/config.md); relative paths in a value start in the working
   * directory. Default: an empty config. No file is looked for.
   */
  readonly config?: string | Readonly<Record<string, unknown>>;
  /** Functions of this process that programs call as `tools.SERVER.TOOL(args)`. */
  readonly tools?: HostTools;
  /**
   * Where state is kept: `"memory"`, a path, `"redis://…"`, or the address of a registered store. Default: what a config
   * file says; with a config as a value, or none, `"memory"`, so that nothing is written that nobody asked for.
   */
  readonly state?: string;
  /** Where the log goes. Default: JSON lines on stderr, from `warn` on. */
  readonly log?: Log;
}

export class House {
  readonly #options: HouseOptions;
  readonly #more: Readonly<Record<string, unknown>>;
  #app: Promise<App> | undefined;
  #isClosed = false;

  /** `more` is laid over the config, key by key of its top; only for a config that is a value. */
  constructor(options: HouseOptions, more: Readonly<Record<string, unknown>> = {}) {
    this.#options = options;
    this.#more = more;
  }

  /** Rejects with a `config.*` error, and with `request.shutdown` once it has been closed. */
  app(): Promise<App> {
    if (this.#isClosed) {
      return Promise.reject(new OptimizerError('request.shutdown', 'it has been closed; nothing ran'));
    }
    this.#app ??= this.#build();
    return this.#app;
  }

  /** Ends servers, workers and store. Resolves when nothing of ours is left; later calls wait for the first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const app = await this.#app?.catch(() => undefined);
    await app?.close();
  }

  async #build(): Promise<App> {
    const { tools, log: given } = this.#options;
    const environment = readEnvironment();
    const extensions = registeredExtensions();
    const config = await loadConfig(this.#configOptions(extensions), environment);
    const log = given ?? createLog(config.log.level);
    for (const notice of config.notices) log.warn({}, notice);
    const backend = await startSandbox(config, environment, log);
    return compose(config, environment, {
      log,
      backend,
      ...(tools === undefined ? {} : { hostTools: tools }),
      ...(extensions === undefined ? {} : { extensions }),
    });
  }

  #configOptions(extensions: Extensions | undefined): ConfigOptions {
    const { config = {}, state } = this.#options;
    const common = { logLevel: 'warn', isRegistered: extensions !== undefined };
    if (typeof config === 'string') {
      if (Object.keys(this.#more).length > 0) {
        throw new OptimizerError('request.params', 'config: a path, beside options that stand in a config', {
          hint: 'Write the options into the file, or hand the config over as a value.',
          data: { path: 'config' },
        });
      }
      return { ...common, configPath: config, ...(state === undefined ? {} : { state }) };
    }
    const named = typeof config.state === 'string' ? config.state : 'memory';
    const level = (config.log as { level?: unknown } | undefined)?.level;
    return {
      isRegistered: common.isRegistered,
      ...(level === undefined ? { logLevel: common.logLevel } : {}),
      inline: { ...config, ...this.#more, state: state ?? named },
    };
  }
}
