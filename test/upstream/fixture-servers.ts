/** The servers that the tests of this room start, as specs, and what tells whether one of their processes is left. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MemoryStore } from '../../src/state/memory.ts';
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

/** A store in memory that tells what was ever written to it. */
export class MapStore extends MemoryStore {
  readonly written = new Map<string, string>();

  constructor() {
    super({ nowMs: () => 0, monotonicMs: () => 0 });
  }

  override async set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void> {
    this.written.set(`${namespace}/${key}`, text);
    await super.set(namespace, key, text, ttlMs);
  }
}
