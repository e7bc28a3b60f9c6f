/**
 * From the figures of the peers to tables and to the rows that have a target. Latency is the median of the rounds' medians,
 * with the 99th percentile of all samples (the largest, below 100 of them); a ratio is taken inside a round, and its median
 * over the rounds stands with its range.
 */
import { atLeast, atMost, figure, type Report, type Row, spreadOf, type Target } from '../figures.ts';
import { type HostileEnd, TIMED, type Timed } from './measure.ts';
import { OURS, PEERS, type PeerName } from './peers.ts';
import type { PeerFigures, PeersOptions } from './suite.ts';
import { HOSTILE, type HostileName, WORKLOADS } from './workloads.ts';

/** A figure of one round: times get better downwards, rates upwards. */
type Measure = Timed | 'throughput' | 'start' | 'first burst' | 'second burst';

const RATIOS: readonly Measure[] = [...TIMED, 'throughput', 'start', 'first burst', 'second burst'];

export function reportOf(all: readonly PeerFigures[], options: PeersOptions): Report {
  const run = all.filter(({ rounds }) => rounds.some((round) => round !== undefined));
  const left = all.filter((peer) => !run.includes(peer));
  const text = [
    ...[
      `Workloads: ${Object.entries(WORKLOADS)
        .map(([name, { name: what }]) => `${name} ${what}`)
        .join('; ')}.`,
    ],
    section(`Latency, ms: median / p99 or max (samples), ${options.rounds} rounds`, latencyTable(run)),
    section(
      `Ratio to \`${OURS}\` in the same round, median (range); throughput above 1 is faster`,
      ratioTable(run, OURS),
    ),
    section('Ratio to `ours:sandbox`, likewise', ratioTable(run, 'ours:sandbox')),
    section('Throughput, start, 200 runs at once, memory', otherTable(run)),
    section(
      'Hostile programs, limits of 1,000 ms (5,000 for memory) and 64 MiB; the most that was held',
      hostileTable(run),
    ),
    section('What failed', failureLines(run)),
    section('Not run', left.map(({ name, reason }) => `${name}: ${reason ?? 'not one round'}`).join('\n')),
  ].filter((part) => part !== '');
  return { rows: targetRows(run), text: text.join('\n\n'), details: { options, peers: all.map(withoutSamples) } };
}

/** What is kept: the spread of each round's samples, not the samples. */
function withoutSamples(peer: PeerFigures): object {
  const rounds = peer.rounds.map((round) => {
    const times = Object.entries(round?.times ?? {}).map(([name, samples]) => [name, spreadOf(samples)]);
    return { ...round, times: Object.fromEntries(times) };
  });
  return { ...peer, rounds };
}

/** The figures that this project has set itself beside its peers. */
function targetRows(run: readonly PeerFigures[]): Row[] {
  const ours = run.find(({ name }) => name === OURS);
  if (ours === undefined) return [];
  const sandboxes = run.filter(({ name }) => {
    const { language, isolatesRuns } = PEERS[name];
    return language === 'javascript' && isolatesRuns && !name.startsWith(OURS);
  });
  const others = run.filter(({ name }) => PEERS[name].isolatesRuns && !name.startsWith(OURS));
  const isolatedVm = run.filter(({ name }) => name === 'isolated-vm');
  const ratioRow = (name: string, ratios: readonly number[], target: Target): Row[] =>
    ratios.length === 0 ? [] : [{ name, unit: 'x', value: ratios[0] as number, target }];
  const least = (measure: Measure, peers: readonly PeerFigures[]): number[] =>
    peers.flatMap((peer) => middleOf(ratiosOf(peer, ours, measure)) ?? []).sort((a, b) => a - b);
  const ownRow = (name: string, measure: Measure, target: Target): Row[] => {
    const values = valuesOf(ours, measure);
    return values.length === 0 ? [] : [{ name, unit: 'ms', value: spreadOf(values).p50, target }];
  };
  return [
    ...ratioRow('W1, nearest JavaScript sandbox to ours', least('W1', sandboxes), atLeast(5)),
    ...ratioRow('W2, nearest JavaScript sandbox to ours', least('W2', sandboxes), atLeast(5)),
    ...ratioRow(
      'throughput at 16, ours to the fastest peer',
      least('throughput', others)
        .map((ratio) => 1 / ratio)
        .sort((a, b) => a - b),
      atLeast(1.2),
    ),
    ...ownRow('W3, 100 calls', 'W3', atMost(2)),
    ...ratioRow(
      'W4, ours to isolated-vm',
      least('W4', isolatedVm).map((ratio) => 1 / ratio),
      atMost(1.3),
    ),
    ...ownRow('W6, first burst of 200', 'first burst', atMost(300)),
    ...ownRow('W6, second burst of 200', 'second burst', atMost(130)),
  ];
}

function latencyTable(run: readonly PeerFigures[]): string {
  return table(
    ['peer', 'version', 'isolation', ...TIMED],
    run.map((peer) => [peer.name, peer.version ?? '', peer.isolation, ...TIMED.map((name) => latencyCell(peer, name))]),
    3,
  );
}

function latencyCell(peer: PeerFigures, name: Timed): string {
  const all = peer.rounds.flatMap((round) => round?.times[name] ?? []);
  const middle = middleOf(valuesOf(peer, name));
  if (middle === undefined) return '–';
  const { count, p99 } = spreadOf(all);
  const worst = count < 100 ? `max ${figure(Math.max(...all))}` : figure(p99);
  return `${figure(middle)} / ${worst} (${count})`;
}

function ratioTable(run: readonly PeerFigures[], base: PeerName): string {
  const ours = run.find(({ name }) => name === base);
  if (ours === undefined) return '';
  const cell = (peer: PeerFigures, measure: Measure): string => {
    const ratios = ratiosOf(peer, ours, measure);
    const middle = middleOf(ratios);
    if (middle === undefined) return '–';
    const range = ratios.length > 1 ? ` (${figure(Math.min(...ratios))}–${figure(Math.max(...ratios))})` : '';
    return `${figure(middle)}${range}`;
  };
  return table(
    ['peer', ...RATIOS],
    run.map((peer) => [peer.name, ...RATIOS.map((measure) => cell(peer, measure))]),
    1,
  );
}

function otherTable(run: readonly PeerFigures[]): string {
  const cell = (value: number | undefined): string => (value === undefined ? '–' : figure(value));
  const head = ['runs/s at 16', 'start ms', 'burst ms', 'again ms', 'burst ok'];
  const memory = ['MB at start', 'after 1,000', 'last', 'runs', 'MB/1,000 runs'];
  return table(
    ['peer', ...head, ...memory],
    run.map((peer) => {
      const bursts = peer.rounds.flatMap((round) => round?.firstBurst ?? []);
      const { memory: held } = peer;
      return [
        peer.name,
        ...(['throughput', 'start', 'first burst', 'second burst'] as const).map((name) =>
          cell(middleOf(valuesOf(peer, name))),
        ),
        bursts.length === 0 ? '–' : String(Math.min(...bursts.map(({ ok }) => ok))),
        ...[held?.startMb, held?.after1000Mb, held?.lastMb].map(cell),
        held === undefined ? '–' : String(held.runs),
        cell(held?.mbPer1000Runs),
      ];
    }),
    1,
  );
}

function hostileTable(run: readonly PeerFigures[]): string {
  const names = Object.keys(HOSTILE) as HostileName[];
  return table(
    ['peer', ...names.map((name) => HOSTILE[name].name)],
    run.map((peer) => [peer.name, ...names.map((name) => hostileCell(peer.hostile?.[name]))]),
    1,
  );
}

function hostileCell(end: HostileEnd | undefined): string {
  if (end === undefined) return '–';
  const parts = [`${end.end} ${Math.round(end.ms)} ms`, end.alive ? 'alive' : 'DEAD'];
  if (end.peakMb !== undefined) parts.push(`${Math.round(end.peakMb)} MB`);
  if (end.unhandledRejections > 0) parts.push('unhandled rejection');
  return parts.join(', ');
}

function failureLines(run: readonly PeerFigures[]): string {
  return run
    .flatMap(({ name, failures }) => Object.entries(failures).map(([what, message]) => `${name}, ${what}: ${message}`))
    .join('\n');
}

/** One value for each round in which the peer could do it. */
function valuesOf(peer: PeerFigures, measure: Measure): number[] {
  return peer.rounds.flatMap((_, round) => valueIn(peer, round, measure) ?? []);
}

function ratiosOf(peer: PeerFigures, ours: PeerFigures, measure: Measure): number[] {
  return peer.rounds.flatMap((_, round) => {
    const [value, base] = [valueIn(peer, round, measure), valueIn(ours, round, measure)];
    return value === undefined || base === undefined ? [] : [value / base];
  });
}

function valueIn(peer: PeerFigures, round: number, measure: Measure): number | undefined {
  const figures = peer.rounds[round];
  switch (measure) {
    case 'throughput':
      return figures?.runsPerSecond;
    case 'start':
      return figures?.startMs;
    case 'first burst':
      return figures?.firstBurst?.ms;
    case 'second burst':
      return figures?.secondBurst?.ms;
    default: {
      const times = figures?.times[measure];
      return times === undefined ? undefined : spreadOf(times).p50;
    }
  }
}

/** The median; rounds are few, so two in the middle are averaged. */
function middleOf(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [below, above] = [sorted[half - 1 + (sorted.length % 2)], sorted[half]];
  return below === undefined || above === undefined ? undefined : (below + above) / 2;
}

function section(title: string, body: string): string {
  return body === '' ? '' : `${title}\n\n${body}`;
}

/** A table in Markdown that can also be read as it is; the first `left` columns are text. */
function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>, left: number): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column < left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
