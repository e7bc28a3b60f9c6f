/**
 * From samples to figures: percentiles, the rows of a table, and the machine they were taken on. Times are milliseconds.
 * A figure without its spread says little, so a row of samples always carries p10, p50, p90 and p99 and their number.
 */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Row {
  readonly name: string;
  /** What `value` counts: `ms`, `runs/s`, `MB`, `tokens`. */
  readonly unit: string;
  /** The figure itself; for samples their median. */
  readonly value: number;
  readonly samples?: Spread;
  /** The figure to reach, if one is set; `at most` for times and sizes, `at least` for rates. */
  readonly target?: Target;
  /** What a reader must know to read the figure. */
  readonly note?: string;
}

/** What a suite answers: rows, and for suites that compare many things a table of their own and the raw figures. */
export interface Report {
  readonly rows: readonly Row[];
  readonly text?: string;
  readonly details?: unknown;
}

export interface Target {
  readonly bound: 'at most' | 'at least';
  readonly value: number;
}

export interface Spread {
  readonly count: number;
  readonly min: number;
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export const atMost = (value: number): Target => ({ bound: 'at most', value });
export const atLeast = (value: number): Target => ({ bound: 'at least', value });

/** A row from samples in milliseconds. */
export function timesRow(name: string, times: readonly number[], more: Pick<Row, 'target' | 'note'> = {}): Row {
  const samples = spreadOf(times);
  return { name, unit: 'ms', value: samples.p50, samples, ...more };
}

export function spreadOf(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
  return { count: sorted.length, min: at(0), p10: at(0.1), p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

export function reaches({ value, target }: Row): boolean | undefined {
  if (target === undefined) return undefined;
  return target.bound === 'at most' ? value <= target.value : value >= target.value;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string;
}

export function machineFacts(root: string): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    commit: commitOf(root),
  };
}

/** One-minute load average: above the number of idle cores, read every time below as an upper bound. */
export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

function commitOf(root: string): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ' with changes'}`;
  } catch {
    return 'unknown';
  }
}

/** Rows as aligned text, numbers to the right. */
export function tableText(rows: readonly Row[]): string {
  const lines = [
    ['', 'value', 'p10', 'p90', 'p99', 'n', 'target', ''],
    ...rows.map((row) => [
      row.name,
      `${figure(row.value)} ${row.unit}`,
      ...(['p10', 'p90', 'p99'] as const).map((name) => (row.samples ? figure(row.samples[name]) : '')),
      row.samples ? String(row.samples.count) : '',
      row.target ? `${row.target.bound} ${row.target.value}` : '',
      row.target === undefined ? '' : reaches(row) ? 'reached' : 'MISSED',
    ]),
  ];
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 || column > 5 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Three significant digits, never in powers of ten. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return value.toPrecision(3);
}
