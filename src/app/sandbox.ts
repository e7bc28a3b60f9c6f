/**
 * Starts the sandbox: the first thing a process does, because a worker thread needs some 20 ms to be there and nothing of
 * it depends on the rest of the house. `isolation` decides where the workers live: in this process, or in processes that
 * can do nothing but run guests (docs/adr/0012).
 */
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import type { Json } from '../core/json.ts';
import type { GuestBackend } from '../sandbox/backend.ts';
import { ProcessBackend } from '../sandbox/process/backend.ts';
import type { Log } from '../telemetry/log.ts';
import { type GuestSettings, startGuestBackend } from './guest-backend.ts';
import { spawnSandboxProcess } from './sandbox-process.ts';

/** How long a worker looks for the answer to a call before it goes to sleep. */
const POLL_MS = 0.3;
/** Idle guests that one worker keeps for its tenants. */
const IDLE_GUESTS_MAX = 128;
/** A sandbox process for so many processors: its workers share one fate and one channel. */
const PROCESSORS_PER_CHILD = 2;
/** What a sandbox process may take where the system can hold it to that: itself, and so many full guests. */
const CHILD_BYTES = 1024 * 1024 * 1024;
const FULL_GUESTS = 16;

/** The backend with its first workers starting. The caller closes it. */
export function startSandbox(config: Config, environment: Environment, log: Log): GuestBackend {
  const { pool, limits, isolation, engine } = config;
  const settings: GuestSettings = {
    engine,
    workersMin: pool.min,
    workersMax: pool.max,
    memoryBytes: limits.memoryBytes,
    warmGuests: pool.poolWarmup ? pool.poolSize : 1,
    idleGuestsMax: Math.max(IDLE_GUESTS_MAX, pool.poolSize),
    idleGuestsKept: pool.poolSize,
    cleanupIntervalMs: pool.poolCleanupIntervalMs,
    // With one processor the poll would keep the answer from being made.
    pollMs: environment.processors > 1 ? POLL_MS : 0,
  };
  if (isolation === 'thread') {
    const onWorkerLost = (reason: string): void => log.warn({ reason }, 'a sandbox worker was ended');
    return startGuestBackend({ settings, onWorkerLost });
  }
  const childrenMax = Math.max(1, Math.min(pool.max, Math.floor(environment.processors / PROCESSORS_PER_CHILD)));
  const ofOneChild: GuestSettings = {
    ...settings,
    workersMin: Math.max(1, Math.ceil(pool.min / childrenMax)),
    workersMax: Math.max(1, Math.ceil(pool.max / childrenMax)),
    // The answer to a call comes through a second hop: looking for it would only heat the processor.
    pollMs: 0,
  };
  const backend = new ProcessBackend({
    name: 'quickjs',
    spawn: () => spawnSandboxProcess(environment.platform),
    settings: ofOneChild as unknown as Json,
    childrenMin: Math.min(1, pool.min),
    childrenMax,
    memoryBytesMax: CHILD_BYTES + FULL_GUESTS * limits.memoryBytes,
    cleanupIntervalMs: pool.poolCleanupIntervalMs,
    limits,
    onChildLost: (reason, stderr) => log.warn({ reason, stderr }, 'a sandbox process was ended'),
  });
  backend.start();
  return backend;
}
