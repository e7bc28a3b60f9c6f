/** What hostile runs may cost their neighbours: their own processor budget, and never an answer. Real workers. */
import { afterEach, describe, expect, it } from 'vitest';
import type { HostReply } from '../../src/sandbox/backend.ts';
import type { QuickJsBackend } from '../../src/sandbox/quickjs/backend.ts';
import { fixtureTool, runProgram, startBackend } from './world.ts';

const HOG = 'for (;;);';
/** Never asks the interrupt handler: only the end of its thread stops it. */
const STUCK = 'return [].indexOf.call({ length: 2 ** 53 - 1 }, 1)';
const BUDGET = { cpuMs: 150, wallMs: 20_000 };

let backend: QuickJsBackend | undefined;
afterEach(() => backend?.close());

function open(workers: number): QuickJsBackend {
  backend = startBackend({ workersMin: workers, workersMax: workers });
  return backend;
}

describe('a program that takes all the processor time it can get', () => {
  it('costs the runs on its worker that budget each time, and no answer', async () => {
    const sandbox = open(1);
    const order: string[] = [];
    const ran = async (name: string, code: string): Promise<string> => {
      const { code: end } = await runProgram(sandbox, code, { limits: BUDGET, tenant: name });
      order.push(name);
      return end;
    };
    const ends = await Promise.all([
      ran('waiting', 'return await tools.fixture.slow({ n: 1 })'),
      ran('hog', HOG),
      ran('behind', 'return 1'),
    ]);
    expect(ends).toEqual(['completed', 'limit.cpu', 'completed']);
    // Nothing was pre-empted by the run behind it, and the worker is still the same: a hog that asks is only stopped.
    expect(order.indexOf('hog')).toBeLessThan(order.indexOf('behind'));
    expect(sandbox.stats()).toMatchObject({ workersLost: {} });
  });

  it('is charged for its own time alone: who waits for a tool beside it keeps its budget', async () => {
    const sandbox = open(1);
    const waits = runProgram(sandbox, 'for (let n = 0; n < 5; n++) await tools.fixture.slow({ n }); return "through"', {
      limits: BUDGET,
    });
    const hogs = await Promise.all([1, 2, 3].map(() => runProgram(sandbox, HOG, { limits: BUDGET })));
    expect(hogs.map(({ code }) => code)).toEqual(['limit.cpu', 'limit.cpu', 'limit.cpu']);
    const honest = await waits;
    expect(honest.value).toBe('through');
    expect(honest.end?.usage.guestCpuMs).toBeLessThan(BUDGET.cpuMs);
  });

  it('is not given the next run while another worker is free', async () => {
    const sandbox = open(2);
    await Promise.all([1, 2].map((n) => runProgram(sandbox, `return ${n}`)));
    const ended: string[] = [];
    const note = async (name: string, code: string): Promise<void> => {
      await runProgram(sandbox, code, { limits: { cpuMs: 1_000, wallMs: 20_000 } });
      ended.push(name);
    };
    const hog = note('hog', HOG);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await Promise.all([1, 2, 3, 4, 5].map((n) => note(`honest ${n}`, `return ${n}`)));
    await hog;
    expect(ended.at(-1)).toBe('hog');
  });
});

describe('a program that no interrupt stops', () => {
  it('loses its neighbours’ runs as lost, never as theirs, with what they had called', async () => {
    const sandbox = open(1);
    const calls: string[] = [];
    let release: (reply: HostReply) => void = () => undefined;
    const held = runProgram(sandbox, 'return await tools.fixture.held({})', {
      tenant: 'neighbour',
      hostCall: (call) => {
        calls.push(call.argumentsText);
        return new Promise((resolve) => {
          release = resolve;
        });
      },
    });
    while (calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const stuck = await runProgram(sandbox, STUCK, { limits: BUDGET });
    const neighbour = await held;
    release({ ok: true, text: '1' });
    expect(stuck.code).toBe('limit.cpu');
    expect(neighbour.code).toBe('sandbox.lost');
    expect(neighbour.end?.usage.hostCalls).toBe(1);
    expect((await runProgram(sandbox, 'return 3')).value).toBe(3);
  });

  it('takes no run with it that stands on another worker', async () => {
    const sandbox = open(2);
    await Promise.all([1, 2].map((n) => runProgram(sandbox, `return ${n}`)));
    let begun: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const stuck = runProgram(sandbox, `await tools.fixture.echo(1); ${STUCK}`, {
      limits: BUDGET,
      hostCall: async (call) => {
        begun();
        return fixtureTool(call);
      },
    });
    // Its thread has to be seen to be busy; how soon that is depends on the machine.
    await running;
    await new Promise((resolve) => setTimeout(resolve, 40));
    const others = await Promise.all(
      [1, 2, 3, 4].map((n) => runProgram(sandbox, `return await tools.fixture.slow(${n})`, { hostCall: fixtureTool })),
    );
    expect(others.map(({ code }) => code)).toEqual(['completed', 'completed', 'completed', 'completed']);
    expect((await stuck).code).toBe('limit.cpu');
  });
});
