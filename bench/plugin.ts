/**
 * Suite `plugin`: what a tool in a component costs. The component is that of examples/plugin, JavaScript with QuickJS
 * inside, built here; beside it one of a few kilobytes without an engine. Calls go to the plugin's worker and back, and
 * then through a program, the gate and all of the house. Starts are of one plugin in a process that has started one before.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../src/app/compose.ts';
import { spawnPluginWorker, spawnTranspiler } from '../src/app/plugin-threads.ts';
import { startSandbox } from '../src/app/sandbox.ts';
import { readEnvironment } from '../src/config/environment.ts';
import { loadConfig } from '../src/config/load.ts';
import { sha256Hex } from '../src/core/crypto.ts';
import { OutputCache } from '../src/plugins/output-cache.ts';
import { Plugin } from '../src/plugins/plugin.ts';
import { PLUGIN_DEFAULTS, type PluginSpec } from '../src/plugins/plugin-spec.ts';
import { prepare } from '../src/plugins/prepare.ts';
import { silentLog } from '../src/telemetry/log.ts';
import { adapterComponent } from '../test/fixtures/plugins/components.ts';
import { exampleComponent } from '../test/fixtures/plugins/example.ts';
import { atMost, type Row, timesRow } from './figures.ts';

const ROUNDS = 20;
const CALLS_PER_ROUND = 100;
const WARM_UP_CALLS = 500;
const STARTS = 10;

export async function pluginSuite(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'optimizer-bench-plugin-'));
  try {
    const specs = {
      quickjs: write(folder, 'quickjs', await exampleComponent()),
      plain: write(folder, 'plain', await adapterComponent()),
    };
    return [...(await callRows(specs)), ...(await runRows(folder, specs)), ...(await startRows(folder, specs))];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Specs = Readonly<Record<'quickjs' | 'plain', PluginSpec>>;

function write(folder: string, name: string, component: Uint8Array): PluginSpec {
  const path = join(folder, `${name}.wasm`);
  writeFileSync(path, component);
  return { name, path, sha256: sha256Hex(component), hosts: [], memoryBytes: PLUGIN_DEFAULTS.memoryBytes };
}

function open(spec: PluginSpec, cache?: OutputCache): Plugin {
  return new Plugin({
    spec,
    log: silentLog,
    prepare: (signal) => prepare(spec, { cache, spawnTranspiler }, signal),
    spawnWorker: (output) =>
      spawnPluginWorker({ output, memoryBytes: spec.memoryBytes, resultChars: 16 * 1024 * 1024 }),
    http: { hosts: [], fetch: globalThis.fetch, redact: (text) => text },
  });
}

async function callRows(specs: Specs): Promise<Row[]> {
  const quickjs = open(specs.quickjs);
  const plain = open(specs.plain);
  const title = JSON.stringify({ title: 'Été à la plage' });
  const large = JSON.stringify({ title: 'x'.repeat(100_000) });
  const cases: ReadonlyArray<readonly [Plugin, string, string, number[]]> = [
    [quickjs, 'slug', title, []],
    [plain, 'echo', title, []],
    [quickjs, 'slug', large, []],
    [plain, 'echo', large, []],
  ];
  try {
    for (const [plugin, tool, args] of cases.slice(0, 2)) {
      for (let call = 0; call < WARM_UP_CALLS; call += 1) await ask(plugin, tool, args);
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [plugin, tool, args, times] of cases) {
        const calls = args === large ? CALLS_PER_ROUND / 10 : CALLS_PER_ROUND;
        for (let call = 0; call < calls; call += 1) times.push(await timeOf(() => ask(plugin, tool, args)));
      }
    }
    const [small, echo, largeSmall, largeEcho] = cases.map(([, , , times]) => times);
    return [
      timesRow('plugin call, component with QuickJS inside', small ?? [], { target: atMost(0.2) }),
      timesRow('plugin call, component without an engine', echo ?? []),
      timesRow('plugin call with 100 KB, component with QuickJS inside', largeSmall ?? []),
      timesRow('plugin call with 100 KB, component without an engine', largeEcho ?? []),
    ];
  } finally {
    await Promise.all([quickjs.close(), plain.close()]);
  }
}

async function ask(plugin: Plugin, tool: string, args: string): Promise<void> {
  const end = await plugin.call(tool, args);
  if (!end.ok || end.isError) throw new Error(`${tool} answered ${JSON.stringify(end).slice(0, 200)}`);
}

/** A program with one call, through everything. */
async function runRows(folder: string, specs: Specs): Promise<Row[]> {
  const path = join(folder, 'mcp-optimizer.json');
  const plugins = Object.fromEntries(
    Object.values(specs).map(({ name, path: file, sha256 }) => [name, { path: file, sha256 }]),
  );
  writeFileSync(path, JSON.stringify({ mcpServers: {}, state: 'memory', plugins }));
  const environment = readEnvironment();
  const config = await loadConfig({ configPath: path }, environment);
  const app = await compose(config, environment, {
    log: silentLog,
    backend: await startSandbox(config, environment, silentLog),
  });
  try {
    const { signal } = new AbortController();
    const run = async (): Promise<void> => {
      const code = 'return await tools.quickjs.slug({ title: "Été à la plage" })';
      const outcome = await app.engine.execute({ code }, { signal, onEvent: () => {} });
      if (outcome.status !== 'completed') throw new Error(JSON.stringify(outcome.error));
    };
    for (let index = 0; index < WARM_UP_CALLS; index += 1) await run();
    const times: number[] = [];
    for (let index = 0; index < ROUNDS * CALLS_PER_ROUND; index += 1) times.push(await timeOf(run));
    return [timesRow('run with one plugin call', times)];
  } finally {
    await app.close();
  }
}

async function startRows(folder: string, specs: Specs): Promise<Row[]> {
  const cache = new OutputCache(join(folder, 'kept'), silentLog);
  const rows: Row[] = [];
  for (const [spec, what] of [
    [specs.quickjs, 'component with QuickJS inside'],
    [specs.plain, 'component without an engine'],
  ] as const) {
    const first: number[] = [];
    for (let start = 0; start < 3; start += 1) first.push(await startOf(spec, undefined));
    await startOf(spec, cache);
    const kept: number[] = [];
    for (let start = 0; start < STARTS; start += 1) kept.push(await startOf(spec, cache));
    rows.push(
      timesRow(`start, ${what}, translated`, first),
      timesRow(`start, ${what}, from what was kept`, kept, { target: atMost(150) }),
    );
  }
  return rows;
}

/** From nothing to the list of its tools. */
async function startOf(spec: PluginSpec, cache: OutputCache | undefined): Promise<number> {
  const plugin = open(spec, cache);
  try {
    return await timeOf(() => plugin.listTools());
  } finally {
    await plugin.close();
  }
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
