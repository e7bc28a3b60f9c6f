import { describe, expect, it } from 'vitest';
import { HostFailure } from '../../src/bindings/host-failure.ts';
import { createRandom, RANDOM_BYTES_MAX } from '../../src/capabilities/random.ts';

const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('the randomness of a run', () => {
  it('gives as many bytes as were asked for, up to the bound', () => {
    const random = createRandom();
    expect([0, 1, 32, RANDOM_BYTES_MAX].map((length) => random.bytes(length).length)).toEqual([0, 1, 32, 65_536]);
    expect(random.bytes(32)).not.toEqual(random.bytes(32));
  });

  it('refuses more bytes than the bound in words', () => {
    const act = () => createRandom().bytes(RANDOM_BYTES_MAX + 1);
    expect(act).toThrow(HostFailure);
    expect(act).toThrow('65537 random bytes were asked for; one call gives at most 65536 bytes.');
  });

  it('makes ids of version 4, no two alike', () => {
    const random = createRandom();
    const ids = Array.from({ length: 200 }, () => random.uuid());
    expect(ids.filter((id) => !UUID_4.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(200);
  });

  it('draws bytes and ids from the source that was handed in', () => {
    const source = (length: number) => Uint8Array.from({ length }, (_, index) => 255 - index);
    const random = createRandom(source);
    expect(random.bytes(3)).toEqual(Uint8Array.of(255, 254, 253));
    expect(random.uuid()).toBe('fffefdfc-fbfa-49f8-b7f6-f5f4f3f2f1f0');
    expect(random.uuid()).toBe(createRandom(source).uuid());
  });
});
