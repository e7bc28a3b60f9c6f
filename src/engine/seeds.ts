/** Seeds of runs: 128 bits each from the system's generator, drawn many at a time. Two runs never get the same ones. */
import { randomBytes } from '../core/crypto.ts';

export type Seed = readonly [number, number, number, number];

/** Drawn at a time; a draw costs the same for one seed as for these. */
const SEEDS_AT_ONCE = 256;

export class SeedSource {
  #words = new Uint32Array(0);
  #used = 0;

  next(): Seed {
    if (this.#used === this.#words.length) {
      this.#words = new Uint32Array(Uint8Array.from(randomBytes(SEEDS_AT_ONCE * 16)).buffer);
      this.#used = 0;
    }
    const [a, b, c, d] = this.#words.subarray(this.#used, this.#used + 4) as unknown as Seed;
    // What has been given out does not stay in memory.
    this.#words.fill(0, this.#used, this.#used + 4);
    this.#used += 4;
    return [a, b, c, d];
  }
}
