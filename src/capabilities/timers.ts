/**
 * Host side of `wit/timers.wit`: the waits of one run. Each holds one timer of the host until it is over, the run is
 * cancelled or `closeAll` is called at the end of the run; the two last refuse what is still pending.
 *
 *   sleep ─▶ pending ─time is up─▶ settled
 *               └─ signal or closeAll ─▶ refused with `request.cancelled`
 */
import type { TimersHost } from '../bindings/generated/interfaces.ts';
import { hostFailure } from '../bindings/host-failure.ts';
import { OptimizerError } from '../core/errors.ts';

/** Runs `wake` after `ms`, never before it has returned itself, and answers how to call that off. */
export type Schedule = (wake: () => void, ms: number) => () => void;

export interface TimersOptions {
  /** Ends every wait of the run when it fires. */
  readonly signal: AbortSignal;
  /** Longest wait in milliseconds; a longer one is cut to it. Default and most: `WAIT_MS_MAX`. */
  readonly waitMsMax?: number;
  /** Waits that may be pending at a time. */
  readonly pendingMax?: number;
  readonly schedule?: Schedule;
}

export interface TimersCapability extends TimersHost {
  /** Number of waits that are pending. */
  readonly pending: number;
  /** Refuses all pending waits and every later one. Harmless when called again. */
  closeAll(): void;
}

/** What a timer of Node can count to (about 24.8 days); it fires at once when given more. No run lives that long. */
export const WAIT_MS_MAX = 2_147_483_647;

/** A guest can ask faster than time passes; beyond this number it is told so. Each wait takes about 1 KB of the host. */
export const PENDING_WAITS_MAX = 10_000;

const systemSchedule: Schedule = (wake, ms) => {
  const timer = setTimeout(wake, ms);
  return () => clearTimeout(timer);
};

export function createTimers(options: TimersOptions): TimersCapability {
  const { signal, pendingMax = PENDING_WAITS_MAX, schedule = systemSchedule } = options;
  const waitMsMax = Math.min(options.waitMsMax ?? WAIT_MS_MAX, WAIT_MS_MAX);
  const waits = new Set<() => void>();
  let closed = false;

  function closeAll(): void {
    closed = true;
    signal.removeEventListener('abort', closeAll);
    for (const refuse of [...waits]) refuse();
  }

  function sleep(ms: number): Promise<void> {
    const wait = new Promise<void>((resolve, reject) => {
      if (closed) return reject(cancelled());
      if (waits.size >= pendingMax) return reject(tooMany(pendingMax));
      const callOff = schedule(
        () => {
          waits.delete(refuse);
          resolve();
        },
        Math.min(Math.max(0, ms), waitMsMax),
      );
      const refuse = (): void => {
        waits.delete(refuse);
        callOff();
        reject(cancelled());
      };
      waits.add(refuse);
    });
    // The run that asked may be gone by the time its wait is refused; that must not end the process.
    wait.catch(() => {});
    return wait;
  }

  if (signal.aborted) closed = true;
  else signal.addEventListener('abort', closeAll, { once: true });
  return {
    sleep,
    closeAll,
    get pending() {
      return waits.size;
    },
  };
}

function cancelled(): Error {
  return hostFailure(new OptimizerError('request.cancelled', 'The run ended before the wait was over.'));
}

function tooMany(pendingMax: number): Error {
  const message = `The run has ${pendingMax} waits pending, the most that one run may have.`;
  return hostFailure(new OptimizerError('limit.calls', message, { hint: 'Await some of them before starting more.' }));
}
