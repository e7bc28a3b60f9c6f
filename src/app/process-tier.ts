/**
 * The sandbox in processes of its own (`isolation: "process"`, docs/adr/0012). A file apart, because a process that keeps
 * its guests in threads must not pay for loading what starts processes.
 */
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { assetBytes, ENGINES } from '../core/assets.ts';
import type { Json } from '../core/json.ts';
import type { GuestBackend } from '../sandbox/backend.ts';
import { ProcessBackend } from '../sandbox/process/backend.ts';
import { sessionBaseName } from '../sandbox/quickjs/session-codec.ts';
import type { Log } from '../telemetry/log.ts';
import type { GuestSettings } from './guest-backend.ts';
import { spawnSandboxProcess } from './sandbox-process.ts';

/** A sandbox process for so many processors: its workers share one fate and one channel. */
const PROCESSORS_PER_CHILD = 2;
/** What a sandbox process may take where the system can hold it to that: itself, and so many full guests. */
const CHILD_BYTES = 1024 * 1024 * 1024;
const FULL_GUESTS = 16;

/** The backend with its first process starting. `settings` are those of one process with threads. The caller closes it. */
export function startProcessTier(
  config: Config,
  environment: Environment,
  settings: GuestSettings,
  log: Log,
): GuestBackend {
  const { pool, limits } = config;
  const childrenMax = Math.max(1, Math.min(pool.max, Math.floor(environment.processors / PROCESSORS_PER_CHILD)));
  const ofOneChild: GuestSettings = {
    ...settings,
    workersMin: Math.max(1, Math.ceil(pool.min / childrenMax)),
    workersMax: Math.max(1, Math.ceil(pool.max / childrenMax)),
    // The answer to a call comes through a second hop: looking for it would only heat the processor.
    pollMs: 0,
  };
  let base: string | undefined;
  const backend = new ProcessBackend({
    name: 'quickjs',
    spawn: () => spawnSandboxProcess(environment.platform),
    settings: ofOneChild as unknown as Json,
    childrenMin: Math.min(1, pool.min),
    childrenMax,
    memoryBytesMax: CHILD_BYTES + FULL_GUESTS * limits.memoryBytes,
    cleanupIntervalMs: pool.poolCleanupIntervalMs,
    limits,
    // Read at the first session only.
    sessionBase: () => {
      base ??= sessionBaseName(ENGINES[settings.engine].sha256, assetBytes(ENGINES[settings.engine].snapshot));
      return base;
    },
    sessionBytesMax: config.sessions.maxBytes,
    onChildLost: (reason, stderr) => log.warn({ reason, stderr }, 'a sandbox process was ended'),
  });
  backend.start();
  return backend;
}
