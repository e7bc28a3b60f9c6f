/** The servers that the tests of this room start, as specs, and what tells whether one of their processes is left. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Store, StoredEntry } from '../../src/state/store.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import type { ConnectDeps } from '../../src/upstream/connect.ts';
import type { HttpServerSpec, StdioServerSpec } from '../../src/upstream/server-spec.ts';

const base = {
  timeoutMs: 10_000,
  startTimeoutMs: 10_000,
  toolTimeoutsMs: {},
  include: undefined,
  exclude: [],
  effects: {},
  era: 'legacy',
} as const;

/** A fixture of `test/fixtures/servers` under its own name. */
export function fixture(
  name: string,
  args: readonly string[] = [],
  more: Partial<StdioServerSpec> = {},
): StdioServerSpec {
  const path = fileURLToPath(new URL(`../fixtures/servers/${name}.mjs`, import.meta.url));
  return {
    ...base,
    name,
    transport: 'stdio',
    command: process.execPath,
    args: [path, ...args],
    env: {},
    cwd: undefined,
    ...more,
  };
}

/** One of the reference servers of the protocol's authors. */
export function reference(
  name: 'everything' | 'filesystem' | 'memory',
  args: readonly string[] = [],
  env = {},
): StdioServerSpec {
  const path = fileURLToPath(
    new URL(`../../node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, import.meta.url),
  );
  return { ...base, name, transport: 'stdio', command: process.execPath, args: [path, ...args], env, cwd: undefined };
}

export function remote(name: string, url: string, more: Partial<HttpServerSpec> = {}): HttpServerSpec {
  return { ...base, name, transport: 'http', url, headers: {}, era: 'auto', ...more };
}

export const connectDeps: ConnectDeps = {
  clientInfo: { name: 'test', version: '0.0.0' },
  log: silentLog,
  environment: process.env,
  lineBytes: 1024 * 1024,
};

/** True while a process runs; one that has ended and was not collected yet does not count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return process.platform !== 'linux';
  }
}

/** Waits until `condition` holds. The test's own timeout ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A store in a map, as plain as the contract allows. */
export class MapStore implements Store {
  readonly name = 'map';
  readonly entries = new Map<string, StoredEntry>();

  async get(namespace: string, key: string): Promise<StoredEntry | undefined> {
    return this.entries.get(`${namespace}/${key}`);
  }
  async set(namespace: string, key: string, text: string): Promise<void> {
    this.entries.set(`${namespace}/${key}`, { text, expiresAtMs: undefined, updatedAtMs: 0 });
  }
  async delete(namespace: string, key: string): Promise<boolean> {
    return this.entries.delete(`${namespace}/${key}`);
  }
  async list(namespace: string, prefix = ''): Promise<string[]> {
    const start = `${namespace}/`;
    return [...this.entries.keys()]
      .filter((key) => key.startsWith(start + prefix))
      .map((key) => key.slice(start.length));
  }
  async close(): Promise<void> {}
}
