/** What real servers answer beside text, and what is learned of their results, through the whole house. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import { type House, openHouse, server } from './house.ts';

let house: House;
const everything = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/package.json')),
  'dist/index.js',
);

beforeAll(async () => {
  house = await openHouse([
    { ...server('everything', 'plain'), args: [everything] },
    server('plain', 'plain', { effects: { echo: 'read' } }),
  ]);
});
afterAll(() => house.app.close());

function run(code: string): Promise<Outcome> {
  return house.app.engine.execute({ code }, { signal: new AbortController().signal, onEvent: () => {} });
}

describe('an image of a real server', () => {
  it('passes to the client with its bytes, and through the program as a handle', async () => {
    const outcome = await run(`
      const blocks = await tools.everything['get-tiny-image']({});
      const image = blocks.find((block) => block.type === 'image');
      await emit(image);
      return { length: JSON.stringify(blocks).length, keys: Object.keys(image).sort() }`);
    expect(outcome.error).toBeUndefined();
    const [image] = outcome.content as [JsonObject];
    expect(image).toMatchObject({ type: 'image', mimeType: 'image/png' });
    expect(Buffer.from(String(image.data), 'base64').subarray(1, 4).toString()).toBe('PNG');
    expect(outcome.value).toMatchObject({ keys: ['bytes', 'handle', 'mimeType', 'type'] });
    expect((outcome.value as { length: number }).length).toBeLessThan(1_000);
    // The bytes are no text to a model, neither here nor in a direct call.
    expect(outcome.tokens.answer).toBeLessThan(200);
    expect(outcome.tokens.withoutOptimizer).toBeLessThan(500);
  });

  it('keeps resource links as they are', async () => {
    const outcome = await run(`return await tools.everything.$raw['get-resource-links']({ count: 1 })`);
    const { content } = outcome.value as { content: JsonObject[] };
    expect(content.some((block) => block.type === 'resource_link')).toBe(true);
  });
});

describe('a tool without a declared result', () => {
  it('is found with the type that calls have shown', async () => {
    await run(`for (const id of [1, 2]) await tools.plain.echo(id === 1 ? { id } : { id, title: 'x' })`);
    await new Promise((resolve) => setImmediate(resolve));
    const { signature, declaration } = await house.app.engine.describe('plain', 'echo');
    expect(signature).toContain('Promise<{id: number; title?: string}> // observed in 2 calls');
    expect(declaration).toContain('title?: string;');
  });
});
