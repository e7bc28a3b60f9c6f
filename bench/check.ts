/**
 * Suite `check`: what it costs to read a program before it runs, with the recorded tool lists of some twenty real servers
 * (about 500 tools) in play: from no thread to the first answer, a later check, and the memory that the thread takes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { spawnCheckWorker } from '../src/app/checker.ts';
import { INTERFACES } from '../src/bindings/generated/interfaces.ts';
import { systemClock } from '../src/core/clock.ts';
import { CheckThread } from '../src/engine/check/check-thread.ts';
import type { CheckServer } from '../src/engine/check/declare.ts';
import { ProgramCheck } from '../src/engine/check/program-check.ts';
import { recordedCatalog } from '../test/upstream/fixture-catalog.ts';
import { atMost, type Row, timesRow } from './figures.ts';

const PROGRAMS = new URL('../test/corpus/programs/', import.meta.url);
const FIRST_PROGRAM = "return (await tools.filesystem.read_text_file({ path: '/a' })).content.length;";
const STARTS = 7;
const WARM_UP_ROUNDS = 2;
const ROUNDS = 10;

export async function checkSuite(): Promise<Row[]> {
  const catalog = recordedCatalog();
  const tools = [...catalog.tools()];
  const servers: CheckServer[] = catalog
    .servers()
    .map(({ name, alias }) => ({ name, alias, tools: tools.filter((tool) => tool.server === name) }));
  const grants = Object.keys(INTERFACES);
  const open = (): { thread: CheckThread; run: (text: string, isTypeScript?: boolean) => Promise<void> } => {
    const thread = new CheckThread({
      spawn: spawnCheckWorker,
      clock: systemClock,
      startWaitMs: 60_000,
      deadlineMs: 60_000,
      idleMs: 60_000,
    });
    const check = new ProgramCheck({
      thread,
      catalog: { servers: () => servers, ensureListed: async () => {} },
      listWaitMs: 0,
    });
    const run = async (text: string, isTypeScript = false): Promise<void> => {
      const report = await check.check({ text, isTypeScript, grants });
      if (!report.checked || report.findings.length > 0)
        throw new Error(`not as it should be: ${JSON.stringify(report)}`);
    };
    return { thread, run };
  };

  const first: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const { thread, run } = open();
    first.push(await timeOf(() => run(FIRST_PROGRAM)));
    await thread.close();
  }
  const before = process.memoryUsage.rss();
  const { thread, run } = open();
  const programs = readdirSync(PROGRAMS).map((name) => ({
    isTypeScript: name.endsWith('.ts'),
    text: readFileSync(new URL(name, PROGRAMS), 'utf8'),
  }));
  await run(FIRST_PROGRAM);
  const warm: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const { text, isTypeScript } of programs) {
      const time = await timeOf(() => run(text, isTypeScript));
      if (round >= 0) warm.push(time);
    }
  }
  const megabytes = (process.memoryUsage.rss() - before) / 1e6;
  await thread.close();
  return [
    timesRow('first check, thread and compiler included', first, { target: atMost(1_200) }),
    timesRow('later check', warm, { target: atMost(25), note: `${programs.length} programs, ${tools.length} tools` }),
    { name: 'memory of the thread after all of them', unit: 'MB', value: Math.round(megabytes) },
  ];
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
