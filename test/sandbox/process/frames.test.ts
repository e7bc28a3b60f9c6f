import { describe, expect, it } from 'vitest';
import { decodeDown, encodeDown, encodeUp, FrameReader, Outbox } from '../../../src/sandbox/process/frames.ts';
import { readUp } from '../../../src/sandbox/process/messages.ts';

function read(bytes: Buffer, pieces: number, bytesMax = 1_000_000): Buffer[] {
  const bodies: Buffer[] = [];
  const reader = new FrameReader(bytesMax, (body) => bodies.push(body));
  for (let at = 0; at < bytes.length; at += pieces) reader.push(bytes.subarray(at, at + pieces));
  return bodies;
}

describe('frames', () => {
  it.each([1, 3, 4, 5, 1_000])('arrive whole, whatever the pieces they come in: %i bytes', (pieces) => {
    const batches = [[{ kind: 'a', bytes: new Uint8Array([1, 2]) }], [], ['é\0'.repeat(50)]];
    const bodies = read(Buffer.concat(batches.map(encodeDown)), pieces);
    expect(bodies.map(decodeDown)).toEqual(batches);
  });

  it('are refused by their head when they are too long', () => {
    expect(() => read(Buffer.from([0, 0, 0, 128, 1]), 5, 1_000)).toThrow(RangeError);
  });

  it('hold what one turn sends, and much of it in several', async () => {
    const written: unknown[][] = [];
    const outbox = new Outbox((batch) => written.push([...batch]), true);
    for (const n of [1, 2]) outbox.send(n);
    for (const n of [3, 4]) outbox.send(n, 900_000);
    await null;
    expect(written).toEqual([[1, 2, 3], [4]]);
  });

  it('wait until the box is opened', async () => {
    const written: unknown[][] = [];
    const outbox = new Outbox((batch) => written.push([...batch]), false);
    outbox.send(1);
    await null;
    expect(written).toEqual([]);
    outbox.openUp();
    expect(written).toEqual([[1]]);
  });
});

describe('messages of a child', () => {
  const usage = { wallMs: 1, guestCpuMs: 1, queueMs: 0, memoryPeakBytes: 1, hostCalls: 0, bytesIn: 1, bytesOut: 1 };
  const said = (...batch: unknown[]) => readUp(encodeUp(batch).subarray(4));

  it('are read field by field, and nothing else of them is kept', () => {
    const end = { valueText: '1', logsDropped: 0, callsLeft: 0, usage, constructor: 1 };
    expect(said({ kind: 'ready', more: 1 }, { kind: 'end', run: 1, end })).toEqual([
      { kind: 'ready' },
      { kind: 'end', run: 1, end: { valueText: '1', failure: undefined, logsDropped: 0, callsLeft: 0, usage } },
    ]);
  });

  it.each([
    ['no batch', 1],
    ['nothing', [null]],
    ['a list', [[]]],
    ['an unknown kind', [{ kind: 'x' }]],
    ['a run that is no number', [{ kind: 'log', run: '1', level: 'info', text: '' }]],
    ['an unknown level', [{ kind: 'log', run: 1, level: 'loud', text: '' }]],
    ['an end without figures', [{ kind: 'end', run: 1, end: { logsDropped: 0, callsLeft: 0, usage: {} } }]],
    ['a code of its own', [{ kind: 'end', run: 1, end: { failure: { code: 'toString', message: '' }, usage } }]],
  ])('are refused: %s', (_, body) => {
    expect(() => readUp(Buffer.from(JSON.stringify(body)))).toThrow(TypeError);
  });
});
