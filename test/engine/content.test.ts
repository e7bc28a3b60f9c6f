/** Content blocks through the real sandbox: emitted, returned, refused. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { CONTENT_BLOCKS_MAX } from '../../src/engine/content.ts';
import { KeptBlobs } from '../../src/engine/kept-blobs.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import type { ToolAnswer } from '../../src/engine/ports.ts';
import type { ExecuteRequest, RunContext } from '../../src/engine/request.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import { unwrapResult } from '../../src/upstream/results.ts';
import { executorOver, FakeTools, listening } from './fakes.ts';
import { startRealBackend } from './real-backend.ts';

const backend = startRealBackend();
afterAll(() => backend.close());

const PNG = Buffer.from('not really a picture').toString('base64');
const IMAGE = { type: 'image', mimeType: 'image/png', data: PNG };

function answerOf(content: Json[], prefix: string): ToolAnswer {
  const raw = { content };
  const unwrapped = unwrapResult(raw, (index) => `${prefix}${index}`);
  if (!unwrapped.ok) throw new Error('a good answer was meant');
  return {
    ok: true,
    value: unwrapped.value,
    raw: { content: [...(unwrapped.content ?? [])] },
    blobs: unwrapped.blobs,
  };
}

const tools = new FakeTools({
  'cam.shot': { work: () => answerOf([IMAGE], 'b_shot') },
  'cam.mixed': { work: () => answerOf([{ type: 'text', text: 'a cat' }, IMAGE], 'b_mixed') },
  'cam.file': {
    work: () =>
      answerOf([{ type: 'resource', resource: { uri: 'file:///a.bin', mimeType: 'x/y', blob: PNG } }], 'b_file'),
  },
  'cam.slow': { work: () => new Promise(() => {}) },
});
const blobs = new KeptBlobs({ bytesMax: 1024 * 1024, ttlMs: 60_000 });
const executor = executorOver(backend, tools, { blobs, redactor: createRedactor(['s3cr3t-token']) });

function run(request: string | ExecuteRequest, audience?: RunContext['audience']): Promise<Outcome> {
  return executor.execute(typeof request === 'string' ? { code: request } : request, listening(audience));
}

describe('an image that a tool answers', () => {
  it('is a small handle inside the program, also in the raw result', async () => {
    const outcome = await run(`
      const [shot] = await tools.cam.shot();
      const raw = await tools.cam.$raw.shot();
      return { shot, raw }`);
    const descriptor = { type: 'image', mimeType: 'image/png', bytes: 20, handle: 'b_shot0' };
    expect(outcome.value).toEqual({ shot: descriptor, raw: { content: [descriptor] } });
    expect(outcome).not.toHaveProperty('content');
    expect(JSON.stringify(outcome)).not.toContain(PNG);
  });

  it('is shown with its bytes when it is emitted', async () => {
    const outcome = await run(`const [shot] = await tools.cam.shot(); await emit(shot); return 'a picture'`);
    expect(outcome).toMatchObject({ status: 'completed', value: 'a picture', content: [IMAGE] });
  });

  it('is shown with its bytes when it is returned, alone or in a list of blocks', async () => {
    expect(await run(`const [shot] = await tools.cam.shot(); return shot`)).toMatchObject({
      value: null,
      content: [IMAGE],
    });
    expect(await run('return await tools.cam.mixed()')).toMatchObject({
      value: null,
      content: [{ type: 'text', text: 'a cat' }, IMAGE],
    });
    expect(await run('return await tools.cam.file()')).toMatchObject({
      value: null,
      content: [{ type: 'resource', resource: { uri: 'file:///a.bin', mimeType: 'x/y', blob: PNG } }],
    });
  });

  it('stays a descriptor inside a larger value', async () => {
    const outcome = await run(`const [shot] = await tools.cam.shot(); return { shot, name: 'x' }`);
    expect(outcome.value).toMatchObject({ shot: { handle: 'b_shot0' }, name: 'x' });
    expect(outcome).not.toHaveProperty('content');
  });

  it('is another tenant’s business alone', async () => {
    await run({ code: 'await tools.cam.shot()', tenant: 'a' });
    const code = `return await emit({ type: 'image', mimeType: 'image/png', handle: 'b_shot0' }).catch((e) => e.code)`;
    expect(await run({ code, tenant: 'b' })).toMatchObject({ value: 'state.missing' });
    expect((await run({ code, tenant: 'a' })).content).toEqual([IMAGE]);
  });

  it('cannot be loaded, and the error says what can be done', async () => {
    const outcome = await run(`const [{ handle }] = await tools.cam.shot(); await load(handle)`);
    expect(outcome.error).toMatchObject({ code: 'request.params', hint: expect.stringContaining('emit') });
  });
});

describe('emit', () => {
  it('counts without being waited for, also behind calls that hold every place in flight', async () => {
    const outcome = await run({
      code: `tools.cam.slow(); tools.cam.slow(); emit({ type: 'text', text: 'one' }); emit('two'); return 1`,
      limits: { callsInFlight: 1 },
    });
    expect(outcome.content).toEqual([
      { type: 'text', text: 'one' },
      { type: 'text', text: 'two' },
    ]);
    expect(outcome.callsLeft).toEqual(['cam.slow']);
  });

  it('keeps what was emitted when the program fails', async () => {
    const outcome = await run(`emit('so far'); throw new Error('then this')`);
    expect(outcome).toMatchObject({ status: 'failed', content: [{ type: 'text', text: 'so far' }] });
  });

  it.each([
    ['null'],
    ['7'],
    ['{}'],
    ['{ type: "image", data: "AAAA" }'],
    ['{ type: "image", mimeType: "image/png", data: "no base64!" }'],
    ['{ type: "video", mimeType: "x/y", handle: "b" }'],
    ['{ type: "resource", resource: {} }'],
  ])('refuses %s, and a program that does not wait is told in its logs', async (block) => {
    expect(await run(`return await emit(${block}).catch((error) => error.code)`)).toMatchObject({
      value: 'request.params',
    });
    const silent = await run(`emit(${block}); return 1`);
    expect(silent).toMatchObject({ status: 'completed', value: 1 });
    expect(silent.logs).toEqual([{ level: 'warn', text: expect.stringContaining('emit: expected an MCP block') }]);
  });

  it('is bounded in number', async () => {
    const outcome = await run(
      `const said = await Promise.allSettled(Array.from({ length: 200 }, (_, n) => emit('n' + n)));
       return said.filter((one) => one.status === 'fulfilled').length`,
    );
    expect(outcome.value).toBe(CONTENT_BLOCKS_MAX);
    expect(outcome.content).toHaveLength(CONTENT_BLOCKS_MAX);
  });

  it('hides secrets', async () => {
    const outcome = await run(`emit('the s3cr3t-token'); emit({ type: 'text', text: 's3cr3t-token' }); return 1`);
    expect(JSON.stringify(outcome.content)).not.toContain('s3cr3t-token');
  });

  it('is gone when it is not granted', async () => {
    expect(await run({ code: 'return typeof emit', grants: ['tools'] })).toMatchObject({ value: 'undefined' });
  });
});

describe('a call that the program did not wait for', () => {
  it('is named, whether it had left or not', async () => {
    const outcome = await run(`tools.cam.slow(); await tools.cam.shot(); return 1`);
    expect(outcome).toMatchObject({ status: 'completed', callsLeft: ['cam.slow'] });
    expect(await run(`tools.cam.shot(); return 1`)).toMatchObject({ callsLeft: ['cam.shot'] });
    expect(await run('await tools.cam.shot(); return 1')).not.toHaveProperty('callsLeft');
  });
});
