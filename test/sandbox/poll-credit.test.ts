import { describe, expect, it } from 'vitest';
import { PollCredit } from '../../src/sandbox/quickjs/poll-credit.ts';

describe('PollCredit', () => {
  it('grants while it succeeds, and after four waits in vain only every sixteenth', () => {
    const credit = new PollCredit();
    for (let wait = 0; wait < 4; wait++) {
      expect(credit.granted()).toBe(true);
      credit.settle(false);
    }
    const granted = Array.from({ length: 32 }, () => credit.granted());
    expect(granted.filter(Boolean)).toHaveLength(2);
    expect(granted[15]).toBe(true);
  });

  it('is whole again after one success', () => {
    const credit = new PollCredit();
    for (let wait = 0; wait < 4; wait++) credit.settle(false);
    expect(credit.granted()).toBe(false);
    credit.settle(true);
    for (let wait = 0; wait < 4; wait++) {
      expect(credit.granted()).toBe(true);
      credit.settle(false);
    }
    expect(credit.granted()).toBe(false);
  });
});
