/** Images of sessions, guest by guest: what they hold, what they leave out, and that nothing of them stays behind. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { normalizeProgram } from '../../src/engine/normalize.ts';
import type { Guest, GuestEnd } from '../../src/sandbox/quickjs/guest.ts';
import { applySessionImage } from '../../src/sandbox/quickjs/session-image.ts';
import { type Drive, drive, openWorkshop, type Workshop } from './guest-driver.ts';

const PAGE = 4096;
let shop: Workshop;
beforeAll(() => {
  shop = openWorkshop();
});

const hashOf = ({ memory }: Guest): string => createHash('sha256').update(new Uint8Array(memory.buffer)).digest('hex');
const run = (guest: Guest, code: string, image?: Uint8Array, more: Drive = {}): Promise<GuestEnd> => {
  const { source } = normalizeProgram(code, 1e6, 'session');
  return drive(guest, source, { asIs: true, session: { image }, limits: { wallMs: 20_000, cpuMs: 20_000 }, ...more });
};

const ROWS = `Array.from({ length: 4000 }, (_, n) => ({ n, at: new Date(n * 1e9).toISOString(), tags: ['a' + n, 'b'] }))`;
const PROGRAMS: Record<string, string> = {
  'nothing at all': 'return 1',
  'rows of objects': `const rows = ${ROWS}; return rows.length`,
  'numbers that look like pointers':
    'const words = new Uint32Array(60000).map((_, n) => 5300000 + n * 61); return words.length',
  'texts and buffers': "const s = 'xyz'.repeat(50000), b = new Float64Array(20000).map(Math.random); return s.length",
  'closures, classes, generators, promises':
    'class A { #p = 1; get p() { return this.#p } } const g = (function* () { yield 1; yield 2 })(); g.next(); const p = Promise.resolve(3); const a = new A(); return a.p',
  'changed builtins':
    'Array.prototype.last = function () { return this.at(-1) }; delete globalThis.Map; return [1].last()',
};

describe('an image', () => {
  it.each(Object.entries(PROGRAMS))('brings back, page by page, a heap with %s', async (_, code) => {
    const first = shop.maker.make();
    const { session } = await run(first, code);
    const image = session?.image as Uint8Array;
    const second = shop.maker.make();
    expect(applySessionImage(shop.snapshot, second.memory, image, 64 << 20)).toBeUndefined();
    const [a, b] = [Buffer.from(first.memory.buffer), Buffer.from(second.memory.buffer)];
    const different: number[] = [];
    for (let page = 0; page < a.length / PAGE; page++) {
      if (a.compare(b, page * PAGE, (page + 1) * PAGE, page * PAGE, (page + 1) * PAGE) !== 0) different.push(page);
    }
    // The stack alone is not the same: it ends just below the runtime.
    const { runtime } = shop.snapshot.template;
    expect(different.filter((page) => page >= Math.floor(runtime / PAGE))).toEqual([]);
    expect(different.filter((page) => page * PAGE < runtime - 600_000)).toEqual([]);
  });

  it('leaves the guest that it came from as clean as any other', async () => {
    const fresh = hashOf(shop.maker.make());
    const guest = shop.maker.make();
    let image: Uint8Array | undefined;
    for (const code of Object.values(PROGRAMS)) {
      const end = await run(guest, code, image);
      expect(end.clean).toBe(true);
      image = end.session?.image;
      guest.reset();
      expect(hashOf(guest)).toBe(fresh);
    }
  });

  it('is small for what a run touches but does not change', async () => {
    const { session } = await run(shop.maker.make(), 'return 1');
    const zero = session?.image.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0) ?? 0;
    expect(session?.image.length).toBeLessThan(40 * PAGE);
    expect(zero / (session?.image.length ?? 1)).toBeGreaterThan(0.9);
  });

  it('grows a guest’s memory where the session had more, up to what the run may have', async () => {
    const { session, clean } = await run(
      shop.maker.make(),
      'const big = new Uint8Array(2e7).fill(3); return big.length',
    );
    expect(clean).toBe(false);
    const guest = shop.maker.make();
    const before = guest.memoryBytes;
    expect(applySessionImage(shop.snapshot, guest.memory, session?.image as Uint8Array, 20 << 20)).toBe('memory');
    expect(guest.memoryBytes).toBe(before);
    const end = await run(guest, 'return [big.length, big[19999999]]', session?.image);
    expect(end.valueText).toBe('[20000000,3]');
    expect(guest.memoryBytes).toBeGreaterThan(before);
    // A memory that has grown is not used again.
    expect(end.clean).toBe(false);
  });

  it('is refused, and nothing of it is used, when its head makes no sense', async () => {
    const { session } = await run(shop.maker.make(), PROGRAMS['rows of objects'] as string);
    const good = session?.image as Uint8Array;
    const words = (): Uint32Array => new Uint32Array(good.slice().buffer);
    const { runtime } = shop.snapshot.template;
    const spoil = (change: (image: Uint32Array) => void): Uint8Array => {
      const image = words();
      change(image);
      return new Uint8Array(image.buffer);
    };
    const bad: Record<string, Uint8Array> = {
      empty: new Uint8Array(0),
      short: good.slice(0, 12),
      cut: good.slice(0, good.length - PAGE),
      odd: good.slice(0, good.length - 2),
      'another kind': spoil((image) => (image[0] = 1)),
      'an end before its pages': spoil((image) => (image[1] = PAGE)),
      'an end inside a page': spoil((image) => (image[1] = (image[1] as number) + 4)),
      'many runs': spoil((image) => (image[2] = 0xffffffff)),
      'more pages than bytes': spoil((image) => (image[3] = (image[3] as number) + 1)),
      'a run of no pages': spoil((image) => (image[5] = 1)),
      'a run before the last one': spoil((image) => (image[6] = 0)),
      'pages of the stack': spoil((image) => (image[4] = Math.floor(runtime / PAGE) - 20)),
      'distances outside of the heap': spoil((image) => (image[5] = (image[5] as number) & ~1)),
    };
    const fresh = hashOf(shop.maker.make());
    for (const [name, image] of Object.entries(bad)) {
      const guest = shop.maker.make();
      expect(applySessionImage(shop.snapshot, guest.memory, image, 64 << 20), name).toBe('broken');
      expect(hashOf(guest), name).toBe(fresh);
    }
    const end = await run(shop.maker.make(), 'return rows.length', bad.cut);
    expect(end.failure?.code).toBe('state.session');
  });

  it('holds no job of the ended run, and none is left for the next', async () => {
    const first = await run(
      shop.maker.make(),
      'let n = 0; (async () => { for (;;) { await null; n++ } })(); return 1',
      undefined,
      { limits: { wallMs: 20_000, cpuMs: 20_000 } },
    );
    expect(first.valueText).toBe('1');
    const next = await run(
      shop.maker.make(),
      'const before = n; await new Promise((r) => setTimeout(r, 5)); return n - before',
      first.session?.image,
    );
    expect(next.valueText).toBe('0');
  });
});
