import { describe, expect, it } from 'vitest';
import { MovableDeadline } from '../../src/sandbox/deadline.ts';

const HOUR = 3_600_000;

describe('a deadline that moves', () => {
  it('stands still while it is held, by however many', () => {
    let now = 1_000;
    let total = 0;
    const deadline = new MovableDeadline(() => now);
    deadline.listen((byMs) => {
      total += byMs;
    });
    const first = deadline.hold();
    expect(total).toBe(HOUR);
    now += 300;
    const second = deadline.hold();
    first();
    first();
    expect(total).toBe(HOUR);
    now += 200;
    second();
    expect(total).toBe(500);
  });

  it('tells who listens late what has been moved before', () => {
    const deadline = new MovableDeadline(() => 0);
    deadline.move(250);
    const told: number[] = [];
    deadline.listen((byMs) => told.push(byMs));
    deadline.move(-50);
    expect(told).toEqual([250, -50]);
  });
});
