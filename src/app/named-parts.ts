/**
 * The backends, the store and the exporters that the config asks for by a name that somebody has registered. A file
 * apart, loaded only where there are any: who has none must not pay for it.
 */
import type { Config } from '../config/config.ts';
import { systemClock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { RunReport } from '../engine/run-report.ts';
import type { SandboxBackend } from '../sandbox/backend.ts';
import { GuardedBackend } from '../sandbox/guarded-backend.ts';
import { GuardedStore } from '../state/guarded-store.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Exporter, Extensions } from './extensions.ts';
import { loadModules } from './load-modules.ts';

export interface NamedParts {
  /** Undefined = `state` names none of them. */
  readonly store: Store | undefined;
  /** Every registered backend, started. */
  backends(
    inventory: () => Readonly<Record<string, readonly string[]>>,
  ): Promise<Readonly<Record<string, SandboxBackend>>>;
  /** Tells every exporter that the config names; never throws. */
  runEnded(report: RunReport): void;
  /** The exporters; backends and store belong to whoever asked for them. */
  close(): Promise<void>;
}

/** Throws `config.module`. What was opened before is closed again then. */
export async function openNamedParts(
  config: Config,
  registered: Extensions | undefined,
  log: Log,
): Promise<NamedParts> {
  const extensions = await loadModules(config.modules, registered);
  for (const name of Object.keys(config.extensions.backends)) {
    if (!extensions.backends.has(name)) throw unknown('backend', `backends.${name}`, name, extensions.backends);
  }
  const exporters = new Map<string, Exporter>();
  const close = async (): Promise<void> => {
    for (const [name, exporter] of exporters) {
      await attempt(
        () => exporter.close?.(),
        (reason) => log.warn({ exporter: name, reason }, 'an exporter could not be closed'),
      );
    }
  };
  try {
    for (const [name, options] of Object.entries(config.extensions.exporters)) {
      const factory = extensions.exporters.get(name);
      if (factory === undefined) throw unknown('exporter', `exporters.${name}`, name, extensions.exporters);
      exporters.set(name, await made('exporter', name, () => factory({ name, options, log }), ['runEnded']));
    }
    const store = await openStore(config, extensions, log);
    return {
      store,
      backends: (inventory) => openBackends(config, extensions, log, inventory),
      runEnded(report) {
        for (const [name, exporter] of exporters) {
          try {
            exporter.runEnded(report);
          } catch (error) {
            log.warn({ exporter: name, reason: wordsOf(error) }, 'an exporter failed');
          }
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openStore({ storeUrl }: Config, { stores }: Extensions, log: Log): Promise<Store | undefined> {
  if (storeUrl === undefined) return undefined;
  const name = storeUrl.slice(0, storeUrl.indexOf(':')).toLowerCase();
  const factory = stores.get(name);
  if (factory === undefined) throw unknown('store', 'state', name, stores);
  const needed = [
    'get',
    'set',
    'getBytes',
    'setBytes',
    'put',
    'increment',
    'delete',
    'list',
    'entries',
    'clear',
    'close',
  ];
  const store = await made('store', name, () => factory({ name, url: storeUrl, clock: systemClock, log }), needed);
  return new GuardedStore(name, store);
}

async function openBackends(
  config: Config,
  { backends }: Extensions,
  log: Log,
  inventory: () => Readonly<Record<string, readonly string[]>>,
): Promise<Record<string, SandboxBackend>> {
  const opened: Record<string, SandboxBackend> = {};
  try {
    for (const [name, factory] of backends) {
      const options = config.extensions.backends[name] ?? {};
      const make = () => factory({ name, options, limits: config.limits, log, inventory });
      const backend = await made('backend', name, make, ['run', 'stats', 'close']);
      const onFault = (reason: string): void =>
        log.error({ backend: name, reason }, 'a backend has broken its contract');
      opened[name] = new GuardedBackend({ name, backend, onFault });
    }
    return opened;
  } catch (error) {
    for (const backend of Object.values(opened))
      await attempt(
        () => backend.close(),
        () => {},
      );
    throw error;
  }
}

/** What a factory makes, if it has the functions that it must have. */
async function made<Part extends object>(
  kind: string,
  name: string,
  make: () => Part | Promise<Part>,
  needed: readonly string[],
): Promise<Part> {
  let part: Part;
  try {
    part = await make();
  } catch (error) {
    throw new OptimizerError('config.module', `the ${kind} \`${name}\` cannot be made: ${wordsOf(error)}`, {
      cause: error,
    });
  }
  const missing = needed.filter((method) => typeof (part as Record<string, unknown> | null)?.[method] !== 'function');
  if (missing.length === 0) return part;
  throw new OptimizerError(
    'config.module',
    `what the factory of the ${kind} \`${name}\` made has no \`${missing[0]}\``,
    {
      hint: `A ${kind} has ${needed.map((method) => `\`${method}\``).join(', ')}.`,
    },
  );
}

function unknown(kind: string, where: string, name: string, known: ReadonlyMap<string, unknown>): OptimizerError {
  const names = [...known.keys()];
  const near = nearest(name, names, 1);
  const closest = near.length === 0 ? '' : `; the nearest is \`${near[0]}\``;
  return new OptimizerError(
    'config.module',
    `${where}: no module brings ${kind === 'exporter' ? 'an' : 'a'} ${kind} \`${name}\`${closest}`,
    {
      hint:
        names.length === 0
          ? 'Name the module that brings it in `modules`.'
          : `There is ${names.map((one) => `\`${one}\``).join(', ')}.`,
      data: { kind, name, nearest: near },
    },
  );
}

async function attempt(work: () => unknown, onFailed: (reason: string) => void): Promise<void> {
  try {
    await work();
  } catch (error) {
    onFailed(wordsOf(error));
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
