/** The caller with a memory, over a real cache and a server that counts its calls. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OptimizerError } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/json.ts';
import { type CachedTool, CachingCaller } from '../../src/engine/caching-caller.ts';
import type { CallOptions, ToolAnswer, ToolCaller } from '../../src/engine/ports.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import { ResultCache } from '../../src/state/cache/result-cache.ts';

let nowMs = 0;
let folder: string;
const open: ResultCache[] = [];

beforeEach(() => {
  nowMs = 1_000_000;
  folder = mkdtempSync(join(tmpdir(), 'optimizer-caller-'));
});

afterEach(() => {
  for (const cache of open.splice(0)) cache.close();
  rmSync(folder, { recursive: true, force: true });
});

function openCache(path?: string): ResultCache {
  const cache = new ResultCache({
    l1Bytes: 1_000_000,
    disk: path === undefined ? undefined : { path, bytesMax: 1_000_000 },
    redis: undefined,
    restore: (text) => okAnswer(JSON.parse(text) as Json),
    nowMs: () => nowMs,
    onDiskLost(error) {
      throw error;
    },
  });
  open.push(cache);
  return cache;
}

const okAnswer = (raw: Json): ToolAnswer => ({ ok: true, value: raw, raw });

const TOOL: CachedTool = { effect: 'read', pin: 'p', place: 'S', account: 'A', ttlMs: 1_000, tags: undefined };

/** A caller whose server answers with `answer`; `calls` lists what reached it. */
function world(
  answer: (tool: string, args: Json, options: CallOptions) => ToolAnswer | Promise<ToolAnswer>,
  more: {
    tools?: Record<string, Partial<CachedTool>>;
    secrets?: string[];
    staleOnErrorMs?: number;
    cache?: ResultCache;
    othersMayKeep?: boolean;
  } = {},
) {
  const calls: string[] = [];
  const cache = more.cache ?? openCache();
  const upstream: ToolCaller = {
    async call(_server, tool, args, options) {
      calls.push(`${tool} ${JSON.stringify(args)}`);
      return answer(tool, args, options);
    },
  };
  const caller = new CachingCaller({
    caller: upstream,
    toolOf: (_server, name) => {
      const facts = more.tools?.[name];
      if (name === 'unknown') return undefined;
      return { ...TOOL, effect: name.startsWith('write') ? 'write' : 'read', ...facts };
    },
    cache: async () => cache,
    othersMayKeep: () => more.othersMayKeep ?? false,
    staleOnErrorMs: more.staleOnErrorMs ?? 0,
    redactor: createRedactor(more.secrets ?? []),
  });
  const call = (
    tool: string,
    args: Json = {},
    options: Partial<CallOptions> = {},
  ): Promise<ToolAnswer & { value?: Json }> =>
    caller.call('s', tool, args, {
      signal: new AbortController().signal,
      timeoutMs: 1_000,
      onProgress() {},
      ...options,
    });
  return { call, calls, cache, caller };
}

describe('a read', () => {
  it('asks the server once for the same arguments, in whatever order they stand', async () => {
    const { call, calls } = world((_, args) => okAnswer({ args }));
    expect((await call('get', { a: 1, b: 2 })).cached).toBeUndefined();
    expect(await call('get', { b: 2, a: 1 })).toEqual({ ...okAnswer({ args: { a: 1, b: 2 } }), cached: true });
    await call('get', { a: 1 });
    expect(calls).toHaveLength(2);
  });

  it('is kept apart by tool, tenant, principal, account and definition', async () => {
    const tools = { one: {}, two: {}, other: { account: 'B' }, changed: { pin: 'q' } };
    const { call, calls } = world(() => okAnswer(1), { tools });
    for (const tool of Object.keys(tools)) expect((await call(tool)).cached).toBeUndefined();
    expect((await call('one', {}, { tenant: 't' })).cached).toBeUndefined();
    expect((await call('one', {}, { tenant: 't', principal: 'p' })).cached).toBeUndefined();
    expect((await call('one', {}, { tenant: 't', principal: 'p' })).cached).toBe(true);
    expect((await call('one', {}, { tenant: 't', principal: 't' })).cached).toBe(true);
    expect(calls).toHaveLength(6);
  });

  it('keeps nothing without a time: neither of the config nor of the server', async () => {
    const { call, calls } = world(() => okAnswer(1), { tools: { get: { ttlMs: undefined }, zero: { ttlMs: 0 } } });
    for (const tool of ['get', 'get', 'zero', 'zero']) expect((await call(tool)).cached).toBeUndefined();
    expect(calls).toHaveLength(4);
  });

  it('is kept for as long as its server says, over the config', async () => {
    const { call } = world((tool) => okAnswer(tool === 'meta' ? { _meta: { ttlMs: 50 } } : { ttlMs: 0 }));
    await call('meta');
    nowMs += 49;
    expect((await call('meta')).cached).toBe(true);
    nowMs += 1;
    expect((await call('meta')).cached).toBeUndefined();
    await call('never');
    expect((await call('never')).cached).toBeUndefined();
  });

  it('is kept because its server says so, from the second one on, where the config says nothing', async () => {
    const { call, calls } = world(() => okAnswer({ ttlMs: 50 }), { tools: { get: { ttlMs: undefined } } });
    await call('get');
    await call('get');
    expect((await call('get')).cached).toBe(true);
    expect(calls).toHaveLength(2);
  });

  it.each<[string, ToolAnswer]>([
    ['a failure of the tool', { ok: false, message: 'no', raw: { isError: true } }],
    ['bytes', { ...okAnswer({}), blobs: [{ handle: 'b', type: 'image', mimeType: 'x', bytes: 1, base64: 'AA==' }] }],
    ['a secret', okAnswer({ token: 'very-secret' })],
  ])('is not kept when the answer holds %s', async (_, answer) => {
    const { call, calls } = world(() => answer, { secrets: ['very-secret'] });
    await call('get');
    expect(await call('get')).toEqual(answer);
    expect(calls).toHaveLength(2);
  });

  it('is not kept when it fails, with whatever error', async () => {
    const { call, calls } = world(() => {
      throw new OptimizerError('upstream.unavailable', 'refused the credentials', { data: { httpStatus: 401 } });
    });
    await expect(call('get')).rejects.toMatchObject({ code: 'upstream.unavailable' });
    await expect(call('get')).rejects.toMatchObject({ code: 'upstream.unavailable' });
    expect(calls).toHaveLength(2);
  });

  it('is not kept when somebody was asked a question on the way', async () => {
    const asker = { client: {}, ask: async () => ({}) };
    const { call, calls } = world(async (_tool, _args, options) => {
      await options.asker?.ask({ method: 'elicitation/create', params: {} }, options.signal);
      return okAnswer(1);
    });
    await call('get', {}, { asker });
    await call('get', {}, { asker });
    expect(calls).toHaveLength(2);
  });

  it('passes by the cache when the tool is not known, or the client tells the server something beside', async () => {
    const { call, calls } = world(() => okAnswer(1));
    await call('unknown');
    await call('unknown');
    await call('get', {}, { verbatim: { meta: { a: 1 } } });
    await call('get', {}, { verbatim: { meta: { a: 1 } } });
    expect(calls).toHaveLength(4);
  });

  it('is kept apart for clients that want it as it is', async () => {
    const { call, calls } = world(() => okAnswer(1));
    await call('get');
    expect((await call('get', {}, { verbatim: {} })).cached).toBeUndefined();
    expect((await call('get', {}, { verbatim: {} })).cached).toBe(true);
    expect(calls).toHaveLength(2);
  });
});

describe('the same read at the same time', () => {
  it('asks the server once', async () => {
    const { call, calls } = world(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return okAnswer(1);
    });
    const answers = await Promise.all(Array.from({ length: 10 }, () => call('get')));
    expect(calls).toHaveLength(1);
    expect(answers.filter(({ cached }) => cached)).toHaveLength(9);
  });

  it('does not share a failure: whoever waited asks for himself', async () => {
    let count = 0;
    const { call, calls } = world(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      if (++count === 1) throw new OptimizerError('upstream.timeout', 'late');
      return okAnswer(count);
    });
    const [first, second] = await Promise.allSettled([call('get'), call('get')]);
    expect(first.status).toBe('rejected');
    expect(second).toMatchObject({ status: 'fulfilled', value: { value: 2 } });
    expect(calls).toHaveLength(2);
  });

  it('goes on for the others when the run of the first one ends', async () => {
    const { call } = world(
      (_tool, _args, { signal }) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new OptimizerError('request.cancelled', 'over')));
          setTimeout(() => resolve(okAnswer(1)), 20);
        }),
    );
    const leader = new AbortController();
    const first = call('get', {}, { signal: leader.signal });
    const second = call('get');
    setTimeout(() => leader.abort(), 5);
    await expect(first).rejects.toMatchObject({ code: 'request.cancelled' });
    expect(await second).toMatchObject({ value: 1 });
  });

  it('lets one who waits go when its own run ends', async () => {
    let answer: (value: ToolAnswer) => void = () => {};
    const { call } = world(() => new Promise((resolve) => (answer = resolve)));
    const first = call('get');
    const waiting = new AbortController();
    const second = call('get', {}, { signal: waiting.signal });
    await new Promise((resolve) => setImmediate(resolve));
    waiting.abort();
    await expect(second).rejects.toMatchObject({ code: 'request.cancelled' });
    answer(okAnswer(1));
    expect((await first).value).toBe(1);
  });

  it('does not join a read that began before a write', async () => {
    let version = 1;
    const waiting: Array<() => void> = [];
    const { call } = world((tool) => {
      if (tool === 'write') {
        version++;
        return okAnswer(null);
      }
      const seen = version;
      return new Promise((resolve) => waiting.push(() => resolve(okAnswer(seen))));
    });
    const early = call('get');
    await new Promise((resolve) => setImmediate(resolve));
    await call('write');
    const late = call('get');
    await new Promise((resolve) => setImmediate(resolve));
    for (const answer of waiting) answer();
    expect((await late).value).toBe(2);
    expect((await early).value).toBe(1);
    expect(await call('get')).toMatchObject({ value: 2, cached: true });
  });
});

describe('a write', () => {
  it('ends the reads of its server, and reaches it every time', async () => {
    const { call, calls } = world(() => okAnswer(1));
    await call('get');
    await call('write');
    await call('write');
    expect((await call('get')).cached).toBeUndefined();
    expect(calls).toEqual(['get {}', 'write {}', 'write {}', 'get {}']);
  });

  it('ends only what shares a tag, where tags are given, and what has none', async () => {
    const tags = ['issue {id}'];
    const { call } = world(() => okAnswer(1), { tools: { get: { tags }, write: { tags } } });
    for (const id of [1, 2]) await call('get', { id });
    await call('list');
    await call('write', { id: 1 });
    expect((await call('get', { id: 1 })).cached).toBeUndefined();
    expect((await call('get', { id: 2 })).cached).toBe(true);
    expect((await call('list')).cached).toBeUndefined();
  });

  it('ends what it may have changed also when it fails', async () => {
    const { call } = world((tool) => {
      if (tool === 'write') return { ok: false, message: 'half of it', raw: {} };
      return okAnswer(1);
    });
    await call('get');
    await call('write');
    expect((await call('get')).cached).toBeUndefined();
  });

  it('lets nothing be kept for a minute when nobody knows whether it is over', async () => {
    const { call } = world(
      (tool) => {
        if (tool === 'write') throw new OptimizerError('upstream.timeout', 'late', { data: { sent: true } });
        return okAnswer(1);
      },
      { tools: { get: { ttlMs: 1_000_000 } } },
    );
    await call('get');
    await expect(call('write')).rejects.toMatchObject({ code: 'upstream.timeout' });
    for (let look = 0; look < 2; look++) expect((await call('get')).cached).toBeUndefined();
    nowMs += 60_000;
    expect((await call('get')).cached).toBeUndefined();
    expect((await call('get')).cached).toBe(true);
  });

  it('ends what another process has kept because the server said so, before this one knows of it', async () => {
    const path = join(folder, 'cache.sqlite');
    let value = 'old';
    const serve = () => ({ ok: true, value, raw: { value, _meta: { ttlMs: 1_000 } } }) as ToolAnswer;
    const process = (cache: ResultCache) =>
      world(serve, { tools: { get: { ttlMs: undefined }, write: { ttlMs: undefined } }, cache, othersMayKeep: true });
    const [reader, writer] = [process(openCache(path)), process(openCache(path))];
    await reader.call('get');
    await reader.call('get');
    expect((await reader.call('get')).cached).toBe(true);
    await writer.call('write');
    value = 'new';
    expect((await reader.call('get')).value).toBe('new');
  });

  it('opens no cache where nobody keeps anything', async () => {
    let opened = 0;
    const bare = new CachingCaller({
      caller: { call: async () => okAnswer(1) },
      toolOf: () => ({ ...TOOL, effect: 'write', ttlMs: undefined }),
      cache: async () => {
        opened += 1;
        return openCache();
      },
      othersMayKeep: () => false,
      staleOnErrorMs: 0,
      redactor: createRedactor([]),
    });
    await bare.call('s', 'write', {}, { signal: new AbortController().signal, timeoutMs: 1_000, onProgress() {} });
    expect(opened).toBe(0);
  });

  it('lets reads be kept at once when it never left', async () => {
    const { call } = world((tool) => {
      if (tool === 'write') throw new OptimizerError('upstream.unavailable', 'away', { data: { sent: false } });
      return okAnswer(1);
    });
    await expect(call('write')).rejects.toMatchObject({ code: 'upstream.unavailable' });
    await call('get');
    expect((await call('get')).cached).toBe(true);
  });
});

describe('a server that cannot be reached', () => {
  const away = (data: Record<string, Json> = {}): OptimizerError =>
    new OptimizerError('upstream.unavailable', 'away', { data });

  const fails = async (error: OptimizerError, staleOnErrorMs: number): Promise<ToolAnswer> => {
    let isAway = false;
    const { call } = world(
      () => {
        if (isAway) throw error;
        return okAnswer(1);
      },
      { staleOnErrorMs },
    );
    await call('get');
    isAway = true;
    nowMs += 1_000;
    return call('get');
  };

  it('is stood in for by an old result, when that is wanted', async () => {
    expect(await fails(away(), 500)).toMatchObject({ value: 1, cached: true });
    await expect(fails(away(), 0)).rejects.toMatchObject({ code: 'upstream.unavailable' });
  });

  it('is not stood in for when it refuses the credentials', async () => {
    await expect(fails(away({ httpStatus: 401 }), 500)).rejects.toMatchObject({ code: 'upstream.unavailable' });
  });

  it('is not stood in for by what a write has ended', async () => {
    let isAway = false;
    const { call } = world(
      (tool) => {
        if (isAway && tool === 'get') throw away();
        return okAnswer(1);
      },
      { staleOnErrorMs: 500 },
    );
    await call('get');
    await call('write');
    isAway = true;
    await expect(call('get')).rejects.toMatchObject({ code: 'upstream.unavailable' });
  });
});

describe('any interleaving of reads and writes', () => {
  const step = fc.record({
    node: fc.constantFrom(0, 1),
    tool: fc.constantFrom('get', 'get', 'get', 'list', 'writeOne', 'writeAll'),
    id: fc.constantFrom(1, 2),
    /** Of a write: whether it answers, or fails before or after it has taken effect. */
    end: fc.constantFrom('ok', 'ok', 'ok', 'failsBefore', 'failsAfter'),
  });

  /** Runs `steps` on two processes that share one server and perhaps one file; answers the stale reads. */
  async function staleReads(
    steps: ReadonlyArray<{ node: number; tool: string; id: number; end: string }>,
    scheduler: fc.Scheduler,
    cacheOf: (node: number) => ResultCache,
  ): Promise<string[]> {
    const versions = new Map([1, 2].map((id) => [id, 0]));
    const acknowledged = new Map(versions);
    const stale: string[] = [];
    let count = 0;
    const tags = ['issue {id}'];
    const nodes = [0, 1].map((node) =>
      world(
        async (tool, args, _options) => {
          const { id, end } = args as { id: number; end: string };
          await scheduler.schedule(Promise.resolve(), `${tool} arrives`);
          if (tool.startsWith('write')) {
            if (end === 'failsBefore') throw new OptimizerError('upstream.timeout', 'late');
            for (const one of tool === 'writeAll' ? [1, 2] : [id]) versions.set(one, ++count);
            const now = new Map(versions);
            await scheduler.schedule(Promise.resolve(), `${tool} answers`);
            if (end === 'failsAfter') throw new OptimizerError('upstream.timeout', 'late');
            return okAnswer([...now.values()]);
          }
          const seen = tool === 'list' ? [...versions.values()] : [versions.get(id) ?? 0];
          await scheduler.schedule(Promise.resolve(), `${tool} answers`);
          return okAnswer(seen);
        },
        { cache: cacheOf(node), tools: { get: { tags }, writeOne: { tags } } },
      ),
    );
    const run = async ({ node, tool, id, end }: (typeof steps)[number]): Promise<void> => {
      await scheduler.schedule(Promise.resolve(), `${tool} starts`);
      const call = nodes[node]?.call as (tool: string, args: Json) => Promise<ToolAnswer>;
      if (tool.startsWith('write')) {
        try {
          const made = (await call(tool, { id, end })) as ToolAnswer & { value: number[] };
          for (const one of tool === 'writeAll' ? [1, 2] : [id]) {
            acknowledged.set(one, Math.max(acknowledged.get(one) ?? 0, made.value[one - 1] ?? 0));
          }
        } catch {
          // Not acknowledged, so nobody may count on it.
        }
        return;
      }
      const floor = tool === 'list' ? [1, 2].map((one) => acknowledged.get(one) ?? 0) : [acknowledged.get(id) ?? 0];
      const answer = await call(tool, tool === 'list' ? {} : { id });
      const seen = answer.ok ? (answer.value as number[]) : [];
      if (seen.some((version, index) => version < (floor[index] ?? 0))) {
        stale.push(`${tool} ${id} saw ${seen}, at least ${floor} was acknowledged`);
      }
    };
    const runs = steps.map(run);
    await scheduler.waitFor(Promise.all(runs));
    return stale;
  }

  it('never shows a read something older than a write that was acknowledged before it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), fc.scheduler(), async (steps, scheduler) => {
        const cache = openCache();
        expect(await staleReads(steps, scheduler, () => cache)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('never does so among two processes that share a file', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), fc.scheduler(), async (steps, scheduler) => {
        const path = join(folder, `${round++}.sqlite`);
        const caches = [openCache(path), openCache(path)];
        expect(await staleReads(steps, scheduler, (node) => caches[node] as ResultCache)).toEqual([]);
        for (const cache of caches) cache.close();
      }),
      { numRuns: 60 },
    );
  });

  it('would be noticed here if it happened: in a cache that is told of a write only before it leaves', async () => {
    class Forgetful extends ResultCache {
      #told = 0;
      override async invalidate(scopes: readonly string[]): Promise<void> {
        if (this.#told++ % 2 === 0) await super.invalidate(scopes);
      }
    }
    const found = await fc.check(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), fc.scheduler(), async (steps, scheduler) => {
        const cache = new Forgetful({
          l1Bytes: 1_000_000,
          disk: undefined,
          redis: undefined,
          restore: (text) => okAnswer(JSON.parse(text) as Json),
          nowMs: () => nowMs,
          onDiskLost() {},
        });
        return (await staleReads(steps, scheduler, () => cache)).length === 0;
      }),
      { numRuns: 2_000, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});
