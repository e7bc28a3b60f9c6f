/** Plugins in the whole product: in the catalogue like a server's tools, through the one gate, refused without harm. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../src/core/crypto.ts';
import type { PluginSpec } from '../../src/plugins/plugin-spec.ts';
import type { PluginServerSpec } from '../../src/upstream/server-spec.ts';
import { adapterComponent, BEHAVIOURS, craftedComponent } from '../fixtures/plugins/components.ts';
import { PluginWorld } from '../plugins/world.ts';
import { type House, openHouse, server } from './house.ts';

const world = new PluginWorld();
let house: House;

beforeAll(async () => {
  const tools = [
    ...BEHAVIOURS.filter(({ name }) => name !== 'words'),
    {
      name: 'exact',
      description: 'Answers its arguments, which have a type',
      inputSchema: '{"type":"object","properties":{"n":{"type":"number"}},"required":["n"]}',
      outputSchema: '{"type":"object","properties":{"n":{"type":"number"}},"required":["n"]}',
    },
    { name: 'words', description: 'Has a schema that is no JSON', inputSchema: 'no json', readOnly: true },
  ];
  const good = world.spec(await adapterComponent({ tools }), { name: 'adapter' });
  const crafted = world.spec(await craftedComponent(), { name: 'crafted' });
  const changed = { ...good, name: 'changed', sha256: '0'.repeat(64) };
  const absent = { ...good, name: 'absent', path: join(world.folder, 'not-there.wasm') };
  const junk = join(world.folder, 'junk.wasm');
  writeFileSync(junk, 'no component at all');
  const plugins: PluginSpec[] = [
    good,
    crafted,
    changed,
    absent,
    { ...good, name: 'junk', path: junk, sha256: sha256Hex('no component at all') },
  ];
  const specs: PluginServerSpec[] = plugins.map(({ name, sha256 }) => {
    const { command: _1, args: _2, env: _3, cwd: _4, ...base } = server(name, 'plain');
    return { ...base, transport: 'plugin', sha256, effects: name === 'adapter' ? { fail: 'read' } : {} };
  });
  house = await openHouse([server('plain', 'plain'), ...specs] as never, { plugins });
  await house.app.fleet.whenListed(20_000);
});

afterAll(async () => {
  await house.app.close();
  await world.close();
});

const run = async (code: string, more: Record<string, unknown> = {}) =>
  await house.app.engine.execute(
    { code, ...more } as never,
    { signal: new AbortController().signal, onEvent() {} } as never,
  );

describe('a plugin in the house', () => {
  it('is called by programs like a server', async () => {
    const outcome = await run('return await tools.adapter.echo({ a: [1, "ü", null] })');
    expect(outcome).toMatchObject({
      status: 'completed',
      value: { a: [1, 'ü', null] },
      calls: [{ tool: 'adapter.echo', status: 'ok', effect: 'read' }],
    });
  });

  it('has types, and its arguments are checked before they leave', async () => {
    const { declaration } = await house.app.engine.describe('adapter', 'exact');
    expect(declaration).toContain('n: number');
    const outcome = await run('return await tools.adapter.exact({ n: "1" })');
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'upstream.arguments' } });
  });

  it('is found by search, and its broken schema is named', async () => {
    const { matches } = await house.app.engine.search('adapter fetches an address', 3);
    expect(matches).toContainEqual(expect.objectContaining({ server: 'adapter', tool: 'get' }));
    expect(
      house.app.catalog
        .problems()
        .map(({ message }) => message)
        .join(),
    ).toContain('"words"');
  });

  it('reads or writes as it says, or as the config says', async () => {
    expect(await run('return await tools.adapter.echo({})', { readOnly: true })).toMatchObject({ status: 'completed' });
    expect(await run('return await tools.adapter.noise({})', { readOnly: true })).toMatchObject({
      status: 'failed',
      error: { code: 'denied.readOnly' },
    });
    expect(await run('return await tools.adapter.fail({})', { readOnly: true })).toMatchObject({
      status: 'failed',
      error: { code: 'upstream.toolError', message: expect.stringContaining('it went wrong') },
    });
  });

  it.each([
    ['trap', 'upstream.toolError', 'Tool "trap" of plugin "adapter" trapped: wasm `unreachable` instruction executed.'],
    ['hog', 'upstream.toolError', 'ran out of memory (`memoryBytes` is 8388608)'],
    ['xit', 'upstream.toolError', 'ended itself before it answered'],
  ])('that fails by %s is an answer that names it', async (tool, code, words) => {
    const outcome = await run(`return await tools.adapter.${tool}({})`);
    expect(outcome).toMatchObject({ status: 'failed', error: { code, message: expect.stringContaining(words) } });
    expect(await run('return await tools.adapter.echo({ still: "here" })')).toMatchObject({ status: 'completed' });
  });

  it('that never ends meets the limit of the call, and answers the next one', async () => {
    const outcome = await run('return await tools.adapter.loop({})', { limits: { toolTimeoutMs: 200 } });
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'upstream.timeout', message: expect.stringContaining('within 200 ms') },
    });
    expect(await run('return await tools.adapter.echo({ n: 2 })')).toMatchObject({ value: { n: 2 } });
  });

  it('that never ends is let go when the run ends', async () => {
    const outcome = await run('return await tools.adapter.loop({})', { limits: { wallMs: 300 } });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'limit.time' } });
    expect(await run('return await tools.adapter.echo({ n: 3 })')).toMatchObject({ value: { n: 3 } });
  });

  it('that is refused says why and stops nothing else', async () => {
    const errors = new Map(
      (await house.app.engine.servers()).map(({ name, state, error }) => [name, { state, error }]),
    );
    expect(errors.get('adapter')).toEqual({ state: 'ready', error: undefined });
    expect(errors.get('crafted')).toEqual({
      state: 'failed',
      error: expect.stringContaining('A core module has the name'.slice(2)),
    });
    expect(errors.get('changed')?.error).toContain('the config pins 0000');
    expect(errors.get('absent')?.error).toMatch(/cannot be read \(ENOENT\)/);
    expect(errors.get('junk')?.error).toContain('It is no component'.slice(2));
    expect(Reflect.get(globalThis, 'marker')).toBeUndefined();
    expect(await run('return await tools.crafted.anything({})')).toMatchObject({
      status: 'failed',
      error: { code: 'upstream.plugin' },
    });
    expect(await run('return await tools.plain.echo({ text: "x" })')).toMatchObject({ status: 'completed' });
  });
});
