/**
 * `npm run bench [-- suite… --option=value…]`: measures the built executable and the engine, prints a table for each suite
 * and keeps it in `bench/results/SUITE-DATE.json` with the machine it was taken on. Figures of a busy machine are upper
 * bounds: the load before and after stands beside them. Exit status 1 when nothing could be measured, never because a target
 * was missed. Without a name all suites run but `peers` and `tokens`, which install other packages first; `peers` takes a
 * quarter of an hour.
 */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { writeWhole } from '../build/files.ts';
import { openProject } from '../build/project.ts';
import { batchSuite } from './batch.ts';
import { cacheSuite } from './cache.ts';
import { checkSuite } from './check.ts';
import { dockerSuite } from './docker.ts';
import { fairSuite } from './fair.ts';
import { loadNow, machineFacts, type Report, reaches, tableText } from './figures.ts';
import { peersSuite } from './peers/suite.ts';
import { plainSuite } from './plain.ts';
import { pluginSuite } from './plugin.ts';
import { runSuite } from './run.ts';
import { searchSuite } from './search.ts';
import { sessionSuite } from './session.ts';
import { startSuite } from './start.ts';
import { tokensSuite } from './tokens/suite.ts';

const SUITES: Readonly<Record<string, (executable: string, options: readonly string[]) => Promise<Report>>> = {
  start: async (file) => ({ rows: await startSuite(file) }),
  run: async (file) => ({ rows: await runSuite(file) }),
  cache: async () => ({ rows: await cacheSuite() }),
  check: async () => ({ rows: await checkSuite() }),
  batch: async (file) => ({ rows: await batchSuite(file) }),
  fair: async () => ({ rows: await fairSuite() }),
  search: async () => ({ rows: searchSuite() }),
  session: async () => ({ rows: await sessionSuite() }),
  plain: async () => ({ rows: await plainSuite() }),
  plugin: async () => ({ rows: await pluginSuite() }),
  docker: async (file) => ({ rows: await dockerSuite(file) }),
  tokens: (_, options) => tokensSuite(options),
  peers: (_, options) => peersSuite(root, options),
};
const BY_DEFAULT = ['start', 'run', 'batch', 'cache', 'check', 'fair', 'search', 'session', 'plain', 'plugin'];

const { root, work } = openProject();
const executable = join(work, process.platform === 'win32' ? 'mcp-optimizer.exe' : 'mcp-optimizer');
const named = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const options = process.argv.slice(2).filter((arg) => arg.startsWith('--'));
const wanted = named.length > 0 ? named : BY_DEFAULT;
const unknown = wanted.filter((name) => !Object.hasOwn(SUITES, name));

if (unknown.length > 0) fail(`There is no suite ${unknown.join(', ')}. Suites: ${Object.keys(SUITES).join(', ')}.`);
else if (!existsSync(executable)) fail(`There is no ${relative(root, executable)}. Run \`npm run build\` first.`);
else for (const name of wanted) await measure(name).catch((error: Error) => fail(`${name}: ${error.message}`));

async function measure(name: string): Promise<void> {
  const suite = SUITES[name];
  if (suite === undefined) return;
  const machine = machineFacts(root);
  const loadBefore = loadNow();
  const started = performance.now();
  const { rows, text, details } = await suite(executable, options);
  const seconds = Math.round((performance.now() - started) / 1000);
  const load = { before: loadBefore, after: loadNow() };
  const date = new Date().toISOString();
  const file = join(root, 'bench/results', `${name}-${date.slice(0, 10)}.json`);
  const withVerdict = rows.map((row) => ({ ...row, ...(row.target === undefined ? {} : { reached: reaches(row) }) }));
  writeWhole(
    file,
    // The suite's own tables as lines: docs/performance.md is made of them.
    `${JSON.stringify({ suite: name, date, seconds, machine, load, rows: withVerdict, text: text?.split('\n'), details }, null, 2)}\n`,
  );
  console.log(`${name}: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, commit ${machine.commit}`);
  console.log(`load ${load.before} before, ${load.after} after; ${seconds} s; ${relative(root, file)}\n`);
  if (text !== undefined) console.log(`${text}\n`);
  console.log(`${tableText(rows)}\n`);
}

function fail(text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
