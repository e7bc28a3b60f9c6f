/** The process tier for tests, started as development starts it: this Node on the child's own first line. */

import type { GuestSettings } from '../../../src/app/guest-backend.ts';
import { spawnSandboxProcess } from '../../../src/app/sandbox-process.ts';
import type { Json } from '../../../src/core/json.ts';
import { DEFAULT_LIMITS } from '../../../src/sandbox/limits.ts';
import { ProcessBackend, type ProcessBackendOptions } from '../../../src/sandbox/process/backend.ts';

const MiB = 1024 * 1024;

const SETTINGS: GuestSettings = {
  engine: 'quickjs',
  workersMin: 1,
  workersMax: 1,
  memoryBytes: 64 * MiB,
  warmGuests: 2,
  idleGuestsMax: 16,
  idleGuestsKept: 2,
  cleanupIntervalMs: 60_000,
  pollMs: 0,
};

/** Started; the caller closes it. */
export function startProcessBackend(
  overrides: Partial<ProcessBackendOptions> = {},
  settings: Partial<GuestSettings> = {},
): ProcessBackend {
  const backend = new ProcessBackend({
    name: 'quickjs',
    spawn: () => spawnSandboxProcess(process.platform),
    settings: { ...SETTINGS, ...settings } as unknown as Json,
    childrenMin: 1,
    childrenMax: 2,
    memoryBytesMax: 2048 * MiB,
    cleanupIntervalMs: 60_000,
    limits: DEFAULT_LIMITS,
    sessionBase: () => 'test',
    sessionBytesMax: 8 * MiB,
    ...overrides,
  });
  backend.start();
  return backend;
}

export interface ChildFigures {
  readonly pid: number;
  readonly ready: boolean;
  readonly runs: number;
  readonly confinement: string;
}

export function childrenOf(backend: ProcessBackend): ChildFigures[] {
  return (backend.stats() as unknown as { children: ChildFigures[] }).children;
}
