/** What a backend that keeps the variables of sessions must do, as one suite. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SandboxBackend, SessionImage } from '../../src/sandbox/backend.ts';
import { type ProgramOptions, type ProgramRun, runProgram } from '../sandbox/world.ts';

const IMAGE_BYTES_MAX = 8 * 1024 * 1024;

export function sessionContract(name: string, open: () => Promise<SandboxBackend>): void {
  describe(`sessions on the backend ${name}`, () => {
    let backend: SandboxBackend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(() => backend.close());

    const run = (code: string, image?: Uint8Array, more: ProgramOptions = {}): Promise<ProgramRun> =>
      runProgram(backend, code, { session: { image, imageBytesMax: IMAGE_BYTES_MAX }, ...more });
    const leftBy = async (code: string, image?: Uint8Array): Promise<SessionImage> => {
      const { end, failure } = await run(code, image);
      expect(failure).toBeUndefined();
      return end?.session as SessionImage;
    };

    it('go on where the run before ended, in a guest of any worker and as often as is asked for', async () => {
      const left = await leftBy('const o = { n: 1 }; const all = [o]; function up() { return ++o.n } return 1');
      const runs = await Promise.all(
        Array.from({ length: 8 }, () => run('up(); return [o.n, all[0] === o]', left.image)),
      );
      expect(runs.map(({ value }) => value)).toEqual(Array(8).fill([2, true]));
    });

    it('go on through many runs', async () => {
      let left = await leftBy('let n = 0; const log = []; return n');
      for (let round = 1; round <= 12; round++) left = await leftBy(`n++; log.push('r' + n); return n`, left.image);
      expect((await run('return [n, log.length, log[11]]', left.image)).value).toEqual([12, 12, 'r12']);
    });

    it('name their variables, and those of nobody else', async () => {
      const left = await leftBy(
        'const a = 1; function b() {} class C {} d = 4; globalThis.e = 5; const { f } = {}; return 1',
      );
      expect(JSON.parse(left.namesText).sort()).toEqual(['C', 'a', 'b', 'd', 'e', 'f']);
      const next = await leftBy('delete globalThis.e; const g = 1; return 1', left.image);
      expect(JSON.parse(next.namesText).sort()).toEqual(['C', 'a', 'b', 'd', 'f', 'g']);
    });

    it('leave nothing in the guest for runs without a session', async () => {
      const left = await leftBy("globalThis.secret = 'canary'; Array.prototype.x = 1; return 1");
      await run('return secret', left.image);
      const runs = await Promise.all(
        Array.from({ length: 6 }, () => runProgram(backend, 'return [typeof secret, typeof [].x]')),
      );
      expect(runs.map(({ value }) => value)).toEqual(Array(6).fill(['undefined', 'undefined']));
    });

    it('leave no image when the end was not the program’s own', async () => {
      const ends = [
        await run('for (;;);', undefined, { limits: { cpuMs: 30 } }),
        await run('await new Promise(() => {})'),
        await run('const f = () => f() + 1; f()'),
        await run("return 'x'.repeat(99)", undefined, { limits: { keptValueBytes: 10 } }),
        await run('try { new ArrayBuffer(1e9) } catch {} return 1'),
      ];
      expect(ends.map(({ end }) => end?.session)).toEqual(Array(5).fill(undefined));
      expect((await run('throw new Error("mine")')).end?.session?.image).toBeDefined();
    });

    it('leave no image of a guest that was cut short after its value was there', async () => {
      const { end, value } = await run(
        'Promise.resolve().then(() => {}).then(() => { for (;;); }); return 1',
        undefined,
        {
          limits: { cpuMs: 50, wallMs: 5_000 },
        },
      );
      expect(value).toBe(1);
      expect(end?.session).toBeUndefined();
    });

    it('hand out no image that is larger than was asked for, but say how large it was', async () => {
      const { end } = await run('const a = Array.from({ length: 30000 }, () => Math.random()); return 1', undefined, {
        session: { image: undefined, imageBytesMax: 1_000 },
      });
      expect(end?.session?.image).toBeUndefined();
      expect(end?.session?.bytes).toBeGreaterThan(100_000);
    });

    it('are not taken up from bytes that are no image', async () => {
      const { image } = await leftBy('const a = 1; return a');
      const good = Buffer.from(image as Uint8Array);
      const cut = good.subarray(0, good.length - 40);
      const changed = Buffer.from(good);
      changed.fill(7, 8, 60);
      for (const bad of [Buffer.from('nothing'), Buffer.alloc(0), cut, changed]) {
        expect((await run('return a', bad)).failure?.code).toBe('state.session');
      }
      expect((await run('return a', good)).value).toBe(1);
    });
  });
}
