/**
 * What others bring under a name: backends, stores and exporters. A module that the config names, or a program that
 * embeds the package, registers factories here; the house asks for those that the config mentions, and builds no other.
 *
 *   module ─▶ `register(registry)` ─▶ factories by name ─▶ `backends.NAME`, `state: "NAME:…"`, `exporters.NAME`
 *
 * Decision to know: such a module is code of the operator and runs with the rights of this process. Its answers are held
 * against the contract (sandbox/guarded-backend.ts, state/guarded-store.ts), so that a fault of it is one run's failure.
 */
import type { Clock } from '../core/clock.ts';
import { type ErrorCode, OptimizerError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { RunReport } from '../engine/run-report.ts';
import type { SandboxBackend } from '../sandbox/backend.ts';
import type { Limits } from '../sandbox/limits.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';

export interface BackendContext {
  /** As it was registered, and as a request names it. */
  readonly name: string;
  /** What the config says under `backends.NAME`; `{}` when it says nothing. */
  readonly options: JsonObject;
  /** The ceilings of a run. */
  readonly limits: Limits;
  readonly log: Log;
  /** Server → tools, as programs spell them: what `Object.keys(tools)` answers. */
  inventory(): Readonly<Record<string, readonly string[]>>;
}

export interface StoreContext {
  /** The scheme of `state` by which it was found. */
  readonly name: string;
  /** All of `state`, for example `files:///var/lib/state`. */
  readonly url: string;
  /** Time is read here and nowhere else, so that tests can move it. */
  readonly clock: Clock;
  readonly log: Log;
}

export interface ExporterContext {
  readonly name: string;
  /** What the config says under `exporters.NAME`. */
  readonly options: JsonObject;
  readonly log: Log;
}

/** Is told of every run that has ended. What it throws is logged and changes nothing. */
export interface Exporter {
  runEnded(report: RunReport): void;
  /** Called once, after the last run; what is buffered should be sent by the time it resolves. */
  close?(): Promise<void>;
}

export type BackendFactory = (context: BackendContext) => SandboxBackend | Promise<SandboxBackend>;
export type StoreFactory = (context: StoreContext) => Store | Promise<Store>;
export type ExporterFactory = (context: ExporterContext) => Exporter | Promise<Exporter>;

/** What `register` of a module is given. */
export interface Registry {
  registerBackend(name: string, factory: BackendFactory): void;
  registerStore(name: string, factory: StoreFactory): void;
  registerExporter(name: string, factory: ExporterFactory): void;
  /** An error with a code of docs/errors.md, for a store's `state.unavailable` and the like. */
  error(code: ErrorCode, message: string, details?: { readonly hint?: string; readonly data?: JsonObject }): Error;
}

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
/** Ours; a module that took one of them would change what everybody else means by it. */
const TAKEN: Readonly<Record<'backend' | 'store' | 'exporter', readonly string[]>> = {
  backend: ['quickjs', 'docker'],
  store: ['memory', 'file', 'sqlite', 'redis', 'rediss', 'http', 'https'],
  exporter: [],
};

export class Extensions implements Registry {
  readonly backends = new Map<string, BackendFactory>();
  readonly stores = new Map<string, StoreFactory>();
  readonly exporters = new Map<string, ExporterFactory>();

  /** A copy of `base`, if there is one: what is registered here is not seen there. */
  constructor(base?: Extensions) {
    for (const [name, factory] of base?.backends ?? []) this.backends.set(name, factory);
    for (const [name, factory] of base?.stores ?? []) this.stores.set(name, factory);
    for (const [name, factory] of base?.exporters ?? []) this.exporters.set(name, factory);
  }

  registerBackend(name: string, factory: BackendFactory): void {
    add('backend', this.backends, name, factory);
  }

  registerStore(name: string, factory: StoreFactory): void {
    add('store', this.stores, name, factory);
  }

  registerExporter(name: string, factory: ExporterFactory): void {
    add('exporter', this.exporters, name, factory);
  }

  error(code: ErrorCode, message: string, details: { readonly hint?: string; readonly data?: JsonObject } = {}): Error {
    return new OptimizerError(code, message, details);
  }
}

/** Throws `config.module` for a name that cannot be used, and for what is no function. */
function add<Factory>(kind: keyof typeof TAKEN, factories: Map<string, Factory>, name: string, factory: Factory): void {
  const refuse = (why: string, hint: string): never => {
    throw new OptimizerError(
      'config.module',
      `the ${kind} \`${String(name).slice(0, 60)}\` cannot be registered: ${why}`,
      {
        hint,
      },
    );
  };
  if (typeof name !== 'string' || !NAME.test(name)) {
    refuse('this is no name', 'A name has 1 to 40 lower-case letters, digits and hyphens, and begins with a letter.');
  }
  if (TAKEN[kind].includes(name)) refuse('the name is taken', 'Choose another name.');
  if (typeof factory !== 'function') refuse('the factory is no function', 'Hand over a function that makes it.');
  if (factories.has(name)) refuse('there is one already', 'Register a name once.');
  factories.set(name, factory);
}
