/**
 * One peer in a process of its own, told what to do by messages: it opens the adapter, runs `1 + 1`, says that it is ready,
 * and then measures what it is asked to. Every value is compared with the expected one, outside of the time that is taken.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Answer, Ask, ChildOptions } from './messages.ts';
import type { Open, OpenPeer } from './peer.ts';
import { createTools, type Program, programOf } from './workloads.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as ChildOptions;
// An adapter may leave a rejection behind; that is counted as the peer's, and must not end the process.
let unhandled = 0;
process.on('unhandledRejection', () => unhandled++);
process.on('disconnect', () => process.exit());

const known = new Map<Program, unknown>();
const { open } = (await import(options.module)) as { open: Open };
const { timeLimitMs, memoryLimitBytes, variant } = options;
const peer = await open({ tools: createTools(), timeLimitMs, memoryLimitBytes, variant });
await checkedRun(peer, programOf('W1'));
process.on('message', (ask: Ask) => void serve(ask));
say({ kind: 'ready' });

async function serve(ask: Ask): Promise<void> {
  try {
    say(await answerTo(ask));
  } catch (error) {
    say({ kind: 'failed', message: messageOf(error) });
  }
}

async function answerTo(ask: Ask): Promise<Answer> {
  switch (ask.kind) {
    case 'sample':
      return { kind: 'sampled', times: await sample(programOf(ask.program), ask) };
    case 'lanes':
      return { kind: 'counted', ...(await lanes(programOf(ask.program), ask)) };
    case 'burst':
      return { kind: 'burst', ...(await burst(programOf(ask.program), ask.runs)) };
    case 'once':
      return { kind: 'once', ...(await once(programOf(ask.program))), unhandled };
    case 'settle':
      globalThis.gc?.();
      return { kind: 'settled' };
  }
}

/** One run after the other, until the time is spent or there are enough of them. */
async function sample(
  program: Program,
  { runsMin, runsMax, budgetMs }: { runsMin: number; runsMax: number; budgetMs: number },
): Promise<number[]> {
  const times: number[] = [];
  const started = performance.now();
  while (times.length < runsMin || (times.length < runsMax && performance.now() - started < budgetMs)) {
    times.push(await checkedRun(peer, program));
  }
  return times;
}

async function lanes(
  program: Program,
  { lanes: count, budgetMs, runsMax }: { lanes: number; budgetMs: number; runsMax: number },
): Promise<{ runs: number; ms: number }> {
  const started = performance.now();
  let begun = 0;
  let runs = 0;
  const lane = async (): Promise<void> => {
    while (begun < runsMax && performance.now() - started < budgetMs) {
      begun++;
      await checkedRun(peer, program);
      runs++;
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
  return { runs, ms: performance.now() - started };
}

async function burst(program: Program, runs: number): Promise<{ ms: number; ok: number }> {
  const started = performance.now();
  const ends = await Promise.allSettled(Array.from({ length: runs }, () => checkedRun(peer, program)));
  return { ms: performance.now() - started, ok: ends.filter(({ status }) => status === 'fulfilled').length };
}

async function once(program: Program): Promise<{ ms: number; value?: unknown; error?: string }> {
  const started = performance.now();
  try {
    const value = await peer.run(program);
    return { ms: performance.now() - started, value };
  } catch (error) {
    return { ms: performance.now() - started, error: messageOf(error) };
  }
}

/** Answers how long the run took. */
async function checkedRun(to: OpenPeer, program: Program): Promise<number> {
  const started = performance.now();
  const value = await to.run(program);
  const ms = performance.now() - started;
  const expected = expectedOf(program);
  if (!isDeepStrictEqual(plain(value), expected)) {
    throw new Error(`${program.name}: expected ${brief(expected)}, got ${brief(value)}`);
  }
  return ms;
}

/** Values of another realm have other prototypes. */
function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.parse(JSON.stringify(value)) : value;
}

function expectedOf(program: Program): unknown {
  if (!known.has(program)) known.set(program, program.expected?.());
  return known.get(program);
}

function brief(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 200);
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500);
}

function say(answer: Answer): void {
  process.send?.(answer);
}
