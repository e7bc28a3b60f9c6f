import { describe, expect, it } from 'vitest';
import { createTimers, type Schedule, WAIT_MS_MAX } from '../../src/capabilities/timers.ts';

/** Timers that go off when the test says so. */
class ManualSchedule {
  readonly asked: number[] = [];
  readonly #wakes = new Set<() => void>();
  readonly schedule: Schedule = (wake, ms) => {
    this.asked.push(ms);
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  };

  get armed(): number {
    return this.#wakes.size;
  }

  fireAll(): void {
    for (const wake of [...this.#wakes]) {
      this.#wakes.delete(wake);
      wake();
    }
  }
}

const CANCELLED = { record: { code: 'request.cancelled', retryable: false } };

describe('the timers of a run', () => {
  it('settle a wait when its time is up', async () => {
    const manual = new ManualSchedule();
    const timers = createTimers({ signal: new AbortController().signal, schedule: manual.schedule });
    let settled = false;
    const wait = timers.sleep(5).then(() => {
      settled = true;
    });
    await Promise.resolve();
    expect([settled, timers.pending, manual.asked]).toEqual([false, 1, [5]]);
    manual.fireAll();
    await wait;
    expect([settled, timers.pending]).toEqual([true, 0]);
  });

  it('wait on the system’s timer', async () => {
    const timers = createTimers({ signal: new AbortController().signal });
    await expect(timers.sleep(1)).resolves.toBeUndefined();
  });

  it('hold the time within what a timer can count', () => {
    const manual = new ManualSchedule();
    const { signal } = new AbortController();
    const timers = createTimers({ signal, schedule: manual.schedule });
    for (const ms of [-5, 0, 2 ** 31, 1e300]) timers.sleep(ms);
    createTimers({ signal, schedule: manual.schedule, waitMsMax: 100 }).sleep(1_000);
    createTimers({ signal, schedule: manual.schedule, waitMsMax: 1e12 }).sleep(1e12);
    expect(manual.asked).toEqual([0, 0, WAIT_MS_MAX, WAIT_MS_MAX, 100, WAIT_MS_MAX]);
  });

  it('refuse what is pending when the run is cancelled, and leave no timer armed', async () => {
    const manual = new ManualSchedule();
    const controller = new AbortController();
    const timers = createTimers({ signal: controller.signal, schedule: manual.schedule });
    const waits = [timers.sleep(1), timers.sleep(2)];
    controller.abort();
    for (const wait of waits) await expect(wait).rejects.toMatchObject(CANCELLED);
    expect([timers.pending, manual.armed]).toEqual([0, 0]);
    await expect(timers.sleep(1)).rejects.toMatchObject(CANCELLED);
  });

  it('refuse what is pending, and every later wait, once all is closed', async () => {
    const manual = new ManualSchedule();
    const timers = createTimers({ signal: new AbortController().signal, schedule: manual.schedule });
    const wait = timers.sleep(1);
    timers.closeAll();
    timers.closeAll();
    await expect(wait).rejects.toMatchObject(CANCELLED);
    await expect(timers.sleep(1)).rejects.toMatchObject(CANCELLED);
    expect([timers.pending, manual.armed, manual.asked]).toEqual([0, 0, [1]]);
  });

  it('start nothing for a run that was cancelled before it began', async () => {
    const manual = new ManualSchedule();
    const timers = createTimers({ signal: AbortSignal.abort(), schedule: manual.schedule });
    await expect(timers.sleep(1)).rejects.toMatchObject(CANCELLED);
    expect(manual.asked).toEqual([]);
  });

  it('refuse one wait too many, and take another when one is over', async () => {
    const manual = new ManualSchedule();
    const timers = createTimers({ signal: new AbortController().signal, schedule: manual.schedule, pendingMax: 2 });
    timers.sleep(1);
    timers.sleep(1);
    await expect(timers.sleep(1)).rejects.toMatchObject({
      message: 'The run has 2 waits pending, the most that one run may have.',
      record: { code: 'limit.calls' },
    });
    manual.fireAll();
    timers.sleep(1);
    expect(timers.pending).toBe(1);
  });

  it('do not end the process when nobody listens to a refused wait', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const timers = createTimers({ signal: new AbortController().signal, schedule: new ManualSchedule().schedule });
      timers.sleep(1);
      timers.closeAll();
      timers.sleep(1);
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(unhandled).toEqual([]);
  });
});
