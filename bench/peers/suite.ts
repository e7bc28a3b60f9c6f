/**
 * Suite `peers`: ours beside the sandboxes one could take instead. Each peer lives in one process; rounds go A B C A B C, so
 * that a machine that slows down slows all of them, and a ratio is taken against ours in the same round. Then memory over
 * many runs, and hostile programs. A peer that cannot run here is listed with its reason.
 *
 *   npm run bench -- peers [--rounds=3] [--only=isolated-vm,monty] [--budget-ms=400] [--soak-seconds=20]
 */
import type { Report } from '../figures.ts';
import { bundleOurs, installedVersion, installPeers } from './install.ts';
import {
  type HostileEnd,
  type MeasureOptions,
  type Memory,
  measureHostile,
  measureMemory,
  measureRound,
  type Round,
  startCalm,
} from './measure.ts';
import type { PeerProcess } from './peer-process.ts';
import { OURS, PEER_NAMES, PEERS, type Peer, type PeerName } from './peers.ts';
import { reportOf } from './report.ts';
import type { HostileName } from './workloads.ts';

export interface PeerFigures {
  readonly name: PeerName;
  readonly isolation: string;
  readonly version?: string;
  /** Why it was not run. */
  reason?: string;
  readonly rounds: Array<Round | undefined>;
  memory?: Memory;
  hostile?: Record<HostileName, HostileEnd>;
  /** By what it was about; the first failure of each. */
  readonly failures: Record<string, string>;
}

export interface PeersOptions extends Omit<MeasureOptions, 'oursFile'> {
  readonly rounds: number;
  readonly only: readonly PeerName[];
}

interface Entry {
  readonly peer: Peer;
  readonly figures: PeerFigures;
  process: PeerProcess | undefined;
}

export async function peersSuite(root: string, args: readonly string[]): Promise<Report> {
  const options = readOptions(args);
  const missing = await installPeers();
  const measure = { ...options, oursFile: await bundleOurs(root) };
  const entries = options.only.map((name): Entry => {
    const peer: Peer = PEERS[name];
    const version = peer.package === undefined ? undefined : installedVersion(peer.package);
    const figures: PeerFigures = {
      name,
      isolation: peer.isolation,
      ...(version === undefined ? {} : { version }),
      ...(peer.package !== undefined && missing !== undefined ? { reason: missing } : {}),
      rounds: [],
      failures: {},
    };
    return { peer, figures, process: undefined };
  });
  try {
    await runRounds(entries, measure);
  } finally {
    for (const entry of entries) entry.process?.end();
  }
  for (const { peer, figures } of entries) {
    if (figures.reason !== undefined) continue;
    tell(`${figures.name}: memory and hostile programs`);
    try {
      if (options.soakSeconds > 0) figures.memory = await measureMemory(peer, measure);
      figures.hostile = await measureHostile(peer, measure.oursFile);
    } catch (error) {
      figures.failures['memory or hostile'] ??= messageOf(error);
    }
  }
  return reportOf(
    entries.map(({ figures }) => figures),
    options,
  );
}

async function runRounds(entries: readonly Entry[], options: MeasureOptions & { rounds: number }): Promise<void> {
  for (let round = 0; round < options.rounds; round++) {
    for (const entry of entries) {
      const { peer, figures } = entry;
      if (figures.reason !== undefined) continue;
      tell(`round ${round + 1} of ${options.rounds}: ${figures.name}`);
      try {
        entry.process ??= await startCalm(peer, options.oursFile);
      } catch (error) {
        figures.reason = messageOf(error);
        continue;
      }
      let failed = false;
      figures.rounds[round] = await measureRound(peer, entry.process, options, (what, error) => {
        failed = true;
        figures.failures[what] ??= messageOf(error);
      });
      // What a failure left behind must not be measured; the next round starts anew.
      if (failed) {
        entry.process.end();
        entry.process = undefined;
      }
    }
  }
}

/** Options are `--name=value`. Ours are measured always: without them there is no ratio. */
export function readOptions(args: readonly string[]): PeersOptions {
  const given = new Map(args.map((arg) => arg.replace(/^--/, '').split('=') as [string, string | undefined]));
  const known = ['rounds', 'only', 'budget-ms', 'soak-seconds'];
  const strange = [...given.keys()].find((name) => !known.includes(name));
  if (strange !== undefined) throw new Error(`There is no option --${strange}. Options: ${known.join(', ')}.`);
  const number = (name: string, otherwise: number, least: number): number => {
    const value = Number(given.get(name) ?? otherwise);
    if (!(value >= least)) throw new Error(`--${name}: expected a number of at least ${least}.`);
    return value;
  };
  const names = given.get('only')?.split(',') ?? PEER_NAMES;
  const unknown = names.find((name) => !(name in PEERS));
  if (unknown !== undefined) throw new Error(`There is no peer ${unknown}. Peers: ${PEER_NAMES.join(', ')}.`);
  return {
    rounds: number('rounds', 3, 1),
    only: PEER_NAMES.filter((name) => name === OURS || names.includes(name)),
    budgetMs: number('budget-ms', 400, 1),
    soakSeconds: number('soak-seconds', 20, 0),
  };
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
