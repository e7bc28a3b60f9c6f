/**
 * What runs have in common, by identity: the configured limits and all grants, above all. A worker is told of it once, and
 * of each run then only a number, because copying it is a good part of a short run.
 */
import type { RunRequest } from '../backend.ts';
import type { Limits } from '../limits.ts';
import type { RunProfile } from './guest.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** Profiles that are remembered; each run with limits of its own would otherwise leave one behind. */
const PROFILES_MAX = 8;

export class RunProfiles {
  readonly #known: Array<Pick<RunRequest, 'grants' | 'limits'>> = [];

  /** The number of a profile that this worker knows or is told now; rare ones travel whole with their run. */
  for(worker: WorkerSlot, { grants, limits }: RunRequest): number | RunProfile {
    let number = this.#known.findIndex((known) => known.limits === limits && known.grants === grants);
    if (number < 0) {
      if (this.#known.length >= PROFILES_MAX) return profileOf(grants, limits);
      number = this.#known.push({ grants, limits }) - 1;
    }
    if (!worker.profiles.has(number)) {
      worker.profiles.add(number);
      worker.post({ kind: 'profile', number, profile: profileOf(grants, limits) });
    }
    return number;
  }
}

function profileOf(grants: readonly string[], limits: Limits): RunProfile {
  const { wallMs, cpuMs, memoryBytes, stackBytes, argumentBytes, logBytes, keptValueBytes, calls, callsInFlight } =
    limits;
  return {
    grants,
    limits: { wallMs, cpuMs, memoryBytes, stackBytes, argumentBytes, logBytes, keptValueBytes, calls, callsInFlight },
  };
}
