/**
 * Looks at one component without a config: what it is, what it asks for, which tools it has. Passes the same checks and
 * the same kind of worker as one that is served, and is given no host.
 */
import { sha256Hex } from '../core/crypto.ts';
import type { JsonObject } from '../core/json.ts';
import { definitionOf } from '../plugins/mcp-face.ts';
import type { PluginOutput } from '../plugins/messages.ts';
import { Plugin } from '../plugins/plugin.ts';
import { PLUGIN_DEFAULTS, type PluginSpec } from '../plugins/plugin-spec.ts';
import { prepare, readComponent, refusal } from '../plugins/prepare.ts';
import { silentLog } from '../telemetry/log.ts';
import { spawnPluginWorker, spawnTranspiler } from './plugin-threads.ts';

/** A listing that takes longer is a plugin that hangs. */
const LIST_TIMEOUT_MS = 10_000;
/** Schemas are the largest part of a list. */
const RESULT_CHARS = 1024 * 1024;

export interface PluginInspection {
  readonly sha256: string;
  readonly bytes: number;
  /** Interfaces that it imports, without versions. */
  readonly imports: readonly string[];
  /** As a server would list them. */
  readonly tools: readonly JsonObject[];
}

/** Throws `upstream.plugin` with the reason when the component would be refused. `path` is absolute. */
export async function inspectPlugin(
  path: string,
  name: string,
  listTimeoutMs = LIST_TIMEOUT_MS,
): Promise<PluginInspection> {
  const component = await readComponent(path, name);
  const sha256 = sha256Hex(component);
  const spec: PluginSpec = { name, path, sha256, hosts: [], memoryBytes: PLUGIN_DEFAULTS.memoryBytes };
  let output: PluginOutput | undefined;
  const plugin = new Plugin({
    spec,
    log: silentLog,
    prepare: async () => {
      output = await prepare(spec, { cache: undefined, spawnTranspiler });
      return output;
    },
    spawnWorker: (made) =>
      spawnPluginWorker({ output: made, memoryBytes: spec.memoryBytes, resultChars: RESULT_CHARS }),
    http: { hosts: [], fetch: globalThis.fetch, redact: (text) => text },
  });
  try {
    await plugin.start();
    const deadline = AbortSignal.timeout(listTimeoutMs);
    const listed = await plugin.listTools(deadline).catch((error: unknown) => {
      if (deadline.aborted) throw refusal(name, `its \`list-tools\` did not end within ${listTimeoutMs} ms.`);
      throw error;
    });
    const tools = listed.map(definitionOf);
    return { sha256, bytes: component.byteLength, imports: output?.imports ?? [], tools };
  } finally {
    await plugin.close();
  }
}
