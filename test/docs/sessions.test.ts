/** docs/sessions.md against the built binary: its messages are sent one after the other, its program runs. */
import { afterAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { environmentOf } from '../../src/config/environment.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { Served } from '../e2e/served.ts';
import { World } from '../e2e/world.ts';
import { misfit, readPage } from './world.ts';

const page = readPage('docs/sessions.md');
const world = new World();
afterAll(() => world.close());

describe('docs/sessions.md', () => {
  it('shows messages that are answered so', async () => {
    const served = new Served(world, world.config('sessions', {}));
    const [block] = page.blocks.filter(({ info }) => info === 'jsonrpc');
    const messages = (block?.text ?? '').split(/^(?=[→←])/m).map((part) => JSON.parse(part.slice(1)) as JsonObject);
    expect(messages.length).toBeGreaterThan(4);
    for (const message of messages) {
      if (message.method !== undefined) served.send(message);
      else {
        const { sessions } = (message.result ?? {}) as { sessions?: JsonObject[] };
        // How large it is depends on the build.
        for (const session of sessions ?? []) session.bytes = '…';
        const answer = (await served.answer(message.id as number)) as JsonObject;
        const said = JSON.parse(JSON.stringify(answer)) as { result?: { sessions?: JsonObject[] } };
        for (const session of said.result?.sessions ?? []) session.bytes = String(session.bytes);
        expect(misfit(message as Json, said as Json)).toBeUndefined();
      }
    }
    await served.end();
  });

  it('shows a program that runs', async () => {
    const served = new Served(world, world.config('context', {}));
    const [block] = page.blocks.filter(({ info }) => info === 'js');
    const outcome = await served.run(1, block?.text ?? '');
    expect(outcome.error).toBeUndefined();
    expect(outcome.value).toEqual([{ page: 3 }, 1, ['cursor'], true]);
    await served.end();
  });

  it('names the defaults that the code has', () => {
    const environment = environmentOf({ variables: {}, cwd: '/', homeDirectory: '/', platform: 'linux' });
    const { sessions } = defaultConfig(environment);
    expect(sessions).toEqual({ ttlMs: 7 * 86_400_000, maxBytes: 8 * 1024 * 1024 });
    expect(DEFAULT_LIMITS).toMatchObject({ contextBytes: 1024 * 1024, contextKeys: 1_000, sessions: 1_000 });
  });
});
