/**
 * Host side of `wit/random.wit`: bytes and ids from the system's generator, or from a source that is handed in, so that
 * a replay draws what the first run drew. Ids are made of the same source for that reason.
 */

import type { RandomHost } from '../bindings/generated/interfaces.ts';
import { hostFailure } from '../bindings/host-failure.ts';
import { randomBytes } from '../core/crypto.ts';
import { OptimizerError } from '../core/errors.ts';

/** `length` random bytes; called with 1 to 65,536. */
export type RandomSource = (length: number) => Uint8Array;

/** The bound of the web's `crypto.getRandomValues`, which the guest's shim has too. */
export const RANDOM_BYTES_MAX = 65_536;

export function createRandom(source: RandomSource = randomBytes): RandomHost {
  return {
    bytes(length) {
      if (length > RANDOM_BYTES_MAX) throw tooMany(length);
      return length === 0 ? new Uint8Array(0) : source(length);
    },
    uuid: () => uuidOf(source(16)),
  };
}

/** RFC 9562, section 5.4: version 4 in the high half of byte 6, variant 10 in the high bits of byte 8. */
function uuidOf(random: Uint8Array): string {
  const bytes = Buffer.from(random);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function tooMany(length: number): Error {
  const message = `${length} random bytes were asked for; one call gives at most ${RANDOM_BYTES_MAX} bytes.`;
  return hostFailure(new OptimizerError('limit.argument', message, { hint: 'Ask for them in several calls.' }));
}
