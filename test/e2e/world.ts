/**
 * What the tests of the built binary stand on: where it is, a folder of their own, configs with real and with bad servers,
 * and a count of the processes that were left behind. Every server is marked with the folder's path in its environment
 * and every start of the binary by the config's path in its arguments; both end with the test file, or it fails.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface ServerEntry {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/** The executable that `npm run build` makes; `npm test` does so first. */
export function builtBinary(): string {
  const path = join(ROOT, 'dist', process.platform === 'win32' ? 'mcp-optimizer.exe' : 'mcp-optimizer');
  if (!existsSync(path))
    throw new Error(`There is no ${path}; run \`npm run build\` first, or \`npm test\`, which does.`);
  return path;
}

export class World {
  readonly binary = builtBinary();
  /** An empty folder of this test file. */
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-optimizer-e2e-')));
  readonly #ends: Array<() => Promise<void>> = [];

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Writes a config and answers its path. State is kept in memory unless `more` says otherwise. */
  config(name: string, servers: Readonly<Record<string, ServerEntry>>, more: Readonly<Record<string, unknown>> = {}) {
    const marked = Object.entries(servers).map(([server, entry]) => [
      server,
      { ...entry, env: { ...entry.env, MCP_OPTIMIZER_E2E: this.folder } },
    ]);
    const path = this.path(`${name}.json`);
    writeFileSync(path, JSON.stringify({ mcpServers: Object.fromEntries(marked), state: 'memory', ...more }));
    return path;
  }

  /** Filesystem (on `files`), memory and everything, the reference servers of the protocol's authors. */
  realServers(files: string): Record<string, ServerEntry> {
    const server = (name: string, args: string[], env: Record<string, string> = {}): ServerEntry => ({
      command: process.execPath,
      args: [join(ROOT, `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`), ...args],
      env,
    });
    return {
      filesystem: server('filesystem', [files]),
      memory: server('memory', [], { MEMORY_FILE_PATH: this.path('memory.jsonl') }),
      everything: server('everything', []),
    };
  }

  /** A server of `test/fixtures/servers`. */
  fixture(name: string, args: readonly string[] = [], more: Readonly<Record<string, unknown>> = {}): ServerEntry {
    return { command: process.execPath, args: [join(ROOT, 'test/fixtures/servers', `${name}.mjs`), ...args], ...more };
  }

  /** `end` is called by `close`; ending twice must do no harm. */
  onClose(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  /** Ends what was started in order, removes the folder, and answers the processes that are left although they should not. */
  async close(): Promise<string[]> {
    await Promise.all(this.#ends.map((end) => end()));
    const left = await this.leftBehind();
    rmSync(this.folder, { recursive: true, force: true });
    return left;
  }

  /** Processes of this world that still run; a kill that is under way is given a moment. */
  async leftBehind(): Promise<string[]> {
    for (let attempt = 0; ; attempt += 1) {
      const left = this.running();
      if (left.length === 0 || attempt === 20) return left;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** `pid command` of each process of this world. Knows Linux only: elsewhere the environment of a process cannot be read. */
  running(): string[] {
    if (process.platform !== 'linux') return [];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
      .flatMap((pid) => {
        try {
          const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
          const isOurs = `${command}${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(this.folder);
          return isOurs && command !== '' ? [`${pid} ${command}`] : [];
        } catch {
          // It has ended meanwhile, or belongs to another user.
          return [];
        }
      });
  }
}
