/**
 * Host side of `wit/clock.wit`. Both clocks are cut to whole milliseconds: enough for a program, too coarse to measure
 * caches or neighbours by. The monotonic one counts from the start of the run, so that it says nothing of the host's
 * uptime.
 */
import type { ClockHost } from '../bindings/generated/interfaces.ts';
import type { Clock } from '../core/clock.ts';

/** The clock of one run, which begins now. A replay hands in a clock that says what was recorded. */
export function createClock(clock: Clock): ClockHost {
  const startedAtMs = clock.monotonicMs();
  return {
    now: () => Math.floor(clock.nowMs()),
    monotonic: () => Math.max(0, Math.floor(clock.monotonicMs() - startedAtMs)),
  };
}
