import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Spinner, systemTicker, type Ticker } from '../../src/cli/spinner.ts';
import { plainStyle } from '../../src/cli/style.ts';

function scene(enabled = true, columns = 80) {
  const written: string[] = [];
  let tick: (() => void) | undefined;
  const ticker: Ticker = (onTick) => {
    tick = onTick;
    return () => {
      tick = undefined;
    };
  };
  const spinner = new Spinner({
    write: (text) => written.push(text),
    enabled,
    style: plainStyle,
    columns: () => columns,
    ticker,
  });
  return { spinner, written, tick: () => tick?.(), isTicking: () => tick !== undefined };
}

const WIPE = '\r\u001b[2K';

describe('the spinner', () => {
  it('draws, moves, wipes its line and ends its timer', () => {
    const { spinner, written, tick, isTicking } = scene();
    spinner.start('connecting');
    tick();
    spinner.stop();
    expect(written).toEqual([`${WIPE}⠋ connecting`, `${WIPE}⠙ connecting`, WIPE]);
    expect(isTicking()).toBe(false);
    expect(spinner.isSpinning).toBe(false);
  });

  it('changes its text without a second timer', () => {
    const { spinner, written, isTicking } = scene();
    spinner.start('one');
    spinner.start('two');
    expect(written.at(-1)).toBe(`${WIPE}⠋ two`);
    spinner.stop();
    expect(isTicking()).toBe(false);
  });

  it('does nothing when it is not enabled', () => {
    const { spinner, written, isTicking } = scene(false);
    spinner.start('connecting');
    spinner.stop();
    expect(written).toEqual([]);
    expect(isTicking()).toBe(false);
  });

  it('steps aside for other words', () => {
    const { spinner, written } = scene();
    spinner.start('busy');
    written.length = 0;
    spinner.around(() => written.push('words\n'));
    expect(written).toEqual([WIPE, 'words\n', `${WIPE}⠋ busy`]);
  });

  it('stays on one line of the terminal', () => {
    const { spinner, written } = scene(true, 12);
    spinner.start('connecting to\nmany servers');
    expect(written).toEqual([`${WIPE}⠋ connecti…`]);
  });

  it('wipes nothing when it never spun', () => {
    const { spinner, written } = scene();
    spinner.stop();
    expect(written).toEqual([]);
  });
});

describe('the system ticker', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ticks until it is ended and leaves no timer behind', () => {
    vi.useFakeTimers();
    let ticks = 0;
    const end = systemTicker(() => {
      ticks++;
    }, 80);
    vi.advanceTimersByTime(240);
    expect(ticks).toBe(3);
    end();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(240);
    expect(ticks).toBe(3);
  });

  it('does not keep the process alive when nobody ends it', () => {
    const file = join(import.meta.dirname, '../../src/cli/spinner.ts');
    const program = `import { systemTicker } from ${JSON.stringify(file)}; systemTicker(() => {}, 3_600_000);`;
    const end = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { timeout: 15_000 });
    expect({ status: end.status, signal: end.signal }).toEqual({ status: 0, signal: null });
  });
});
