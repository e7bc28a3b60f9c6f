/** The process tier and the second engine in the built binary: one executable that starts itself, confined. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { Served } from './served.ts';
import { builtBinary, World } from './world.ts';

const world = new World();
afterAll(() => world.close());

describe('`isolation: "process"` in the built binary', () => {
  const served = (): Served =>
    new Served(world, world.config('process', { plain: world.fixture('plain') }, { isolation: 'process' }));

  it('runs programs in a child without an environment, and leaves none behind', async () => {
    const pipe = served();
    expect(await pipe.run(1, 'return [1, 2, 3].map((x) => x * 2)')).toMatchObject({ value: [2, 4, 6] });
    const { sandbox } = (await pipe.ask(2, 'optimizer/stats')).result;
    expect(sandbox).toMatchObject({
      isolation: 'process',
      children: [{ ready: true, sandbox: { engine: 'quickjs' } }],
    });
    const { pid } = sandbox.children[0];
    if (process.platform === 'linux') {
      // The pipe is its fourth descriptor; of the environment nothing but what Node itself has set would be here.
      expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('');
      expect(readdirSync(`/proc/${pid}/fd`)).toContain('3');
    }
    pipe.child.stdin?.end();
    expect(await pipe.ended).toMatchObject({ status: 0 });
    expect(() => process.kill(pid, 0)).toThrow();
  });

  it('answers and goes on when the child is killed in the middle', async () => {
    const pipe = served();
    await pipe.run(1, 'return 1');
    const { pid } = (await pipe.ask(2, 'optimizer/stats')).result.sandbox.children[0];
    const waiting = pipe.run(3, 'await new Promise((r) => setTimeout(r, 300)); return "again"');
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(pid, 'SIGKILL');
    // It had written nothing, so it was started again, in another child.
    expect(await waiting).toMatchObject({ status: 'completed', value: 'again' });
    pipe.child.stdin?.end();
    await pipe.ended;
  });

  it('has a child that ends with its parent, however that ends', async () => {
    const pipe = served();
    await pipe.run(1, 'return 1');
    const { pid } = (await pipe.ask(2, 'optimizer/stats')).result.sandbox.children[0];
    pipe.child.kill('SIGKILL');
    await pipe.ended;
    const isGone = (): boolean => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    };
    while (!isGone()) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});

describe('the second engine in the built binary', () => {
  it('is chosen by the config, alone and in a process of its own', async () => {
    for (const isolation of ['thread', 'process']) {
      const config = world.config(
        `ng-${isolation}`,
        {},
        { isolation, backends: { quickjs: { engine: 'quickjs-ng' } } },
      );
      const pipe = new Served(world, config);
      expect(await pipe.run(1, 'return [3, 1, 2].toSorted()')).toMatchObject({ value: [1, 2, 3] });
      const { sandbox } = (await pipe.ask(2, 'optimizer/stats')).result;
      expect(sandbox.engine ?? sandbox.children[0].sandbox.engine).toBe('quickjs-ng');
      pipe.child.stdin?.end();
      await pipe.ended;
    }
  });

  it('stands in `--version` with its hash', () => {
    const text = execFileSync(builtBinary(), ['--version'], { encoding: 'utf8' });
    expect(text).toMatch(/or engine +quickjs-ng [\d.]+ .*\nwasm sha256 +b56fe5094b87/);
  });
});

describe('what only the program says to itself', () => {
  it.each([
    [['--node-options=--expose-gc', '--version'], /options for Node are not taken/],
    [['--node-options=--permission --allow-worker', 'serve'], /options for Node are not taken/],
    [['sandbox-child'], /started by the program itself/],
  ])('is refused from people: %j', (args, message) => {
    const { status, stderr, stdout } = spawnSync(builtBinary(), args, { encoding: 'utf8', input: '' });
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  it('is not taken from NODE_OPTIONS either', () => {
    const env = { NODE_OPTIONS: '--no-such-option' };
    expect(spawnSync(builtBinary(), ['--version'], { env, encoding: 'utf8' }).status).toBe(0);
  });
});
