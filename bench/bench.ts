/**
 * `npm run bench [-- suite…]`: measures the built executable and the engine, prints a table for each suite and keeps it in
 * `bench/results/SUITE-DATE.json` with the machine it was taken on. Figures of a busy machine are upper bounds: the load
 * before and after stands beside them. Exit status 1 when nothing could be measured, never because a target was missed.
 */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { writeWhole } from '../build/files.ts';
import { openProject } from '../build/project.ts';
import { loadNow, machineFacts, type Row, reaches, tableText } from './figures.ts';
import { runSuite } from './run.ts';
import { startSuite } from './start.ts';

const SUITES: Readonly<Record<string, (executable: string) => Promise<Row[]>>> = { start: startSuite, run: runSuite };

const { root, work } = openProject();
const executable = join(work, process.platform === 'win32' ? 'mcp-optimizer.exe' : 'mcp-optimizer');
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SUITES);
const unknown = wanted.filter((name) => !Object.hasOwn(SUITES, name));

if (unknown.length > 0) fail(`There is no suite ${unknown.join(', ')}. Suites: ${Object.keys(SUITES).join(', ')}.`);
else if (!existsSync(executable)) fail(`There is no ${relative(root, executable)}. Run \`npm run build\` first.`);
else for (const name of wanted) await measure(name);

async function measure(name: string): Promise<void> {
  const suite = SUITES[name];
  if (suite === undefined) return;
  const machine = machineFacts(root);
  const loadBefore = loadNow();
  const started = performance.now();
  const rows = await suite(executable);
  const seconds = Math.round((performance.now() - started) / 1000);
  const load = { before: loadBefore, after: loadNow() };
  const date = new Date().toISOString();
  const file = join(root, 'bench/results', `${name}-${date.slice(0, 10)}.json`);
  const withVerdict = rows.map((row) => ({ ...row, ...(row.target === undefined ? {} : { reached: reaches(row) }) }));
  writeWhole(file, `${JSON.stringify({ suite: name, date, seconds, machine, load, rows: withVerdict }, null, 2)}\n`);
  console.log(`${name}: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, commit ${machine.commit}`);
  console.log(`load ${load.before} before, ${load.after} after; ${seconds} s; ${relative(root, file)}\n`);
  console.log(`${tableText(rows)}\n`);
}

function fail(text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
