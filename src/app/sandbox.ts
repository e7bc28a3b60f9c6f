/**
 * Starts the sandbox: the first thing a process does, because a worker thread needs some 20 ms to be there and nothing of
 * it depends on the rest of the house. `isolation` decides where the workers live: in this process, or in processes that
 * can do nothing but run guests (docs/adr/0012).
 */
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import type { GuestBackend } from '../sandbox/backend.ts';
import type { Log } from '../telemetry/log.ts';
import { type GuestSettings, startGuestBackend } from './guest-backend.ts';

/** How long a worker looks for the answer to a call before it goes to sleep. */
const POLL_MS = 0.3;
/** Idle guests that one worker keeps for its tenants. */
const IDLE_GUESTS_MAX = 128;
/** The backend with its first workers starting. The caller closes it. */
export async function startSandbox(config: Config, environment: Environment, log: Log): Promise<GuestBackend> {
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
    const onTestFailed = (reason: string): void =>
      log.error({ reason }, 'the sandbox has failed its self-test; it runs nothing');
    return startGuestBackend({ settings, onWorkerLost, onTestFailed });
  }
  const { startProcessTier } = await import('./process-tier.ts');
  return startProcessTier(config, environment, settings, log);
}
