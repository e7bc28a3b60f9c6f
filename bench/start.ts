/**
 * Suite `start`: from the start of the process to its first answers, in rounds that take every case once, so that a
 * machine that slows down slows all of them. `node -e 0` is the floor: what the pinned Node needs to do nothing.
 * Then what the process holds while it is idle, and what its tools cost a model.
 */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { createSurface } from '../src/protocol/surface.ts';
import { assertValue, Binary, execute, forgetPages, INITIALIZE, withFolder } from './binary.ts';
import { atMost, type Row, spreadOf, timesRow } from './figures.ts';
import { FLEET } from './tokens/fleet.ts';

const ROUNDS = 25;
const MEMORY_ROUNDS = 3;
const IDLE_MS = 2_000;
const RUNS_BEFORE_IDLE = 1_000;

type Case = (executable: string, folder: string) => Promise<number>;

const CASES: Readonly<Record<string, Case>> = {
  'node -e 0': nodeNothing,
  'first initialize answer': (executable, folder) => firstAnswer(executable, folder, [INITIALIZE]),
  'first guest result': (executable, folder) => firstAnswer(executable, folder, [execute(1, 'return 6 * 7')], 42),
  'first guest result, state in memory': (executable, folder) =>
    firstAnswer(executable, folder, [execute(1, 'return 6 * 7')], 42, ['--state', 'memory']),
  'first run_code answer': firstRunCode,
  '--version, to its end': (executable, folder) => toTheEnd(executable, ['--version'], folder),
};

export async function startSuite(executable: string): Promise<Row[]> {
  forgetPages(executable);
  return withFolder(async (folder) => {
    const times = Object.fromEntries(Object.keys(CASES).map((name) => [name, [] as number[]]));
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, run] of Object.entries(CASES)) {
        const ms = await run(executable, folder);
        // The first round fills the page cache.
        if (round > 0) times[name]?.push(ms);
      }
    }
    const targets: Record<string, number> = { 'first initialize answer': 60, 'first guest result': 90 };
    const floor = spreadOf(times['node -e 0'] ?? []).p50;
    const rows = Object.entries(times).map(([name, samples]) =>
      timesRow(name, samples, {
        ...(targets[name] === undefined ? {} : { target: atMost(targets[name]) }),
        note: `${(spreadOf(samples).p50 / floor).toFixed(2)} times node -e 0`,
      }),
    );
    return [...rows, ...(await memoryRows(executable, folder)), ...surfaceRows()];
  });
}

/** From the spawn to the end of the process. */
function toTheEnd(file: string, args: readonly string[], folder: string): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: folder, env: {}, stdio: 'ignore' });
    child.once('error', reject);
    child.once('close', () => resolve(performance.now() - started));
  });
}

function nodeNothing(_: string, folder: string): Promise<number> {
  return toTheEnd(process.execPath, ['-e', '0'], folder);
}

async function firstAnswer(
  file: string,
  folder: string,
  messages: readonly object[],
  value?: unknown,
  args: readonly string[] = [],
): Promise<number> {
  const binary = new Binary({ file, args: ['serve', ...args], folder });
  binary.send(...messages);
  const line = await binary.line();
  const ms = performance.now() - binary.startedMs;
  const message = JSON.parse(line);
  if (value !== undefined) assertValue(message, value);
  else if (message.result === undefined) throw new Error(`No result: ${line}`);
  await binary.end();
  return ms;
}

/** What an MCP client waits for: handshake, then the first program through the tool. */
async function firstRunCode(file: string, folder: string): Promise<number> {
  const binary = new Binary({ file, args: ['serve'], folder });
  binary.send(INITIALIZE);
  await binary.line();
  binary.send(
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/call', params: { name: 'run_code', arguments: { code: 'return 6 * 7' } } },
  );
  const { result, error } = await binary.answer(2);
  const ms = performance.now() - binary.startedMs;
  if (result === undefined || result.isError) throw new Error(`run_code failed: ${JSON.stringify(result ?? error)}`);
  await binary.end();
  return ms;
}

async function memoryRows(file: string, folder: string): Promise<Row[]> {
  const idle: Array<{ rss: number; privateDirty: number }> = [];
  const after: Array<{ rss: number; privateDirty: number }> = [];
  for (let round = 0; round < MEMORY_ROUNDS; round++) {
    const binary = new Binary({ file, args: ['serve'], folder });
    binary.send(INITIALIZE);
    await binary.line();
    await sleep(IDLE_MS);
    const first = binary.memory();
    for (let id = 2; id < RUNS_BEFORE_IDLE + 2; id++) {
      binary.send(execute(id, 'return 6 * 7'));
      assertValue(await binary.answer(id), 42);
    }
    await sleep(IDLE_MS);
    const second = binary.memory();
    await binary.end();
    if (first) idle.push(first);
    if (second) after.push(second);
  }
  if (idle.length === 0) return [];
  const row = (name: string, values: number[], target?: number): Row => ({
    name,
    unit: 'MB',
    value: spreadOf(values).p50,
    ...(target === undefined ? {} : { target: atMost(target) }),
  });
  return [
    row(
      'idle with one worker, resident',
      idle.map(({ rss }) => rss),
      90,
    ),
    row(
      'idle with one worker, private dirty',
      idle.map(({ privateDirty }) => privateDirty),
    ),
    row(
      `idle after ${RUNS_BEFORE_IDLE} runs, resident`,
      after.map(({ rss }) => rss),
    ),
    row(
      `idle after ${RUNS_BEFORE_IDLE} runs, private dirty`,
      after.map(({ privateDirty }) => privateDirty),
    ),
  ];
}

/** Three tools as a client puts them into a prompt, and the instructions with the names of 39 servers. */
function surfaceRows(): Row[] {
  const { tools, instructions } = createSurface();
  const prompt = tools.map(({ name, description, inputSchema }) => ({ name, description, input_schema: inputSchema }));
  const value = countTokens(JSON.stringify(prompt)) + countTokens(instructions(FLEET));
  return [
    { name: `three tools and instructions, ${FLEET.length} servers`, unit: 'tokens', value, target: atMost(360) },
  ];
}
