/**
 * The plugins of the config as transports for the fleet. Everything behind the face is loaded when a plugin is started for
 * the first time: a process without plugins, or one that only shows their kept lists, pays for none of it.
 */
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { PluginFace } from '../plugins/mcp-face.ts';
import type { Plugin } from '../plugins/plugin.ts';
import type { PluginSpec } from '../plugins/plugin-spec.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { Log } from '../telemetry/log.ts';
import type { FleetDeps } from '../upstream/fleet.ts';

export interface PluginParts {
  readonly config: Config;
  readonly environment: Environment;
  readonly log: Log;
  readonly redactor: Redactor;
}

/** How the fleet reaches the plugin of a name; each face makes and owns a plugin of its own. */
export function pluginOpener(parts: PluginParts): NonNullable<FleetDeps['openPlugin']> {
  const specs = new Map(parts.config.plugins.map((spec) => [spec.name, spec]));
  return (name) => {
    const spec = specs.get(name);
    if (spec === undefined) throw new Error(`No plugin is called "${name}".`);
    const face = new PluginFace({ name, memoryBytes: spec.memoryBytes, open: () => openPlugin(spec, parts) });
    // The face has the shape of a transport and does not import the SDK, whose types speak of more than it is sent.
    return face as unknown as ReturnType<NonNullable<FleetDeps['openPlugin']>>;
  };
}

async function openPlugin(spec: PluginSpec, { config, environment, log, redactor }: PluginParts): Promise<Plugin> {
  const [{ Plugin }, { prepare }, { OutputCache }, threads] = await Promise.all([
    import('../plugins/plugin.ts'),
    import('../plugins/prepare.ts'),
    import('../plugins/output-cache.ts'),
    import('./plugin-threads.ts'),
  ]);
  const folder = keptFolder(config, environment);
  const cache = folder === undefined ? undefined : new OutputCache(folder, log);
  return new Plugin({
    spec,
    log,
    prepare: (signal) => prepare(spec, { cache, spawnTranspiler: threads.spawnTranspiler }, signal),
    spawnWorker: (output) =>
      threads.spawnPluginWorker({
        output,
        memoryBytes: spec.memoryBytes,
        resultChars: config.limits.toolResultBytes,
      }),
    http: { hosts: spec.hosts, fetch: globalThis.fetch, redact: (text) => redactor.text(text) },
  });
}

/** Beside the state file. State that is kept in memory leaves nothing behind, translated plugins included. */
function keptFolder(config: Config, { paths, stateDirectory }: Environment): string | undefined {
  if (config.statePath !== undefined) return paths.join(paths.dirname(config.statePath), 'plugins');
  return config.redisUrl === undefined ? undefined : paths.join(stateDirectory, 'plugins');
}
