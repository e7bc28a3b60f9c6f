/** `plugins list`, `verify` and `wit`: what is printed, as words and as JSON, and the exit status. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandContext, GlobalOptions } from '../../src/cli/command-context.ts';
import { listPlugins, printAdapterWorld, verifyPlugin } from '../../src/cli/plugins.ts';
import { Printer } from '../../src/cli/printer.ts';
import { sha256Hex } from '../../src/core/crypto.ts';
import { EXIT } from '../../src/core/errors.ts';
import { World } from '../config/world.ts';
import { ADAPTER_WIT, adapterComponent, craftedComponent } from '../fixtures/plugins/components.ts';

const world = new World();
let sha256: string;

beforeAll(async () => {
  const component = await adapterComponent({
    tools: [{ name: 'echo', description: 'Says it again', readOnly: true }, { name: 'fail' }],
  });
  const crafted = await craftedComponent();
  sha256 = sha256Hex(component);
  world.write('good.wasm', Buffer.from(component));
  world.write('crafted.wasm', Buffer.from(crafted));
  const good = { path: 'good.wasm', sha256, hosts: ['api.example.com'] };
  world.write('mcp-optimizer.json', JSON.stringify({ plugins: { good } }));
  const bad = { path: 'crafted.wasm', sha256: sha256Hex(crafted) };
  world.write('mixed.json', JSON.stringify({ plugins: { good, bad } }));
  world.write('none.json', '{}');
});
afterAll(() => world.remove());

function scene(options: GlobalOptions = {}) {
  const screen = () => ({
    text: '',
    write(text: string): void {
      this.text += text;
    },
  });
  const [stdout, stderr] = [screen(), screen()];
  const printer = new Printer({ stdout, stderr, variables: {}, json: options.json ?? false });
  const environment = { ...world.environment, processors: 1 };
  const context: CommandContext = { environment, printer, options: { state: 'memory', ...options } };
  return { context, stdout, stderr };
}

describe('plugins list', () => {
  it('says how each plugin is', async () => {
    const { context, stdout } = scene();
    expect(await listPlugins(context)).toBe(EXIT.ok);
    expect(stdout.text).toBe('PLUGIN  TOOLS  STATE  WHY\ngood        2  ready\n');
  });

  it('says why one is refused, beside those that are not', async () => {
    const { context, stdout } = scene({ config: 'mixed.json', json: true });
    expect(await listPlugins(context)).toBe(EXIT.upstream);
    const { plugins } = JSON.parse(stdout.text);
    expect(plugins[0]).toMatchObject({
      name: 'good',
      tools: 2,
      state: 'ready',
      sha256,
      hosts: ['https://api.example.com'],
    });
    expect(plugins[1]).toMatchObject({ name: 'bad', state: 'failed', error: expect.stringContaining('is refused') });
  });

  it('says how to have one when there is none', async () => {
    const { context, stderr } = scene({ config: 'none.json' });
    expect(await listPlugins(context)).toBe(EXIT.ok);
    expect(stderr.text).toContain('no plugin is configured');
  });
});

describe('plugins verify', () => {
  it('prints digest, imports and tools', async () => {
    const { context, stdout } = scene();
    expect(await verifyPlugin(context, 'good.wasm')).toBe(EXIT.ok);
    const lines = stdout.text.trimEnd().split('\n');
    expect(lines[0]).toBe(`sha256   ${sha256}`);
    expect(lines[2]).toBe('imports  mcp-optimizer:adapter/host-http');
    expect(lines.slice(-2)).toEqual(['tools    echo (read): Says it again', '         fail (write)']);
  });

  it('fails with the reason', async () => {
    await expect(verifyPlugin(scene().context, 'crafted.wasm')).rejects.toMatchObject({ code: 'upstream.plugin' });
    await expect(verifyPlugin(scene().context, 'not-there.wasm')).rejects.toThrow('ENOENT');
  });
});

describe('plugins wit', () => {
  it('prints the world as it stands in `wit/`', () => {
    const { context, stdout } = scene();
    printAdapterWorld(context);
    expect(stdout.text).toBe(readFileSync(ADAPTER_WIT, 'utf8'));
  });
});
