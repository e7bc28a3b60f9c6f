import { describe, expect, it } from 'vitest';
import { Admission } from '../../src/engine/admission.ts';

const never = new AbortController().signal;

describe('admission', () => {
  it('lets runs wait for a place and gives it to the one that waited longest', async () => {
    const admission = new Admission({ runsInFlight: 1, runsQueued: 2 });
    const order: string[] = [];
    await admission.enter(never);
    const second = admission.enter(never).then(() => order.push('second'));
    const third = admission.enter(never).then(() => order.push('third'));
    expect(admission).toMatchObject({ inFlight: 1, queued: 2 });
    admission.leave(10);
    await second;
    expect(order).toEqual(['second']);
    expect(admission).toMatchObject({ inFlight: 1, queued: 1 });
    admission.leave(10);
    await third;
    admission.leave(10);
    expect(admission).toMatchObject({ inFlight: 0, queued: 0 });
  });

  it('refuses at once what finds no place to wait, and says when to come back', async () => {
    const admission = new Admission({ runsInFlight: 1, runsQueued: 1 });
    await admission.enter(never);
    void admission.enter(never);
    const refusal = await admission.enter(never).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'limit.queue',
      retryable: true,
      message: '1 runs are under way and 1 wait (limits `runsInFlight` = 1, `runsQueued` = 1)',
      data: { retryAfterMs: expect.any(Number) },
    });
    const { retryAfterMs } = (refusal as { data: { retryAfterMs: number } }).data;
    expect(retryAfterMs).toBeGreaterThan(0);
    expect((refusal as { hint: string }).hint).toContain(`${retryAfterMs} ms`);
  });

  it('tells longer waits when runs take longer', async () => {
    const waitAfter = async (runMs: number): Promise<number> => {
      const admission = new Admission({ runsInFlight: 1, runsQueued: 0 });
      for (let runs = 0; runs < 20; runs++) {
        await admission.enter(never);
        admission.leave(runMs);
      }
      await admission.enter(never);
      const error = await admission.enter(never).catch((refusal: { data: { retryAfterMs: number } }) => refusal);
      return (error as { data: { retryAfterMs: number } }).data.retryAfterMs;
    };
    expect(await waitAfter(10_000)).toBeGreaterThan(await waitAfter(10));
  });

  it('lets a run that waits be cancelled, without costing a place', async () => {
    const admission = new Admission({ runsInFlight: 1, runsQueued: 1 });
    await admission.enter(never);
    const abort = new AbortController();
    const waiting = admission.enter(abort.signal);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'request.cancelled' });
    await expect(admission.enter(abort.signal)).rejects.toMatchObject({ code: 'request.cancelled' });
    expect(admission.queued).toBe(0);
    const next = admission.enter(never);
    admission.leave(1);
    await next;
    expect(admission).toMatchObject({ inFlight: 1, queued: 0 });
  });
});
