import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockReader, FrameReader } from '../../../src/sandbox/docker/frames.ts';

const NONCE = '0123456789abcdef';
const OPEN = `\x1e${NONCE}`;
const CLOSE = `\x1e${NONCE}\n`;

interface Read {
  frames: string[];
  text: string;
  tooLarge: number;
}

function read(chunks: readonly Buffer[], bytesMax = 1_000_000): Read {
  const seen: Read = { frames: [], text: '', tooLarge: 0 };
  const texts: Buffer[] = [];
  const reader = new FrameReader(NONCE, bytesMax, {
    onFrame: (payload) => seen.frames.push(payload.toString('latin1')),
    onText: (bytes) => texts.push(Buffer.from(bytes)),
    onTooLarge: () => seen.tooLarge++,
  });
  for (const chunk of chunks) reader.push(chunk);
  seen.text = Buffer.concat(texts).toString('latin1');
  return seen;
}

/** `data` in pieces of the given lengths, over and over. */
function cut(data: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < data.length; turn++) {
    const length = lengths[turn % lengths.length] as number;
    chunks.push(data.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

describe('the frames of an agent', () => {
  it('are found between text, however the stream is cut', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.constantFrom('\x1e', OPEN.slice(0, 9), '\x1e\x1e', CLOSE.slice(0, 12), '\n', ''),
    );
    const part = fc.record({ text: piece, frame: piece });
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
        (parts, lengths) => {
          const stream = parts.map(({ text, frame }) => `${text}${OPEN}${frame}${CLOSE}`).join('');
          const { frames, text } = read(cut(Buffer.from(`${stream}.`, 'latin1'), lengths));
          expect(frames).toEqual(parts.map(({ frame }) => frame));
          expect(text).toBe(`${parts.map((of) => of.text).join('')}.`);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('cannot be made by a text without the nonce', () => {
    const text = '\x1e0000000000000000done 1\x1e0000000000000000\n';
    expect(read([Buffer.from(text)])).toMatchObject({ frames: [], text });
  });

  it('end the reading when one grows beyond its bound', () => {
    const seen = read(cut(Buffer.from(`${OPEN}${'x'.repeat(5_000)}${CLOSE}${OPEN}later${CLOSE}`), [100]), 1_000);
    expect(seen).toMatchObject({ frames: [], tooLarge: 1 });
  });
});

describe('the blocks of an attached stream', () => {
  it('are told apart by their heads, however the stream is cut', () => {
    const block = fc.record({ kind: fc.constantFrom(1, 2), text: fc.string({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(block), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (blocks, lengths) => {
        const stream = blocks.map(({ kind, text }) => {
          const bytes = Buffer.from(text);
          const head = Buffer.alloc(8);
          head[0] = kind;
          head.writeUInt32BE(bytes.length, 4);
          return Buffer.concat([head, bytes]);
        });
        const out: Buffer[] = [];
        const err: Buffer[] = [];
        const reader = new BlockReader({ onStdout: (bytes) => out.push(bytes), onStderr: (bytes) => err.push(bytes) });
        for (const chunk of cut(Buffer.concat(stream), lengths)) reader.push(chunk);
        const of = (kind: number): string => blocks.flatMap((one) => (one.kind === kind ? [one.text] : [])).join('');
        expect(Buffer.concat(out).toString()).toBe(of(1));
        expect(Buffer.concat(err).toString()).toBe(of(2));
      }),
    );
  });
});
