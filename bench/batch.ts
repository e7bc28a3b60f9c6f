/**
 * Suite `batch`: what steps cost together and alone, and what a name costs. The built executable over stdio, one request
 * at a time as an agent sends them: a hundred small programs in one batch against a hundred runs on the same pipe, the same
 * with calls of a tool, and an intent by its name against the bare run of its program. The cases take turns.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Binary, INITIALIZE, withFolder } from './binary.ts';
import { atMost, type Row, spreadOf, timesRow } from './figures.ts';

const STEPS = 100;
const ROUNDS = 30;
const WARM_UP_ROUNDS = 5;
const NAMED_RUNS = 100;

const PROGRAM = 'return params.n + 1';
const INTENT = `export const intent = {
  name: 'add_one',
  description: 'Adds one.',
  params: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  effect: 'read',
};
export default ({ n }) => n + 1;
`;
const BARE = 'export default ({ n }) => n + 1;';

type Answer = { readonly result?: Record<string, unknown>; readonly error?: unknown };

export async function batchSuite(executable: string): Promise<Row[]> {
  return withFolder(async (folder) => {
    const server = join(import.meta.dirname, '../test/fixtures/servers/plain.mjs');
    mkdirSync(join(folder, 'intents'));
    writeFileSync(join(folder, 'intents', 'add_one.ts'), INTENT);
    writeFileSync(
      join(folder, 'mcp-optimizer.json'),
      JSON.stringify({ mcpServers: { fixture: { command: process.execPath, args: [server] } } }),
    );
    const binary = new Binary({ file: executable, args: ['serve', '--state', 'memory'], folder });
    binary.send(INITIALIZE);
    await binary.line();
    let id = 2;
    const ask = async (method: string, params: object): Promise<Answer> => {
      binary.send({ id: id++, method, params });
      return JSON.parse(await binary.line()) as Answer;
    };
    const run = async (method: string, params: object, value: unknown): Promise<void> => {
      const { result, error } = await ask(method, params);
      if (JSON.stringify(result?.value) !== JSON.stringify(value)) {
        throw new Error(`Expected ${JSON.stringify(value)}, got ${JSON.stringify(error ?? result).slice(0, 500)}`);
      }
    };
    const places = Array.from({ length: STEPS }, (_, n) => n);
    const batch = async (steps: readonly object[], more: object = {}): Promise<void> => {
      const { result, error } = await ask('optimizer/executeBatch', { steps, ...more });
      if (result?.status !== 'completed') throw new Error(JSON.stringify(error ?? result).slice(0, 500));
    };
    const code = places.map((n) => ({ code: PROGRAM, params: { n } }));
    const tool = places.map((n) => ({ tool: 'fixture.echo', params: { n } }));
    const intent = places.map((n) => ({ intent: 'add_one', params: { n } }));
    const execute = (n: number): Promise<void> => run('optimizer/execute', { code: PROGRAM, params: { n } }, n + 1);
    const call = 'return await tools.fixture.echo({ n: params.n })';
    const cases: Readonly<Record<string, () => Promise<void>>> = {
      single: async () => {
        for (const n of places) await execute(n);
      },
      batch: () => batch(code),
      parallel: () => batch(code, { parallel: true }),
      intents: () => batch(intent),
      singleCalls: async () => {
        for (const n of places) await run('optimizer/execute', { code: call, params: { n } }, { n });
      },
      toolBatch: () => batch(tool),
    };
    const times: Record<string, number[]> = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
    const named: { bare: number[]; intent: number[] } = { bare: [], intent: [] };
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      for (const [name, work] of Object.entries(cases)) {
        const took = await timeOf(work);
        if (round >= 0) times[name]?.push(took);
      }
      for (let n = 0; n < NAMED_RUNS; n++) {
        const bare = await timeOf(() => run('optimizer/execute', { code: BARE, params: { n } }, n + 1));
        const byName = await timeOf(() => run('optimizer/executeIntent', { intent: 'add_one', params: { n } }, n + 1));
        if (round < 0) continue;
        named.bare.push(bare);
        named.intent.push(byName);
      }
    }
    await binary.end();
    const share = (part: string, whole: string): number =>
      (100 * spreadOf(times[part] ?? []).p50) / spreadOf(times[whole] ?? []).p50;
    const percent = (name: string, value: number, target?: Row['target']): Row => ({
      name,
      unit: '%',
      value,
      ...(target === undefined ? {} : { target }),
    });
    return [
      timesRow(`${STEPS} runs of a small program, one at a time`, times.single ?? []),
      timesRow(`${STEPS} of them in one batch, in order`, times.batch ?? []),
      timesRow(`${STEPS} of them in one batch, parallel`, times.parallel ?? []),
      timesRow(`${STEPS} intents in one batch, in order`, times.intents ?? []),
      percent('a batch of programs, share of the single runs', share('batch', 'single'), atMost(40)),
      percent('a parallel batch, share of the single runs', share('parallel', 'single')),
      timesRow(`${STEPS} runs with one call to a server process, one at a time`, times.singleCalls ?? []),
      timesRow(`${STEPS} of these calls as the steps of one batch, in order`, times.toolBatch ?? []),
      percent('a batch of calls, share of the single runs', share('toolBatch', 'singleCalls')),
      timesRow('bare run of a program', named.bare),
      timesRow('the same program as an intent by name', named.intent),
      {
        name: 'an intent by name, beyond the bare run',
        unit: 'ms',
        value: spreadOf(named.intent).p50 - spreadOf(named.bare).p50,
        target: atMost(0.1),
      },
    ];
  });
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
