/** Ways in which a plugin does not come up: each is one error that says why, and none hurts the next plugin. */
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { inspectPlugin } from '../../src/app/plugin-inspection.ts';
import { spawnTranspiler } from '../../src/app/plugin-threads.ts';
import { COMPONENT_BYTES_MAX, CORE_INSTANCES_MAX, CORE_MODULES_MAX } from '../../src/plugins/plugin-spec.ts';
import { type PluginThread, prepare } from '../../src/plugins/prepare.ts';
import { adapterComponent, componentOf, craftedText } from '../fixtures/plugins/components.ts';
import { scriptComponent } from '../fixtures/plugins/example.ts';
import { PluginWorld } from './world.ts';

const world = new PluginWorld();
afterAll(() => world.close());

const crafted = (more: string): Promise<Uint8Array> =>
  componentOf(craftedText('plain').replace('(component', `(component ${more}`));

const refused = (words: string | RegExp) => ({
  code: 'upstream.plugin',
  message: expect.stringMatching(words),
  retryable: false,
});

describe('a plugin is refused', () => {
  it('whose file is too large, without being read', async () => {
    const spec = world.spec(new Uint8Array(1));
    truncateSync(spec.path, COMPONENT_BYTES_MAX + 1);
    await expect(prepare(spec, { cache: undefined, spawnTranspiler })).rejects.toMatchObject(
      refused(`its file has ${COMPONENT_BYTES_MAX + 1} bytes; ${COMPONENT_BYTES_MAX} are allowed`),
    );
  });

  it('that makes the translator panic, and the next one is not harmed', async () => {
    const odd = await componentOf('(component (import "url=<https://example.com/x>" (func)))');
    await expect(world.plugin(world.spec(odd)).start()).rejects.toMatchObject(
      refused('is refused: it is no component'),
    );
    const next = world.plugin(world.spec(await adapterComponent()));
    await next.start();
    expect(await next.listTools()).toHaveLength(11);
  });

  it('with too many core modules', async () => {
    const component = await crafted('(core module)'.repeat(CORE_MODULES_MAX));
    await expect(world.plugin(world.spec(component)).start()).rejects.toMatchObject(
      refused(`it holds ${CORE_MODULES_MAX + 1} core modules; ${CORE_MODULES_MAX} are allowed`),
    );
  });

  it('that makes too many instances of one module', async () => {
    const text = `(core module $e) ${'(core instance (instantiate $e))'.repeat(CORE_INSTANCES_MAX)}`;
    await expect(world.plugin(world.spec(await crafted(text))).start()).rejects.toMatchObject(
      refused(`makes more than ${CORE_INSTANCES_MAX} instances of its core modules`),
    );
  });

  it('whose start never ends', async () => {
    const text = '(core module $l (func $f (loop $a (br $a))) (start $f)) (core instance (instantiate $l))';
    const plugin = world.plugin(world.spec(await crafted(text)), { startTimeoutMs: 500 });
    await expect(plugin.start()).rejects.toMatchObject(refused('its start takes longer than 500 ms'));
  });

  it('whose start traps', async () => {
    const text = '(core module $t (func $f unreachable) (start $f)) (core instance (instantiate $t))';
    await expect(world.plugin(world.spec(await crafted(text))).start()).rejects.toMatchObject(
      refused('it cannot be started: .*unreachable'),
    );
  });

  it('whose list does not hold what a list holds', async () => {
    const plugin = world.plugin(world.spec(await crafted('')));
    await plugin.start();
    // Its list is whatever lies in its memory, which is nothing.
    expect(await plugin.listTools()).toEqual([]);
  });

  it('that takes too long to translate', async () => {
    let isEnded = false;
    const silent: PluginThread<never> = {
      postMessage() {},
      on() {},
      terminate: () => {
        isEnded = true;
        return Promise.resolve(1);
      },
    };
    const spec = world.spec(await adapterComponent());
    const work = prepare(spec, { cache: undefined, spawnTranspiler: async () => silent, transpileTimeoutMs: 20 });
    await expect(work).rejects.toMatchObject(refused('it was not translated within 20 ms'));
    expect(isEnded).toBe(true);
  });

  it('when whoever waits for it gives up', async () => {
    const plugin = world.plugin(world.spec(await adapterComponent()));
    await expect(plugin.start(AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up');
    await plugin.start();
  });
});

describe('an inspection', () => {
  it('says what a component is', async () => {
    const component = await adapterComponent();
    const { path, sha256 } = world.spec(component);
    expect(await inspectPlugin(path, 'fixture')).toMatchObject({
      sha256,
      bytes: component.byteLength,
      imports: expect.arrayContaining(['mcp-optimizer:adapter/host-http', 'wasi:cli/exit']),
      tools: expect.arrayContaining([expect.objectContaining({ name: 'echo', annotations: { readOnlyHint: true } })]),
    });
  });

  it('says that the list of tools never ends', async () => {
    const source = 'export function listTools() { for (;;); }\nexport function callTool() {}';
    const { path } = world.spec(await scriptComponent(source), { memoryBytes: 64 * 1024 * 1024 });
    await expect(inspectPlugin(path, 'endless', 500)).rejects.toMatchObject(refused('did not end within 500 ms'));
  });

  it('refuses what would be refused', async () => {
    const path = join(world.folder, 'text.wasm');
    writeFileSync(path, 'text');
    await expect(inspectPlugin(path, 'text.wasm')).rejects.toMatchObject(refused('Plugin "text.wasm" is refused'));
    await expect(inspectPlugin(join(world.folder, 'none'), 'none')).rejects.toMatchObject(refused('ENOENT'));
  });
});
