/**
 * The whole product in this process with the real servers behind it, and the recorded lists of other servers beside them
 * as what else could be found. The same servers answer the direct calls, so both sides see the same results.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type App, compose } from '../../src/app/compose.ts';
import { startSandbox } from '../../src/app/sandbox.ts';
import { type Config, defaultConfig } from '../../src/config/config.ts';
import { environmentOf } from '../../src/config/environment.ts';
import type { Json } from '../../src/core/json.ts';
import type { EnginePort } from '../../src/protocol/engine-port.ts';
import { createSurface, type Surface } from '../../src/protocol/surface.ts';
import { callTool } from '../../src/protocol/tool-call.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import type { StdioServerSpec } from '../../src/upstream/server-spec.ts';
import type { ToolDefinition } from '../../src/upstream/tool-definition.ts';
import { type Data, makeData, SERVICES, writeData } from './data.ts';
import type { Block } from './ledger.ts';
import type { Call, Result } from './task.ts';

/** Where the recorded lists lie. */
const LISTS = new URL('../../test/fixtures/tools-list/', import.meta.url);
/** The servers that the bench installs for itself. */
const INSTALLED = join(import.meta.dirname, 'node_modules');
const BLOCK_TYPES = new Set(['text', 'image', 'audio', 'resource', 'resource_link']);

export class World {
  readonly data: Data;
  readonly surface: Surface = createSurface();
  readonly #folder: string;
  readonly #app: App;
  readonly #extra: readonly string[];
  #conversation = 0;

  private constructor(folder: string, app: App, data: Data, extra: readonly string[]) {
    this.#folder = folder;
    this.#app = app;
    this.data = data;
    this.#extra = extra;
  }

  /** The folder is made when it is not there; `withInstalled` adds git and SQLite. The caller closes the world. */
  static async open(folder: string, withInstalled: boolean): Promise<World> {
    mkdirSync(folder, { recursive: true });
    const real = realpathSync(folder);
    const data = makeData();
    writeData(real, data);
    const servers = [...ownServers(real), ...(withInstalled ? installedServers(real) : [])];
    if (withInstalled)
      await Promise.all([makeDatabase(join(real, 'shop.db'), data), makeRepository(join(real, 'repo'))]);
    const environment = environmentOf({
      variables: { PATH: process.env['PATH'] },
      cwd: real,
      homeDirectory: real,
      platform: process.platform,
      processors: 1,
    });
    const config: Config = { ...defaultConfig(environment), statePath: undefined, servers };
    const app = await compose(config, environment, {
      log: silentLog,
      backend: await startSandbox(config, environment, silentLog),
    });
    const missing = await app.fleet.whenListed(60_000);
    if (missing.length > 0) {
      const reasons = app.servers().flatMap(({ name, error }) => (error === undefined ? [] : [`${name}: ${error}`]));
      await app.close();
      throw new Error(`Not listed: ${missing.join(', ')}. ${reasons.join(' ')}`);
    }
    for (const [name, tools] of recordedLists()) {
      if (!servers.some((server) => server.name === name)) app.catalog.setServer(name, tools);
    }
    const world = new World(
      real,
      app,
      data,
      servers.map(({ name }) => name),
    );
    await world.#whenChecked();
    return world;
  }

  /** A program that comes before the compiler stands ready runs unchecked, and its mistake is answered in other words. */
  async #whenChecked(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const { text } = await this.ours('run_code', { code: 'return tools.everything.echo(1)' });
      if (text.includes('check.types')) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('The check of programs does not come up.');
  }

  async close(): Promise<void> {
    await this.#app.close();
  }

  /** Puts files and graph back to how they were; what follows is a conversation that nothing is known of. */
  reset(): void {
    this.#conversation += 1;
    writeData(this.#folder, this.data);
  }

  /** Servers that really run. */
  get running(): readonly string[] {
    return this.#extra;
  }

  read(path: string): string {
    const file = join(this.#folder, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** The three tools as a client puts them into a prompt, and the instructions with every server's name. */
  surfaceTexts(): string[] {
    const tools = this.surface.tools.map(({ name, description, inputSchema }) => ({
      name,
      description,
      input_schema: inputSchema,
    }));
    return [JSON.stringify(tools), this.surface.instructions(this.#app.catalog.serverNames())];
  }

  /** Definitions and instructions of servers that are connected directly. */
  definitionTexts(servers: readonly string[] = this.#app.catalog.serverNames()): string[] {
    return servers.flatMap((server) => [
      ...this.#app.catalog.toolNames(server).map((tool) => this.definition(`${server}.${tool}`)),
      this.#extra.includes(server) ? (this.#app.fleet.instructions(server) ?? '') : '',
    ]);
  }

  definition(path: string): string {
    const dot = path.indexOf('.');
    const { definition } = this.#app.catalog.requireTool(path.slice(0, dot), path.slice(dot + 1));
    const { name, description, inputSchema } = definition;
    return JSON.stringify({ name, description, input_schema: inputSchema });
  }

  /** `server.tool` of the five best hits. */
  hits(query: string): string[] {
    return this.#app.catalog.search(query, 5).matches.map(({ server, tool }) => `${server}.${tool}`);
  }

  /** How a program calls a tool. */
  spelling(path: string): string {
    const dot = path.indexOf('.');
    const tool = this.#app.catalog.requireTool(path.slice(0, dot), path.slice(dot + 1));
    return `tools.${tool.serverAlias}.${tool.alias}(`;
  }

  async call({ server, tool, args }: Call): Promise<Result & { readonly blocks: Block[] }> {
    const raw = (await this.#app.fleet.call(server, tool, this.#outward(args)).catch((error: Error) => ({
      content: [{ type: 'text', text: error.message }],
      isError: true,
    }))) as { content: Block[]; isError?: boolean };
    const blocks = this.#inward(raw.content);
    return { blocks, text: blocks.map(({ text }) => text ?? '').join('\n'), isError: raw.isError === true };
  }

  /** One call of one of our three tools, as a client makes it. */
  async ours(name: string, args: Record<string, string>): Promise<Result & { readonly blocks: Block[] }> {
    const dependencies = {
      engine: this.#engine(),
      surface: this.surface,
      log: silentLog,
      check: this.#app.config.check,
      readOnly: false,
      plainCallsDirect: false,
      isBlock: (value: Json) => BLOCK_TYPES.has(String((value as { type?: Json } | null)?.type)),
    };
    const { signal } = new AbortController();
    const answer = await callTool(dependencies, name, this.#outward(args) as never, { signal, onEvent: () => {} });
    const blocks = this.#inward(answer.content as unknown as Block[]);
    return { blocks, text: blocks.map(({ text }) => text ?? '').join('\n'), isError: answer.isError };
  }

  /** The engine for a tenant of this conversation's own: what the product proposes after many runs is not counted in. */
  #engine(): Pick<EnginePort, 'execute' | 'searchText'> {
    const { engine } = this.#app;
    const tenant = `conversation-${this.#conversation}`;
    return {
      execute: (request, context) => engine.execute({ ...request, tenant }, context),
      searchText: (query, limit) => engine.searchText(query, limit),
    };
  }

  /** `/data` becomes the folder on the way out and the folder becomes `/data` on the way in: tokens depend on no machine. */
  #outward(value: object): Record<string, unknown> {
    return JSON.parse(JSON.stringify(value).replaceAll('/data', JSON.stringify(this.#folder).slice(1, -1)));
  }

  #inward(blocks: readonly Block[]): Block[] {
    return JSON.parse(JSON.stringify(blocks).replaceAll(JSON.stringify(this.#folder).slice(1, -1), '/data'));
  }
}

export function recordedLists(): Map<string, ToolDefinition[]> {
  return new Map(
    readdirSync(LISTS)
      .filter((file) => file.endsWith('.json'))
      .sort()
      .map((file) => {
        const { tools } = JSON.parse(readFileSync(new URL(file, LISTS), 'utf8')) as { tools: ToolDefinition[] };
        return [file.replace('.json', ''), tools.map((tool) => ({ ...tool, annotations: tool.annotations ?? {} }))];
      }),
  );
}

function spec(name: string, args: readonly string[], env: Record<string, string> = {}): StdioServerSpec {
  return {
    name,
    transport: 'stdio',
    command: process.execPath,
    args,
    env,
    cwd: undefined,
    timeoutMs: 30_000,
    startTimeoutMs: 60_000,
    toolTimeoutsMs: {},
    include: undefined,
    exclude: [],
    effects: {},
    era: 'legacy',
  };
}

function ownServers(folder: string): StdioServerSpec[] {
  const require = createRequire(import.meta.url);
  const entry = (name: string): string => require.resolve(`@modelcontextprotocol/server-${name}/dist/index.js`);
  return [
    spec('filesystem', [entry('filesystem'), folder]),
    spec('memory', [entry('memory')], { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') }),
    spec('everything', [entry('everything')]),
  ];
}

function installedServers(folder: string): StdioServerSpec[] {
  return [
    spec('git', [join(INSTALLED, '@cyanheads/git-mcp-server/dist/index.js')], {
      MCP_TRANSPORT_TYPE: 'stdio',
      MCP_LOG_LEVEL: 'error',
      LOGS_DIR: join(folder, '.git-logs'),
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
    }),
    spec('dbhub', [
      join(INSTALLED, '@bytebase/dbhub/dist/index.js'),
      '--transport',
      'stdio',
      '--dsn',
      `sqlite://${join(folder, 'shop.db')}`,
    ]),
  ];
}

async function makeDatabase(file: string, data: Data): Promise<void> {
  rmSync(file, { force: true });
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE customers (id TEXT PRIMARY KEY, region TEXT)');
  database.exec('CREATE TABLE orders (id TEXT PRIMARY KEY, customer_id TEXT, cents INTEGER, status TEXT)');
  const customer = database.prepare('INSERT INTO customers VALUES (?, ?)');
  for (const [id, region] of data.regions) customer.run(id, region);
  const order = database.prepare('INSERT INTO orders VALUES (?, ?, ?, ?)');
  for (const { id, customer: by, cents, status } of data.orders) order.run(id, by, cents, status);
  database.close();
}

/** Thirty commits by three people, with fixed dates and so with fixed hashes. */
async function makeRepository(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const git = (args: readonly string[], env: Record<string, string> = {}): void => {
    execFileSync('git', [...args], {
      cwd: folder,
      stdio: 'ignore',
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...env },
    });
  };
  const { writeFile } = await import('node:fs/promises');
  git(['init', '-b', 'main']);
  for (let at = 0; at < 30; at++) {
    const name = ['Ada', 'Bo', 'Cleo'][(at * at) % 3] ?? 'Ada';
    const service = SERVICES[at % SERVICES.length] ?? 'mail';
    await writeFile(join(folder, `${service}.txt`), `${service} ${at}\n`.repeat(1 + (at % 7)));
    const date = `2026-01-${String(1 + at).padStart(2, '0')}T10:00:00Z`;
    const who = { NAME: name, EMAIL: `${name.toLowerCase()}@example.com`, DATE: date };
    const env = Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((role) =>
        Object.entries(who).map(([key, value]) => [`GIT_${role}_${key}`, value]),
      ),
    );
    git(['add', '.']);
    git(['commit', '-m', `Change ${service} (${at})`], env);
  }
}
