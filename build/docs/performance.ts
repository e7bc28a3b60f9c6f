/**
 * docs/performance.md from the newest file of each suite in bench/results: the product's own figures with their targets,
 * reached or not, and the tables of the peers as that suite printed them. Not a figure on the page is typed by hand.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { amount, page, table, wrapped } from './markdown.ts';

interface ResultRow {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly samples?: { readonly p10: number; readonly p90: number };
  readonly target?: { readonly bound: string; readonly value: number };
  readonly reached?: boolean;
}

interface Result {
  readonly suite?: string;
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly commit: string };
  readonly load: { readonly before: number; readonly after: number };
  readonly rows: readonly ResultRow[];
  readonly text?: readonly string[];
}

/** Suites in the order of the page, with what they are about. `peers` stands by itself. */
const ABOUT: Readonly<Record<string, string>> = {
  start: 'From the start of the process: the built executable, a fresh process each time.',
  run: 'The way of a run, in process and through the pipe of the built executable.',
  fair: 'An honest run beside hostile ones.',
  search: 'Finding tools.',
  check: 'Reading a program before it runs.',
  session: 'Sessions that outlive a run.',
  cache: 'Results that are not fetched twice.',
  batch: 'Many steps as one request.',
  docker: 'Programs in containers.',
  plugin: 'Adapters as WASM components.',
};

export function performanceDocument(root: string): string {
  const folder = join(root, 'bench/results');
  const newest = new Map<string, { file: string; result: Result }>();
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const result = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Result;
    // The soak keeps a report of its own form.
    if (result.suite !== undefined) newest.set(result.suite, { file, result });
  }
  const own = Object.keys(ABOUT).flatMap((suite) => {
    const found = newest.get(suite);
    return found === undefined ? [] : ownSection(suite, found.file, found.result);
  });
  const peers = newest.get('peers');
  const parts = [
    '# Performance',
    'Generated from `bench/results` by `npm run build:docs`; do not edit. Measure again with `npm run bench`. Times are medians; a machine that others share is noisy, so its load stands beside each suite, and a ratio says more than a time. A target that was missed says so.',
    ...own,
    ...(peers === undefined ? [] : peersSection(peers.file, peers.result)),
  ];
  return page(parts.map(wrapped));
}

function ownSection(suite: string, file: string, result: Result): string[] {
  return [`## ${suite}`, `${ABOUT[suite] as string} ${takenOn(file, result)}`, rowsTable(result.rows)];
}

function peersSection(file: string, result: Result): string[] {
  const [workloads = '', ...rest] = result.text ?? [];
  return [
    '## Beside its peers',
    `Every run isolated from the last, all peers in turns in one process tree. \`ours\` is the whole product (search index, argument check, journal, token ledger); \`ours:sandbox\` is the sandbox alone, which is what most peers are. How each peer is used: [bench/peers](../bench/peers/README.md). ${takenOn(file, result)}`,
    'Where we lose: to compilers, in loops (`isolated-vm`, `deno`, `node:vm` compile to machine code, our guest interprets); to interpreters that live in the host’s own thread, in single runs and a hundred calls (`monty`, `qe:ctx`, `qwasi`: no hop to another thread, and in return a loop in the guest stops the host); and to V8’s own parser, in large data. Where nobody else is: a worker that is ended when a guest does not answer, a memory limit that holds while it grows, and no leftovers between runs, at a cost near theirs.',
    workloads,
    rest
      .join('\n')
      .trim()
      .replace(/^(?=\S)(?!\|)(.*)$/gm, '### $1')
      .replace(/^### ((?:\S+: ).*)$/gm, '$1'),
    rowsTable(result.rows),
  ];
}

function takenOn(file: string, { date, machine, load }: Result): string {
  return `[${file}](../bench/results/${file}): ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, commit ${machine.commit}, load ${load.before} before and ${load.after} after.`;
}

function rowsTable(rows: readonly ResultRow[]): string {
  return table(
    ['figure', 'measured', 'p10 – p90', 'target', ''],
    rows.map(({ name, unit, value, samples, target, reached }) => [
      name,
      `${figure(value)} ${unit}`,
      samples === undefined ? '' : `${figure(samples.p10)} – ${figure(samples.p90)}`,
      target === undefined ? '' : `${target.bound} ${figure(target.value)}`,
      reached === undefined ? '' : reached ? 'reached' : '**missed**',
    ]),
  );
}

/** Three digits that count. */
function figure(value: number): string {
  return Math.abs(value) >= 1000 ? amount(Math.round(value)) : String(Number(value.toPrecision(3)));
}
