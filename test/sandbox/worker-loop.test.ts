import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLocalCalls } from '../../src/app/guest-worker.ts';
import { QUICKJS_WASM_SHA256 } from '../../src/core/assets.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { createChannelMemory } from '../../src/sandbox/quickjs/channel.ts';
import type { ToMain, ToWorker, WorkerBoot, WorkerEnd, WorkerStats } from '../../src/sandbox/quickjs/messages.ts';
import { createWatch } from '../../src/sandbox/quickjs/watchdog.ts';
import { WorkerLoop } from '../../src/sandbox/quickjs/worker-loop.ts';
import { openWorkshop, type Workshop } from './guest-driver.ts';
import { ALL_GRANTS } from './world.ts';

let shop: Workshop;
beforeAll(() => {
  shop = openWorkshop();
});

/** A worker in this thread: its port, and what came out of it. */
class Desk {
  readonly #port: MessagePort;
  readonly #other: MessagePort;
  readonly batches: ToMain[][] = [];
  #wake: () => void = () => undefined;

  constructor(boot: Partial<WorkerBoot> = {}) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#other = port2;
    port1.on('message', (batch: ToMain[]) => {
      this.batches.push(batch);
      this.#wake();
    });
    const whole: WorkerBoot = {
      wasm: shop.wasm,
      snapshot: new Uint8Array(),
      engineHash: QUICKJS_WASM_SHA256,
      memoryBytes: DEFAULT_LIMITS.memoryBytes,
      watch: createWatch(),
      channel: createChannelMemory(),
      warmGuests: 1,
      idleGuestsMax: 4,
      idleGuestsKept: 2,
      pollMs: 0,
      ...boot,
    };
    new WorkerLoop(port2, whole, shop.maker, createLocalCalls).start();
  }

  post(...messages: ToWorker[]): void {
    this.#port.postMessage(messages);
  }

  start(run: number, body: string, limits: Partial<typeof DEFAULT_LIMITS> = {}, tenant = 't'): ToWorker {
    return {
      kind: 'start',
      run,
      tenant,
      source: `(async function(){${body}\n})`,
      paramsText: '{}',
      seed: [run, 2, 3, 4],
      profile: { grants: ALL_GRANTS, limits: { ...DEFAULT_LIMITS, ...limits } },
    };
  }

  get heard(): ToMain[] {
    return this.batches.flat();
  }

  /** The first message of a kind that fits, now or later. */
  async next<K extends ToMain['kind']>(kind: K, fits: (message: Extract<ToMain, { kind: K }>) => boolean = () => true) {
    for (;;) {
      const found = this.heard.find((message) => message.kind === kind && fits(message as never));
      if (found) return found as Extract<ToMain, { kind: K }>;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async end(run: number): Promise<WorkerEnd> {
    return (await this.next('end', (message) => message.run === run)).end;
  }

  #requests = 0;
  async stats(): Promise<WorkerStats> {
    const request = ++this.#requests;
    this.post({ kind: 'stats', request });
    return (await this.next('stats', (message) => message.request === request)).stats;
  }

  close(): void {
    this.#port.close();
    this.#other.close();
  }
}

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.close());

describe('a worker', () => {
  it('is ready, then runs what it is sent', async () => {
    await desk.next('ready');
    desk.post(desk.start(1, 'return 1 + 1'));
    expect(await desk.end(1)).toMatchObject({ valueText: '2', failure: undefined, callsLeft: 0 });
  });

  it('serves waits, random bytes, clock, URL and console itself, and sends the rest', async () => {
    const body = `await new Promise((r) => setTimeout(r, 1)); console.log(crypto.randomUUID().length, typeof performance.now());
      console.log(new URL('/b', 'http://a/').href); return await tools.s.t({ x: 1 })`;
    desk.post(desk.start(1, body));
    const call = await desk.next('call');
    expect(call).toMatchObject({
      run: 1,
      call: 2,
      interfaceName: 'tools',
      functionName: 'call',
      text: '["s","t",{"x":1},false]',
    });
    desk.post({ kind: 'settle', run: 1, call: 2, ok: true, data: '"answer"' });
    expect((await desk.end(1)).valueText).toBe('"answer"');
    const logs = desk.heard.filter((message) => message.kind === 'log').flatMap((message) => message.lines);
    expect(logs.map(({ text }) => text)).toEqual(['36 number', 'http://a/b']);
  });

  it('sends everything of one turn in one message', async () => {
    desk.post(desk.start(1, 'await Promise.all([tools.s.a(), tools.s.b(), tools.s.c()])'));
    await desk.next('call');
    expect(desk.batches.find((batch) => batch.some(({ kind }) => kind === 'call'))).toHaveLength(3);
  });

  it('runs many guests that wait, each on its own', async () => {
    const runs = Array.from({ length: 20 }, (_, index) => index + 1);
    desk.post(...runs.map((run) => desk.start(run, `return [${run}, await tools.s.t()]`)));
    for (const run of runs) {
      const { call } = await desk.next('call', (message) => message.run === run);
      desk.post({ kind: 'settle', run, call, ok: true, data: String(run * 10) });
    }
    for (const run of runs) expect((await desk.end(run)).valueText).toBe(`[${run},${run * 10}]`);
  });

  it('does not make the calls of the first wait for the guests of the last', async () => {
    const runs = Array.from({ length: 6 }, (_, index) => index + 1);
    desk.post(...runs.map((run) => desk.start(run, 'await tools.s.t()', {}, `tenant ${run}`)));
    await desk.next('call', (message) => message.run === 6);
    const withCalls = desk.batches.filter((batch) => batch.some(({ kind }) => kind === 'call'));
    expect(withCalls.length).toBeGreaterThan(1);
  });

  it('ends a run that waits too long, and one that is stopped', async () => {
    desk.post(desk.start(1, 'await tools.s.never()', { wallMs: 20 }), desk.start(2, 'await tools.s.never()'));
    expect((await desk.end(1)).failure?.code).toBe('limit.time');
    desk.post({ kind: 'stop', run: 2, code: 'request.cancelled' });
    expect((await desk.end(2)).failure?.code).toBe('request.cancelled');
    desk.post(
      { kind: 'stop', run: 2, code: 'request.cancelled' },
      { kind: 'settle', run: 2, call: 1, ok: true, data: '1' },
    );
    desk.post(desk.start(3, 'return 3'));
    expect((await desk.end(3)).valueText).toBe('3');
    expect(desk.heard.filter(({ kind }) => kind === 'end')).toHaveLength(3);
  });

  it('never lets the refused wait of one run settle a call of the next', async () => {
    // The first run leaves a wait with number 1; the next, of the same guest, starts in the same message with a call 1.
    desk.post(desk.start(1, 'setTimeout(() => {}, 60000); await tools.s.t(); return 1'));
    const { call } = await desk.next('call');
    desk.post(
      { kind: 'settle', run: 1, call, ok: true, data: '1' },
      desk.start(2, 'return await new Promise((r) => { setTimeout(() => r("own"), 5) })'),
      desk.start(3, 'return await tools.s.t()'),
    );
    expect((await desk.end(1)).valueText).toBe('1');
    expect((await desk.end(2)).valueText).toBe('"own"');
    const third = await desk.next('call', (message) => message.run === 3);
    desk.post({ kind: 'settle', run: 3, call: third.call, ok: true, data: '"own"' });
    expect((await desk.end(3)).valueText).toBe('"own"');
  });

  it('cuts the log at its limit, counts what is gone, and sends a flood before the end', async () => {
    desk.post(
      desk.start(1, "for (let i = 0; i < 400; i++) console.log('x'.repeat(100)); return 1", { logBytes: 30_000 }),
    );
    await desk.end(1);
    const logs = desk.heard.filter((message) => message.kind === 'log');
    expect(logs.length).toBeGreaterThan(2);
    expect(logs.flatMap(({ lines }) => lines)).toHaveLength(298);
    expect(logs.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(103);
  });

  it('knows the inventory that it was last told', async () => {
    const body = 'return [Object.keys(tools), Object.keys(tools.files), "files" in tools, "nobody" in tools]';
    desk.post({ kind: 'inventory', names: { files: ['read', 'write'] } }, desk.start(1, body));
    expect(JSON.parse((await desk.end(1)).valueText ?? '')).toEqual([['files'], ['read', 'write'], true, false]);
    desk.post({ kind: 'inventory', names: { files: [], other: [] } }, desk.start(2, body));
    expect(JSON.parse((await desk.end(2)).valueText ?? '')).toEqual([['files', 'other'], [], true, false]);
  });

  it('lists a server of ten thousand tools within the processor time of a run', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `tool_${index}`);
    desk.post({ kind: 'inventory', names: { many: names } }, desk.start(1, 'return Object.keys(tools.many).length'));
    expect(await desk.end(1)).toMatchObject({ valueText: '10000' });
  });
});

describe('its guests', () => {
  it('serve one tenant again and another never', async () => {
    desk.post(desk.start(1, 'return 1', {}, 'a'));
    await desk.end(1);
    desk.post(desk.start(2, 'return 1', {}, 'a'));
    await desk.end(2);
    expect(await desk.stats()).toMatchObject({ made: 1, leased: 0, warm: 1, reset: { count: 2 } });
    desk.post(desk.start(3, 'return 1', {}, 'b'));
    await desk.end(3);
    expect(await desk.stats()).toMatchObject({ made: 2, warm: 2, reset: { count: 3 } });
  });

  it('are given up after an end that is not clean, by its reason, and made anew', async () => {
    desk.post(desk.start(1, 'await new Promise(() => {})'));
    desk.post(desk.start(2, 'for (;;);', { cpuMs: 20 }));
    desk.post(desk.start(3, 'let a = new Uint8Array(2e7); a = null; return 1'));
    await desk.end(3);
    desk.post(desk.start(4, 'return 4'));
    expect((await desk.end(4)).valueText).toBe('4');
    const stats = await desk.stats();
    expect(stats.discarded).toEqual({ 'program.stalled': 1, 'limit.cpu': 1, grown: 1 });
    expect(stats.leased).toBe(0);
  });

  it('are kept idle up to their number, and the longest unused tenant’s go first', async () => {
    for (const run of [1, 2, 3, 4, 5, 6]) {
      desk.post(desk.start(run, 'return 1', {}, `tenant ${run}`));
      await desk.end(run);
    }
    const stats = await desk.stats();
    expect(stats.warm).toBe(4);
    expect(stats.discarded).toEqual({ idle: 2 });
  });

  it('are let go at the second clean-up that found them idle, down to the number kept', async () => {
    desk.close();
    desk = new Desk({ warmGuests: 1, idleGuestsMax: 16, idleGuestsKept: 2 });
    for (const run of [1, 2, 3, 4, 5])
      desk.post(desk.start(run, 'await tools.s.t(); return 1', {}, `tenant ${run % 2}`));
    for (const run of [1, 2, 3, 4, 5]) {
      const { call } = await desk.next('call', (message) => message.run === run);
      desk.post({ kind: 'settle', run, call, ok: true, data: '1' });
      await desk.end(run);
    }
    desk.post({ kind: 'cleanUp' });
    expect(await desk.stats()).toMatchObject({ warm: 5, discarded: {} });
    // Two are needed at once in the meantime.
    for (const run of [6, 7]) desk.post(desk.start(run, 'await tools.s.t(); return 1', {}, 'tenant 1'));
    for (const run of [6, 7]) {
      const { call } = await desk.next('call', (message) => message.run === run);
      desk.post({ kind: 'settle', run, call, ok: true, data: '1' });
      await desk.end(run);
    }
    desk.post({ kind: 'cleanUp' });
    expect(await desk.stats()).toMatchObject({ warm: 2, leased: 0, discarded: { idle: 3 } });
    desk.post({ kind: 'cleanUp' });
    expect(await desk.stats()).toMatchObject({ warm: 2, made: 5, discarded: { idle: 3 } });
  });

  it('are warmed between messages, as many as are wanted', async () => {
    desk.close();
    desk = new Desk({ warmGuests: 3 });
    await desk.next('ready');
    let stats = await desk.stats();
    while (stats.warm < 3) stats = await desk.stats();
    expect(stats).toMatchObject({ made: 3, leased: 0 });
    expect(stats.make.maxMs).toBeGreaterThan(0);
  });
});

describe('polling', () => {
  it('finds an answer that is already there without going to sleep', async () => {
    desk.close();
    desk = new Desk({ pollMs: 50 });
    desk.post(desk.start(1, 'return [await tools.s.a(), await tools.s.b()]'));
    // The worker is this thread: what it polls for must be in its port before it looks.
    desk.post(
      { kind: 'settle', run: 1, call: 1, ok: true, data: '1' },
      { kind: 'settle', run: 1, call: 2, ok: true, data: '2' },
    );
    await desk.next('call', (message) => message.call === 2);
    desk.post({ kind: 'settle', run: 1, call: 2, ok: true, data: '2' });
    expect((await desk.end(1)).valueText).toBe('[1,2]');
  });

  it('gives up polling for tools that are slow, and still hears them', async () => {
    desk.close();
    desk = new Desk({ pollMs: 1 });
    for (let run = 1; run <= 8; run++) {
      desk.post(desk.start(run, 'return await tools.s.t()'));
      await desk.next('call', (message) => message.run === run);
      desk.post({ kind: 'settle', run, call: 1, ok: true, data: String(run) });
      expect((await desk.end(run)).valueText).toBe(String(run));
    }
  });
});
