/**
 * The hostile programs through the built binary, as an embedder sends them: each ends as it may end, in time, with the
 * next run right; afterwards the process is alive, no guest is left leased, and the process ends as it should.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { corpusCode, HOST_SECRET } from '../sandbox/world.ts';
import { CORPUS_LIMITS, type HostileProgram, loadCorpus, sourceOf, wrongOf } from '../security/corpus.ts';
import { type Message, Served } from './served.ts';
import { World } from './world.ts';

/** A server's arguments are an object, and what comes back is one; the corpus sends and expects anything. */
const HEAD = 'const tool = (n, a) => (async () => (await tools.fixture[n]({ a })).a)();';
const NEXT = 'return [1, 2, 3].map((x) => x * 2)';
/**
 * Over what the idle process takes. On a quiet machine 128 MB hold: a guest at its limit of 64 MiB and as much again. On a
 * busy one two workers may each have one at its limit and one that is not collected yet.
 */
const RSS_GROWTH_MAX_MB = 256;

process.env.CORPUS_TOKEN = HOST_SECRET;
const world = new World();
const config = world.config('hostile', {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the config's own reference.
  fixture: world.fixture('corpus', [], { env: { API_TOKEN: '${env:CORPUS_TOKEN}' } }),
});
const served = new Served(world, config);
let idleMb = 0;
let mostMb = 0;
let lastId = 0;

beforeAll(async () => {
  expect(await run('return await tools.fixture.echo({ n: 1 })')).toMatchObject({
    status: 'completed',
    value: { n: 1 },
  });
  idleMb = rssMb();
});
afterAll(async () => {
  expect(await world.close()).toEqual([]);
});

async function run(code: string, more: object = {}): Promise<Message> {
  return await served.run(++lastId, code, more);
}

/** Resident memory of the process; 0 where the system does not tell. */
function rssMb(): number {
  if (process.platform !== 'linux') return 0;
  const status = readFileSync(`/proc/${served.child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

async function judge(program: HostileProgram): Promise<string[]> {
  const started = performance.now();
  const outcome = await run(sourceOf(program, HEAD), { limits: CORPUS_LIMITS, tenant: 'hostile' });
  const ms = performance.now() - started;
  mostMb = Math.max(mostMb, rssMb());
  const code = outcome.status === 'completed' ? 'ok' : corpusCode(outcome.error.code);
  const seen = JSON.stringify([outcome.value, outcome.error, outcome.logs]);
  const wrong = wrongOf(program, { code, value: outcome.value as Json, ms, seen, said: seen });
  if (program.probe !== undefined) {
    const probe = await run(HEAD + program.probe, { tenant: 'hostile' });
    if (JSON.stringify(probe.value) !== JSON.stringify(program.probe_value)) {
      wrong.push(`its probe gave ${probe.status} ${JSON.stringify(probe.value ?? probe.error)}`);
    }
  }
  const next = await run(NEXT, { tenant: 'hostile' });
  if (JSON.stringify(next.value) !== '[2,4,6]') wrong.push(`the next run gave ${JSON.stringify(next)}`);
  return wrong;
}

describe('the built binary', () => {
  it.each(loadCorpus('open.jsonl'))('$category: $name', async (program) => {
    expect(await judge(program)).toEqual([]);
  });

  it('stays bounded, leaves no guest leased, and tells what became of the others', async () => {
    const { result } = await served.ask(++lastId, 'optimizer/stats');
    const { guests, wait, workers } = result.sandbox;
    expect(guests).toMatchObject({ leased: 0 });
    expect(Object.keys(guests.discarded)).toEqual(expect.arrayContaining(['limit.memory', 'limit.stack']));
    expect(workers.map((worker: Message) => worker.runs)).toEqual(workers.map(() => 0));
    expect(wait.count).toBeGreaterThan(150);
    expect(mostMb - idleMb).toBeLessThan(RSS_GROWTH_MAX_MB);
  });

  it('ends as it should, without a word of the runs’ on stderr', async () => {
    expect(await served.end()).toEqual({ status: 0, signal: null });
    expect(served.stderr).not.toContain(HOST_SECRET);
    expect(served.stderr).not.toMatch(/unhandled|uncaught|\n\s+at /i);
  });
});
