/** Plugins in the built binary: everything they need is inside, and whatever they do, the pipe goes on. */
import { readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../src/core/crypto.ts';
import { adapterComponent, craftedComponent } from '../fixtures/plugins/components.ts';
import { exampleComponent } from '../fixtures/plugins/example.ts';
import { Served } from './served.ts';
import { World } from './world.ts';

const world = new World();
let plugins: Record<string, object>;
afterAll(() => world.close());

beforeAll(async () => {
  const entry = (name: string, component: Uint8Array) => {
    writeFileSync(world.path(`${name}.wasm`), component);
    return { path: `${name}.wasm`, sha256: sha256Hex(component), memoryBytes: 16 * 1024 * 1024 };
  };
  plugins = {
    adapter: entry('adapter', await adapterComponent()),
    crafted: entry('crafted', await craftedComponent()),
    example: entry('example', await exampleComponent()),
  };
});

// Each start translates its components, which takes seconds where many tests run at once.
describe('a plugin in the built binary', { timeout: 60_000 }, () => {
  it('answers programs, and a refused one stops nothing', async () => {
    const pipe = new Served(world, world.config('plugins', { plain: world.fixture('plain') }, { plugins }));
    expect(
      await pipe.run(1, 'return [await tools.adapter.echo({ n: 1 }), await tools.plain.echo({ n: 2 })]'),
    ).toMatchObject({ status: 'completed', value: [{ n: 1 }, { n: 2 }] });
    expect(await pipe.run(2, 'return await tools.example.slug({ title: "Été à la plage" })')).toMatchObject({
      value: { slug: 'ete-a-la-plage' },
    });
    expect(await pipe.run(3, 'return await tools.crafted.x({})')).toMatchObject({ error: { code: 'upstream.plugin' } });
    const { servers } = (await pipe.ask(4, 'optimizer/servers')).result;
    expect(servers).toContainEqual({
      name: 'crafted',
      tools: 0,
      state: 'failed',
      error: expect.stringMatching(/^Plugin "crafted" is refused: a core module has the name/),
    });
    pipe.child.stdin?.end();
    expect(await pipe.ended).toMatchObject({ status: 0 });
  });

  it('that hangs, hogs, traps, exits or prints leaves the pipe clean and the others answering', async () => {
    const pipe = new Served(world, world.config('hostile', {}, { plugins, log: { level: 'debug' } }));
    const failing = async (id: number, tool: string, more: object = {}) =>
      (await pipe.run(id, `return await tools.adapter.${tool}({})`, more)).error?.code;
    expect(await failing(1, 'loop', { limits: { wallMs: 500 } })).toBe('limit.time');
    expect(await failing(2, 'hog')).toBe('upstream.toolError');
    expect(await failing(3, 'trap')).toBe('upstream.toolError');
    expect(await failing(4, 'xit')).toBe('upstream.toolError');
    expect(await pipe.run(5, 'return await tools.adapter.noise({ a: 1 })')).toMatchObject({ value: { a: 1 } });
    expect(await pipe.run(6, 'return await tools.adapter.echo({ a: 2 })')).toMatchObject({ value: { a: 2 } });
    const { memory } = (await pipe.ask(7, 'optimizer/stats')).result;
    expect(memory.rssBytes).toBeLessThan(600 * 1024 * 1024);
    expect(pipe.messages.every((message) => message.jsonrpc === '2.0')).toBe(true);
    await pipe.until(() => (pipe.stderr.includes('noise on stdout') ? true : undefined));
    pipe.child.stdin?.end();
    expect(await pipe.ended).toMatchObject({ status: 0 });
  });

  it('is translated once and kept beside the state file', async () => {
    const config = world.config('kept', {}, { plugins: { adapter: plugins.adapter }, state: 'own/state.sqlite' });
    for (const id of [1, 2]) {
      const pipe = new Served(world, config);
      expect(await pipe.run(id, 'return await tools.adapter.echo({ a: 1 })')).toMatchObject({ value: { a: 1 } });
      pipe.child.stdin?.end();
      await pipe.ended;
      expect(readdirSync(world.path('own/plugins')).filter((name) => name.endsWith('.plugin'))).toHaveLength(1);
    }
  });
});
