/**
 * Suite `plain`: a program that is one plain call, in a guest and without one (mode `hybrid`), and the same call passed
 * through (mode `direct`). In this process, with a server that answers on the spot; the three take turns.
 */
import { atLeast, type Row, timesRow } from './figures.ts';
import { openInProcess } from './in-process.ts';

const CODE = 'return await tools.fixture.echo({ n: 42 })';
const WARM_UP = 500;
const ROUNDS = 20;
const PER_ROUND = 200;

export async function plainSuite(): Promise<Row[]> {
  const house = await openInProcess();
  try {
    const { app } = house;
    const { signal } = new AbortController();
    const { port } = await app.passThrough();
    const context = { signal, onEvent: () => {}, audience: 'model' as const };
    const ways: Record<string, () => Promise<unknown>> = {
      'plain call in a guest': () => app.engine.execute({ code: CODE }, context),
      'plain call without a guest': () => app.engine.execute({ code: CODE }, { ...context, plainCallsDirect: true }),
      'call passed through': () => port.call({ server: 'fixture', tool: 'echo', arguments: { n: 42 } }, { signal }),
    };
    const times = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
    for (const make of Object.values(ways)) for (let run = 0; run < WARM_UP; run++) await make();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, make] of Object.entries(ways)) {
        for (let run = 0; run < PER_ROUND; run++) {
          const startedMs = performance.now();
          await make();
          times.get(name)?.push(performance.now() - startedMs);
        }
      }
    }
    const rows = [...times].map(([name, samples]) => timesRow(name, samples));
    const [guest, without] = rows as [Row, Row];
    const ratio = guest.value / without.value;
    return [...rows, { name: 'a guest costs so many times as much', unit: 'times', value: ratio, target: atLeast(1) }];
  } finally {
    await house.close();
  }
}
