/** A plugin of the fixtures in real threads, with a log that is kept and a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnPluginWorker, spawnTranspiler } from '../../src/app/plugin-threads.ts';
import { sha256Hex } from '../../src/core/crypto.ts';
import type { OutputCache } from '../../src/plugins/output-cache.ts';
import { Plugin } from '../../src/plugins/plugin.ts';
import type { PluginSpec } from '../../src/plugins/plugin-spec.ts';
import { prepare } from '../../src/plugins/prepare.ts';
import type { Log } from '../../src/telemetry/log.ts';

const MiB = 1024 * 1024;

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export function keptLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ ...fields, level, message });
  };
  return {
    lines,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
  };
}

export class PluginWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'optimizer-plugins-'));
  readonly lines: LogLine[];
  readonly log: Log;
  readonly #plugins: Plugin[] = [];

  constructor() {
    const { log, lines } = keptLog();
    this.log = log;
    this.lines = lines;
  }

  spec(component: Uint8Array, more: Partial<PluginSpec> = {}): PluginSpec {
    const path = join(this.folder, `${sha256Hex(component).slice(0, 8)}.wasm`);
    writeFileSync(path, component);
    return { name: 'fixture', path, sha256: sha256Hex(component), hosts: [], memoryBytes: 8 * MiB, ...more };
  }

  /** Closed with the world. */
  plugin(
    spec: PluginSpec,
    options: { cache?: OutputCache; redact?: (text: string) => string; startTimeoutMs?: number } = {},
  ): Plugin {
    const plugin = new Plugin({
      spec,
      log: this.log,
      prepare: (signal) => prepare(spec, { cache: options.cache, spawnTranspiler }, signal),
      spawnWorker: (output) => spawnPluginWorker({ output, memoryBytes: spec.memoryBytes, resultChars: 2 * MiB }),
      ...(options.startTimeoutMs === undefined ? {} : { startTimeoutMs: options.startTimeoutMs }),
      http: { hosts: spec.hosts, fetch: globalThis.fetch, redact: options.redact ?? ((text) => text) },
    });
    this.#plugins.push(plugin);
    return plugin;
  }

  async close(): Promise<void> {
    await Promise.all(this.#plugins.map((plugin) => plugin.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
