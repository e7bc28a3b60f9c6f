/**
 * Suite `tokens`: scripted tasks in five modes over real servers, without a model and without a network. What needs only the
 * project's own packages is compared with `golden.json` by a test; `--update` writes it anew. No figure here depends on time.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSurface } from '../../src/protocol/surface.ts';
import { atLeast, atMost, type Row as FigureRow, type Report } from '../figures.ts';
import { FLEET } from './fleet.ts';
import { installServers } from './install.ts';
import { type Cost, tokensOf, totalOf } from './ledger.ts';
import { MODES, type Mode, type Row, runTask } from './modes.ts';
import { badTasks } from './tasks-bad.ts';
import { fileTasks } from './tasks-files.ts';
import { installedTasks } from './tasks-installed.ts';
import { World } from './world.ts';

export const GOLDEN = join(import.meta.dirname, 'golden.json');

export interface Golden {
  /** Tasks that need only the project's own packages. */
  readonly own: readonly Row[];
  /** Tasks over git and SQLite, as they were when the two could be installed last. */
  readonly installed: readonly Row[];
}

export async function tokensSuite(options: readonly string[]): Promise<Report> {
  const notes: string[] = [];
  const own = await runOwnTasks(join(tmpdir(), 'mcp-optimizer-tokens'));
  const before = readGolden();
  const installed = await runInstalledTasks(notes);
  if (options.includes('--update')) {
    const golden: Golden = { own, installed: installed.length > 0 ? installed : before.installed };
    writeFileSync(GOLDEN, `${JSON.stringify(golden, null, 2)}\n`);
  }
  const rows = [...own, ...installed];
  return { rows: figuresOf(rows), text: [...notes, tableOf(rows)].join('\n'), details: { own, installed } };
}

export function readGolden(): Golden {
  try {
    return JSON.parse(readFileSync(GOLDEN, 'utf8'));
  } catch {
    return { own: [], installed: [] };
  }
}

/** All tasks that need only the project's own packages, in a world below `folder`. */
export async function runOwnTasks(folder: string): Promise<Row[]> {
  const world = await World.open(folder, false);
  try {
    const rows: Row[] = [];
    for (const task of [...fileTasks(world.data), ...badTasks(world.data)]) rows.push(await runTask(world, task));
    return rows;
  } finally {
    await world.close();
  }
}

async function runInstalledTasks(notes: string[]): Promise<Row[]> {
  const reason = await installServers();
  if (reason !== undefined) {
    notes.push(`Tasks over git and SQLite are skipped: ${reason}`);
    return [];
  }
  let world: World | undefined;
  try {
    world = await World.open(join(tmpdir(), 'mcp-optimizer-tokens-installed'), true);
    const rows: Row[] = [];
    for (const task of installedTasks(world.data)) rows.push(await runTask(world, task));
    return rows;
  } catch (error) {
    notes.push(`Tasks over git and SQLite are skipped: ${(error as Error).message}`);
    return [];
  } finally {
    await world?.close();
  }
}

/** What is summed up over tasks; void rows count nowhere and are named. */
export interface Summary {
  readonly surface: number;
  /** The cheapest look-up: searched first, and called at once. */
  readonly lookUp: number;
  readonly lookUpGuessed: number;
  readonly savedB: number;
  readonly savedC: number;
  readonly savedFailedB: number;
  /** The dearest task in relation to B, ordinary and bad, by all tokens. */
  readonly dearestOrdinary: number;
  readonly dearestBad: number;
  /** Where the definitions of the right server cost less than our surface, and `doctor` says so. */
  readonly dearestBelow: number;
}

export function summaryOf(rows: readonly Row[]): Summary {
  const { tools, instructions } = createSurface();
  const prompt = tools.map(({ name, description, inputSchema }) => ({ name, description, input_schema: inputSchema }));
  const ratio = (row: Row, of: Mode, to: Mode): number | undefined => {
    const [part, whole] = [row.costs[of], row.costs[to]];
    return part === undefined || whole === undefined ? undefined : totalOf(part) / totalOf(whole);
  };
  const ratios = (all: readonly Row[], of: Mode, to: Mode): number[] =>
    all.flatMap((row) => ratio(row, of, to) ?? []).sort((a, b) => a - b);
  const ordinary = rows.filter(({ shape }) => shape !== 'bad for us' && shape !== 'below break-even');
  const bad = rows.filter(({ shape }) => shape === 'bad for us');
  const below = rows.filter(({ shape }) => shape === 'below break-even');
  const saved = (of: Mode, to: Mode): number => round(1 - median(ratios(ordinary, of, to)));
  const lookUps = (mode: Mode): number[] =>
    ordinary
      .filter(({ shape }) => shape === 'look-up')
      .flatMap(({ costs }) => (costs[mode] === undefined ? [] : [totalOf(costs[mode])]));
  return {
    surface: tokensOf(JSON.stringify(prompt)) + tokensOf(instructions(FLEET)),
    lookUp: Math.min(...lookUps('E')),
    lookUpGuessed: Math.min(...lookUps('G')),
    savedB: saved('E', 'B'),
    savedC: saved('E', 'C'),
    savedFailedB: saved('F', 'B'),
    dearestOrdinary: round(ratios(ordinary, 'E', 'B').at(-1) ?? 0),
    dearestBad: round(ratios(bad, 'E', 'B').at(-1) ?? 0),
    dearestBelow: round(ratios(below, 'E', 'B').at(-1) ?? 0),
  };
}

function figuresOf(rows: readonly Row[]): FigureRow[] {
  const summary = summaryOf(rows);
  const percent = (value: number): number => Math.round(value * 1000) / 10;
  return [
    { name: `surface, ${FLEET.length} servers`, unit: 'tokens', value: summary.surface, target: atMost(360) },
    {
      name: 'one look-up task, all turns, called at once',
      unit: 'tokens',
      value: summary.lookUpGuessed,
      target: atMost(900),
    },
    { name: 'one look-up task, all turns, searched first', unit: 'tokens', value: summary.lookUp },
    { name: 'median saving against B', unit: '%', value: percent(summary.savedB), target: atLeast(85) },
    { name: 'median saving against C', unit: '%', value: percent(summary.savedC), target: atLeast(75) },
    {
      name: 'median saving against B, one failed program',
      unit: '%',
      value: percent(summary.savedFailedB),
      target: atLeast(75),
    },
    { name: 'dearest ordinary task, of B', unit: 'times', value: summary.dearestOrdinary, target: atMost(0.6) },
    { name: 'dearest bad task, of B', unit: 'times', value: summary.dearestBad, target: atMost(1.25) },
    { name: 'dearest task below break-even, of B', unit: 'times', value: summary.dearestBelow },
    { name: 'tasks', unit: 'tasks', value: rows.length },
    {
      name: 'void modes',
      unit: 'modes',
      value: rows.reduce((sum, { voids }) => sum + Object.keys(voids ?? {}).length, 0),
      target: atMost(0),
    },
  ];
}

/** All tokens of each mode, and what E costs in relation to B by all tokens and by weighted cost. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [
    `| task | shape | ${MODES.join(' | ')} | E of B | F of B | weighted E of B |`,
    `| --- | --- | ${MODES.map(() => '---:').join(' | ')} | ---: | ---: | ---: |`,
  ];
  for (const { id, shape, costs, voids } of rows) {
    const cells = MODES.map((mode) =>
      costs[mode] !== undefined ? grouped(totalOf(costs[mode])) : voids?.[mode] === undefined ? '–' : 'void',
    );
    const of = (mode: Mode, measure: (cost: Cost) => number): string =>
      costs[mode] && costs.B ? (measure(costs[mode]) / measure(costs.B)).toFixed(2) : '–';
    lines.push(
      `| ${id} | ${shape} | ${cells.join(' | ')} | ${of('E', totalOf)} | ${of('F', totalOf)} | ${of('E', ({ weighted }) => weighted)} |`,
    );
    for (const [mode, reason] of Object.entries(voids ?? {})) lines.push(`<!-- ${id} ${mode}: ${reason} -->`);
  }
  return lines.join('\n');
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
