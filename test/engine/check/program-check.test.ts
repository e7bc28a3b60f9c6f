/** What the engine's checker does around the thread: which servers it waits for, what it does not ask at all. */
import { describe, expect, it } from 'vitest';
import type { ThreadAnswer } from '../../../src/engine/check/check-thread.ts';
import type { CheckServer } from '../../../src/engine/check/declare.ts';
import type { ThreadRequest } from '../../../src/engine/check/messages.ts';
import { ProgramCheck } from '../../../src/engine/check/program-check.ts';
import { Catalog } from '../../../src/upstream/catalog.ts';
import { tool } from '../../upstream/fixture-catalog.ts';
import { GRANTS, serversOf } from './harness.ts';

function world(
  options: { state?: 'none' | 'idle'; answer?: ThreadAnswer; ensure?: (catalog: Catalog) => Promise<void> } = {},
) {
  const catalog = new Catalog();
  catalog.setServer('shop', []);
  catalog.setServer('bank', [tool('pay', { type: 'object' })]);
  const asked: Omit<ThreadRequest, 'id'>[] = [];
  const listed: string[] = [];
  const check = new ProgramCheck({
    thread: {
      state: options.state ?? 'idle',
      warm: () => {},
      check: async (request) => {
        asked.push(request);
        return options.answer ?? { findings: [] };
      },
    },
    catalog: {
      servers: (): CheckServer[] => serversOf(catalog),
      ensureListed: async (server) => {
        listed.push(server);
        await options.ensure?.(catalog);
      },
      likeliest: ({ server, tool, given }) =>
        server === 'bank' ? [`tools.bank.pay(args: {amount: number}) for ${tool}(${given})`, 'tools.bank.send()'] : [],
    },
    listWaitMs: 50,
  });
  const run = (text: string, grants = GRANTS) => check.check({ text, isTypeScript: false, grants });
  return { run, asked, listed };
}

describe('the check of a program', () => {
  it('waits for a mentioned server to be listed, and declares what it lists', async () => {
    const { run, asked, listed } = world({
      ensure: async (catalog) => catalog.setServer('shop', [tool('buy', { type: 'object' })]),
    });
    expect(await run('return tools.shop.buy({});')).toEqual({ checked: true, findings: [] });
    expect(listed).toEqual(['shop']);
    expect(asked[0]?.declarations).toContain('buy(args?:');
    expect(asked[0]?.declarations).toContain('readonly bank: any;');
  });

  it('takes any call of a server that lists nothing in time, or fails', async () => {
    for (const ensure of [() => new Promise<void>(() => {}), () => Promise.reject(new Error('down'))]) {
      const { run, asked } = world({ ensure });
      expect(await run('return tools.shop.buy({});')).toEqual({ checked: true, findings: [] });
      expect(asked[0]?.declarations).toContain('readonly shop: any;');
    }
  });

  it('answers the call of a tool that is not there with the signatures of those that may be meant', async () => {
    const missing = { severity: 'error', code: 'tool', line: 1, column: 8, message: 'no tool' } as const;
    const wanted = { server: 'bank', tool: 'transfer', given: ['amount'] };
    const guessed = world({ answer: { findings: [{ ...missing, wanted }] } });
    expect(await guessed.run('return tools.bank.transfer({ amount: 1 });')).toMatchObject({
      findings: [
        {
          message: 'the server `bank` has no tool `transfer`',
          expected: 'tools.bank.pay(args: {amount: number}) for transfer(amount)\n  or: tools.bank.send()',
        },
      ],
    });
    const slip = world({
      answer: { findings: [{ ...missing, nearest: ['pay'], wanted: { ...wanted, tool: 'pya' } }] },
    });
    expect(await slip.run('return tools.bank.pya({});')).toMatchObject({
      findings: [{ message: 'the server `bank` has no tool `pya`; did you mean `pay`?' }],
    });
    const alone = world({ answer: { findings: [{ ...missing, wanted: { ...wanted, server: 'shop' } }] } });
    expect(await alone.run('return tools.shop.transfer({});')).toMatchObject({ findings: [missing] });
  });

  it('does not start a thread for a program without tools', async () => {
    const cold = world({ state: 'none' });
    expect(await cold.run('return 1 + 1;')).toEqual({ checked: false });
    expect(cold.asked).toEqual([]);
    const warm = world();
    expect(await warm.run('return 1 + 1;')).toEqual({ checked: true, findings: [] });
  });

  it('declares only what the run is granted', async () => {
    const { run, asked } = world();
    await run('return tools.bank.pay({});', ['console']);
    expect(asked[0]?.declarations).toBe('');
    expect(asked[0]?.ambient).not.toContain('setTimeout');
    expect(asked[0]?.ambient).toContain('declare const console');
  });

  it('says why there was none', async () => {
    const { run } = world({ answer: { findings: undefined, reason: 'the check took longer than 2 s' } });
    expect(await run('return tools.bank.pay({});')).toEqual({
      checked: false,
      reason: 'the check took longer than 2 s',
    });
    expect(await run(`return tools.bank.pay("${'x'.repeat(300_000)}");`)).toEqual({
      checked: false,
      reason: 'the program is longer than 262144 characters',
    });
  });
});

describe('a result type that was observed', () => {
  const observed = {
    schema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
    calls: 3,
    declaredBroken: false,
  };
  const scene = (answers: ThreadAnswer[]) => {
    const catalog = new Catalog(() => observed);
    catalog.setServer('shop', [tool('buy', { type: 'object' })]);
    const asked: string[] = [];
    const check = new ProgramCheck({
      thread: {
        state: 'idle',
        warm: () => {},
        check: async ({ declarations }) => {
          asked.push(declarations);
          return answers.shift() ?? { findings: [] };
        },
      },
      catalog: { servers: () => serversOf(catalog), ensureListed: async () => {} },
      listWaitMs: 50,
    });
    return { asked, run: (text: string) => check.check({ text, isTypeScript: false, grants: GRANTS }) };
  };
  const finding = { severity: 'error', code: 'field', line: 1, column: 5, message: 'no field `x`' } as const;
  const text = 'const r = await tools.shop.buy({}); return r.x;';

  it('may warn, by a second look, and never refuses', async () => {
    const { asked, run } = scene([{ findings: [] }, { findings: [finding] }]);
    expect(await run(text)).toEqual({
      checked: true,
      findings: [{ ...finding, severity: 'warning', message: 'no field `x` (by results seen so far)' }],
    });
    expect(asked[0]).not.toContain('id: string');
    expect(asked[1]).toContain('id: string');
  });

  it('is not looked at when the program is refused anyway, or does not call the tool', async () => {
    const refused = scene([{ findings: [finding] }]);
    expect(await refused.run(text)).toEqual({ checked: true, findings: [finding] });
    expect(refused.asked).toHaveLength(1);
    const other = scene([]);
    await other.run('return Object.keys(tools.shop)');
    expect(other.asked).toHaveLength(1);
  });
});
