/** `manifest show` and `manifest verify`, with a real server and a store in a file. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/cli/command-context.ts';
import { showManifest, verifyManifest } from '../../src/cli/manifest.ts';
import { type OutputStream, Printer } from '../../src/cli/printer.ts';
import type { Environment } from '../../src/config/environment.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { World } from '../config/world.ts';

const world = new World();
let environment: Environment;

beforeAll(() => {
  const args = [join(import.meta.dirname, '../fixtures/servers/plain.mjs')];
  world.write('mcp-optimizer.json', JSON.stringify({ mcpServers: { plain: { command: process.execPath, args } } }));
  environment = { ...world.environment, processors: 1 };
});
afterAll(() => world.remove());

class Screen implements OutputStream {
  text = '';
  write(text: string): void {
    this.text += text;
  }
}

function scene(json = false) {
  const [stdout, stderr] = [new Screen(), new Screen()];
  const printer = new Printer({ stdout, stderr, variables: {}, json });
  const context: CommandContext = { environment, printer, options: { state: join(world.cwd, 'state.sqlite') } };
  return { context, stdout, stderr };
}

async function shown(): Promise<string> {
  const { context, stdout } = scene();
  expect(await showManifest(context)).toBe(0);
  return stdout.text;
}

const verify = async (text: string, publicKey?: string) => {
  const made = scene();
  const file = world.write('given.json', text);
  const status = await verifyManifest(made.context, file, publicKey === undefined ? {} : { publicKey });
  return { status, stdout: made.stdout.text, stderr: made.stderr.text };
};

describe('manifest show', () => {
  it('prints the signed document, the same byte for byte as long as nothing changes', async () => {
    const text = await shown();
    expect(JSON.parse(text)).toMatchObject({
      manifest: { mode: 'code', backends: ['quickjs'], servers: { plain: [9, expect.any(String)] } },
      algorithm: 'Ed25519',
    });
    expect(await shown()).toBe(text);
    const { context, stdout } = scene(true);
    await showManifest(context);
    expect(stdout.text).toBe(text);
  });
});

describe('manifest verify', () => {
  it('accepts what was signed, also when it was written in another way', async () => {
    const text = await shown();
    const { publicKey } = JSON.parse(text) as { publicKey: string };
    expect(await verify(text)).toEqual({
      status: 0,
      stdout: `valid, signed with ${publicKey}\n`,
      stderr: expect.stringContaining('--public-key'),
    });
    const pretty = JSON.stringify(JSON.parse(text), undefined, 2);
    expect(await verify(pretty, publicKey)).toMatchObject({ status: 0, stderr: '' });
    expect((await verify(pretty, world.write('key.txt', `${publicKey}\n`))).status).toBe(0);
  });

  it.each<[string, (document: JsonObject) => object]>([
    [
      'another count',
      (document) => ({ ...document, manifest: { ...(document['manifest'] as JsonObject), servers: { plain: [10] } } }),
    ],
    [
      'one more member',
      (document) => ({ ...document, manifest: { ...(document['manifest'] as JsonObject), more: 1 } }),
    ],
    ['another signature', (document) => ({ ...document, signature: `AAAA${String(document['signature']).slice(4)}` })],
    ['another key', (document) => ({ ...document, publicKey: OTHER_KEY })],
    ['no signature', ({ signature: _, ...document }) => document],
    ['another algorithm', (document) => ({ ...document, algorithm: 'none' })],
  ])('refuses a document with %s', async (_, tamper) => {
    const document = JSON.parse(await shown()) as JsonObject;
    await expect(verify(JSON.stringify(tamper(document)))).rejects.toMatchObject({ code: 'request.signature' });
  });

  it('refuses a sound document of somebody else when the key is named', async () => {
    const text = await shown();
    await expect(verify(text, OTHER_KEY)).rejects.toMatchObject({
      code: 'request.signature',
      message: expect.stringContaining('another key'),
    });
    await expect(verify(text, 'nonsense')).rejects.toMatchObject({ code: 'request.signature' });
  });

  it('refuses what is no document, and tells a file that is not there apart', async () => {
    for (const text of ['', '{', '[]', '{}', 'null']) {
      await expect(verify(text)).rejects.toMatchObject({ code: 'request.signature' });
    }
    await expect(verifyManifest(scene().context, 'gone.json', {})).rejects.toMatchObject({ code: 'request.command' });
  });
});

/** The key of RFC 8032 section 7.1, test 1. */
const OTHER_KEY = 'MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
