/**
 * The generator behind `Math.random` in a guest: xoshiro128** 1.1 by David Blackman and Sebastiano Vigna (2018, public
 * domain, https://prng.di.unimi.it/xoshiro128starstar.c), which needs 32-bit integers only.
 * The snapshot holds its state, so every run seeds it first; the seed is logged, and the same seed gives the same run.
 * It is not for secrets: `crypto` has its own source on the host.
 */

/** Seeded with four 32-bit integers; `next` returns a number in [0, 1) with 53 random bits. */
export interface Random {
  /** All four should be random bits: the first numbers after a seed with few bits set are poor. */
  seed(a: number, b: number, c: number, d: number): void;
  next(): number;
}

/** A generator that is to be seeded before its first use. */
export function createRandom(): Random {
  const { imul } = Math;
  let s0 = 1;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
  const next32 = (): number => {
    const result = imul(rotate(imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotate(s3, 11);
    return result;
  };
  return {
    seed(a, b, c, d) {
      s0 = a | 0;
      s1 = b | 0;
      s2 = c | 0;
      s3 = d | 0;
      // All zeros is the one state that never changes; one bit is set.
      if ((s0 | s1 | s2 | s3) === 0) s0 = 1;
    },
    next: () => ((next32() >>> 5) * 0x4000000 + (next32() >>> 6)) / 0x20000000000000,
  };
}
