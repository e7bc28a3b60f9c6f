/**
 * Suite `run`: what a warm process does. In this process through the engine (bench/in-process), over stdio through the
 * built executable, and the two steps that decide what a run costs: making a guest and putting it back.
 * Cases that are compared with each other take turns, so that a machine that slows down slows all of them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assetBytes, QUICKJS_WASM_SHA256 } from '../src/core/assets.ts';
import { DEFAULT_LIMITS } from '../src/sandbox/limits.ts';
import { GuestMaker } from '../src/sandbox/quickjs/guest-maker.ts';
import { createEngine } from '../src/sandbox/quickjs/instance.ts';
import { decodeSnapshot } from '../src/sandbox/quickjs/snapshot.ts';
import { assertValue, Binary, execute, INITIALIZE, withFolder } from './binary.ts';
import { atLeast, atMost, type Row, spreadOf, timesRow } from './figures.ts';
import { type InProcess, openInProcess } from './in-process.ts';

const ECHO = 'return await tools.fixture.echo({ n: 42 })';
const ECHO_100 = 'let sum = 0; for (let n = 0; n < 100; n++) sum += (await tools.fixture.echo({ n })).n; return sum';
const WAIT = 'return await tools.fixture.wait({ ms: 100 })';
const NOTHING = 'return 6 * 7';

const WARM_UP_RUNS = 500;
const ROUNDS = 20;
const RUNS_PER_ROUND = 200;
const RATE_ROUNDS = 5;
const RATE_MS = 1_000;
const PIPELINED = 64;

export async function runSuite(executable: string): Promise<Row[]> {
  return [...(await inProcessRows()), ...(await guestRows()), ...(await stdioRows(executable))];
}

async function inProcessRows(): Promise<Row[]> {
  const engine = await openInProcess();
  try {
    for (let run = 0; run < WARM_UP_RUNS; run++) await engine.run(ECHO);
    const times: Record<string, number[]> = { [NOTHING]: [], [ECHO]: [], [ECHO_100]: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const [code, into] of Object.entries(times)) {
        const runs = code === ECHO_100 ? RUNS_PER_ROUND / 20 : RUNS_PER_ROUND;
        for (let run = 0; run < runs; run++) into.push(await timeOf(() => engine.run(code)));
      }
    }
    const rates: Record<number, number[]> = { 1: [], 16: [] };
    for (let round = 0; round < RATE_ROUNDS; round++) {
      for (const [lanes, into] of Object.entries(rates)) into.push(await rateOf(engine, Number(lanes)));
    }
    const waiting: number[] = [];
    for (let round = 0; round < RATE_ROUNDS; round++) {
      waiting.push(await timeOf(() => Promise.all(Array.from({ length: 200 }, () => engine.run(WAIT)))));
    }
    return [
      timesRow('run without a call', times[NOTHING] ?? []),
      timesRow('run with one local call', times[ECHO] ?? [], { target: atMost(0.25) }),
      timesRow('run with 100 calls, one after the other', times[ECHO_100] ?? []),
      rateRow('runs with one call, one at a time', rates[1] ?? []),
      rateRow('runs with one call, 16 at a time', rates[16] ?? []),
      timesRow('200 runs, each waiting for a tool of 100 ms', waiting, { note: 'until the last one is done' }),
    ];
  } finally {
    await engine.close();
  }
}

/** Straight on the sandbox's lowest floor, in this thread. */
async function guestRows(): Promise<Row[]> {
  const wasm = new WebAssembly.Module(assetBytes('quickjs.wasm') as Uint8Array<ArrayBuffer>);
  const snapshot = decodeSnapshot(assetBytes('guest.snapshot'), QUICKJS_WASM_SHA256);
  const maker = new GuestMaker(createEngine(wasm), snapshot, DEFAULT_LIMITS.memoryBytes);
  const making: number[] = [];
  const resetting: number[] = [];
  for (let round = 0; round < 60; round++) {
    const started = performance.now();
    const guest = await maker.make();
    const made = performance.now();
    if (round >= 10) making.push(made - started);
    for (let reset = 0; reset < 20; reset++) {
      const before = performance.now();
      guest.reset();
      if (round >= 10) resetting.push(performance.now() - before);
    }
  }
  return [
    timesRow('making a guest', making),
    timesRow('putting a guest back', resetting, { note: 'the memory of a run that touched little' }),
  ];
}

async function stdioRows(executable: string): Promise<Row[]> {
  return withFolder(async (folder) => {
    const server = join(import.meta.dirname, '../test/fixtures/servers/plain.mjs');
    const config = join(folder, 'mcp-optimizer.json');
    writeFileSync(config, JSON.stringify({ mcpServers: { fixture: { command: process.execPath, args: [server] } } }));
    const binary = new Binary({ file: executable, args: ['serve', '--state', 'memory'], folder });
    binary.send(INITIALIZE);
    await binary.line();
    const cases = { [NOTHING]: 42, [ECHO]: { n: 42 } };
    let id = 2;
    const pipelined = async (code: string, value: unknown, stop: () => boolean): Promise<number> => {
      let open = 0;
      let done = 0;
      const send = (): void => {
        binary.send(execute(id++, code));
        open++;
      };
      while (open < PIPELINED) send();
      while (open > 0) {
        assertValue(JSON.parse(await binary.line()), value);
        open--;
        done++;
        if (!stop()) send();
      }
      return done;
    };
    const rates: Record<string, number[]> = Object.fromEntries(Object.keys(cases).map((code) => [code, []]));
    const singles: Record<string, number[]> = Object.fromEntries(Object.keys(cases).map((code) => [code, []]));
    for (let round = 0; round <= RATE_ROUNDS; round++) {
      for (const [code, value] of Object.entries(cases)) {
        const started = performance.now();
        const done = await pipelined(code, value, () => performance.now() - started > RATE_MS);
        const rate = (done * 1000) / (performance.now() - started);
        if (round === 0) continue;
        rates[code]?.push(rate);
        for (let run = 0; run < RUNS_PER_ROUND; run++) {
          const before = performance.now();
          binary.send(execute(id++, code));
          const line = await binary.line();
          singles[code]?.push(performance.now() - before);
          assertValue(JSON.parse(line), value);
        }
      }
    }
    await binary.end();
    return [
      rateRow(`over stdio, ${PIPELINED} in flight, without a call`, rates[NOTHING] ?? [], 3_000),
      rateRow(`over stdio, ${PIPELINED} in flight, one call to a server process`, rates[ECHO] ?? []),
      timesRow('over stdio, one at a time, without a call', singles[NOTHING] ?? []),
      timesRow('over stdio, one at a time, one call to a server process', singles[ECHO] ?? []),
    ];
  });
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Runs per second with `lanes` runs under way at any time. */
async function rateOf(engine: InProcess, lanes: number): Promise<number> {
  const started = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (performance.now() - started < RATE_MS) {
        await engine.run(ECHO);
        done++;
      }
    }),
  );
  return (done * 1000) / (performance.now() - started);
}

function rateRow(name: string, rates: readonly number[], target?: number): Row {
  const samples = spreadOf(rates);
  return {
    name,
    unit: 'runs/s',
    value: samples.p50,
    samples,
    ...(target === undefined ? {} : { target: atLeast(target) }),
  };
}
