import { describe, expect, it } from 'vitest';
import { Turnstile } from '../../src/engine/turnstile.ts';

describe('a turnstile', () => {
  it('lets as many through as it is wide, then one for each that leaves, in order', async () => {
    const turnstile = new Turnstile(2);
    const order: number[] = [];
    const entries = [1, 2, 3, 4].map((number) => turnstile.enter().then(() => order.push(number)));
    await Promise.all(entries.slice(0, 2));
    expect(order).toEqual([1, 2]);
    expect(turnstile).toMatchObject({ inside: 2, waiting: 2 });
    turnstile.leave();
    await entries[2];
    expect(order).toEqual([1, 2, 3]);
    turnstile.leave();
    await entries[3];
    turnstile.leave();
    turnstile.leave();
    expect(order).toEqual([1, 2, 3, 4]);
    expect(turnstile).toMatchObject({ inside: 0, waiting: 0 });
  });

  it('refuses everybody who waits and everybody who comes once it is closed', async () => {
    const turnstile = new Turnstile(1);
    await turnstile.enter();
    const waiting = turnstile.enter();
    turnstile.close();
    await expect(waiting).rejects.toMatchObject({ code: 'request.cancelled', message: 'the run has ended' });
    await expect(turnstile.enter()).rejects.toMatchObject({ code: 'request.cancelled' });
    turnstile.leave();
    expect(turnstile).toMatchObject({ inside: 0, waiting: 0 });
  });
});
