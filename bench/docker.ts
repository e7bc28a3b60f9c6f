/**
 * Suite `docker`: programs in containers through the built executable. A warm answer (its container waits ready), a cold one
 * against `docker run` of the same image, and two hundred runs of which nothing is left. Needs an engine and the images of
 * `images build`; without them it says so and measures nothing.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assertValue, Binary, withFolder } from './binary.ts';
import { atMost, type Row, spreadOf, timesRow } from './figures.ts';

const ROUNDS = 30;
const RUNS = 200;
const IMAGE = 'mcp-optimizer/python:local';
const docker = (...args: string[]) => promisify(execFile)('docker', args, { timeout: 60_000 });

const PROGRAMS = { python: ['6 * 7', 42], node: ['return 6 * 7', 42], shell: ['echo 42', '42'] } as const;
type Language = keyof typeof PROGRAMS;

export async function dockerSuite(executable: string): Promise<Row[]> {
  await docker('image', 'inspect', IMAGE).catch(() => {
    throw new Error('No Docker engine answers, or it lacks the images; run `mcp-optimizer images build`.');
  });
  return withFolder(async (folder) => {
    const open = (name: string, poolSize: number): Driver => {
      const config = join(folder, `${name}.json`);
      const host = process.env.DOCKER_HOST === undefined ? {} : { host: process.env.DOCKER_HOST };
      writeFileSync(config, JSON.stringify({ state: 'memory', backends: { docker: { ...host, poolSize } } }));
      return new Driver(new Binary({ file: executable, args: ['serve', '--config', config], folder }));
    };
    const warm = await warmRows(open('warm', 2));
    const cold = await coldRows(open('cold', 0));
    return [...warm, ...cold, await leftRow(open('many', 2))];
  });
}

class Driver {
  readonly #binary: Binary;
  #id = 0;

  constructor(binary: Binary) {
    this.#binary = binary;
  }

  /** Time from the request to its answer. */
  async time(language: Language): Promise<number> {
    const [code, value] = PROGRAMS[language];
    const id = ++this.#id;
    const started = performance.now();
    this.#binary.send({ id, method: 'optimizer/execute', params: { code, language } });
    const answer = await this.#binary.answer(id);
    const took = performance.now() - started;
    assertValue(answer, value);
    return took;
  }

  async untilWaiting(language: Language): Promise<void> {
    for (;;) {
      const id = ++this.#id;
      this.#binary.send({ id, method: 'optimizer/stats' });
      const { containers } = (await this.#binary.answer(id)).result as {
        containers: { waiting: Record<Language, number> };
      };
      if (containers.waiting[language] >= 2) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  get pid(): number {
    return this.#binary.pid;
  }

  end(): Promise<void> {
    return this.#binary.end();
  }
}

async function warmRows(driver: Driver): Promise<Row[]> {
  const rows: Row[] = [];
  for (const language of ['python', 'node', 'shell'] as const) {
    await driver.time(language);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await driver.untilWaiting(language);
      times.push(await driver.time(language));
    }
    const target = language === 'python' ? { target: atMost(5) } : {};
    rows.push(timesRow(`warm answer, ${language}`, times, { note: 'over stdio, its container waits', ...target }));
  }
  await driver.end();
  return rows;
}

/** Ours and the command line's take turns, so that a machine that slows down slows both. */
async function coldRows(driver: Driver): Promise<Row[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  await driver.time('python');
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await driver.time('python'));
    const started = performance.now();
    const { stdout } = await docker('run', '--rm', '--network=none', IMAGE, 'python3', '-c', 'print(6 * 7)');
    theirs.push(performance.now() - started);
    if (stdout.trim() !== '42') throw new Error(`docker run printed ${stdout}`);
  }
  await driver.end();
  const ratio = spreadOf(ours).p50 / spreadOf(theirs).p50;
  return [
    timesRow('cold answer, python', ours, { note: 'no pool' }),
    timesRow('`docker run --rm` of the same image, python', theirs, { note: 'the command line, to its end' }),
    { name: 'cold answer in times of `docker run`', unit: '×', value: ratio, target: atMost(1.5) },
  ];
}

async function leftRow(driver: Driver): Promise<Row> {
  const started = performance.now();
  for (let run = 0; run < RUNS; run++) await driver.time(run % 2 === 0 ? 'python' : 'shell');
  const seconds = (performance.now() - started) / 1000;
  const filter = `label=mcp-optimizer.owner.pid=${driver.pid}`;
  await driver.end();
  const { stdout } = await docker('ps', '--all', '--quiet', '--filter', filter);
  const left = stdout.split('\n').filter((line) => line !== '').length;
  const note = `${RUNS} runs back to back in ${seconds.toFixed(0)} s`;
  return { name: 'containers left behind', unit: 'containers', value: left, target: atMost(0), note };
}
