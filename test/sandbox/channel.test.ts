/**
 * The channel between two threads: every batch arrives once and in order, whichever way each took, however often either side
 * falls asleep, and however the two race.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ChannelEnd, createChannelMemory } from '../../src/sandbox/quickjs/channel.ts';

interface Note {
  readonly n: number;
  readonly text?: string;
}

/** Both ends in this thread, and what went by port. */
function pair() {
  const memory = createChannelMemory();
  const posted: Note[][] = [];
  const port = { postMessage: (batch: unknown) => void posted.push(batch as Note[]) };
  return {
    main: new ChannelEnd<Note, Note>(memory, 'main', port),
    worker: new ChannelEnd<Note, Note>(memory, 'worker', { postMessage: () => undefined }),
    posted,
  };
}

describe('one direction of a channel', () => {
  it('goes by port while the other side does not look', () => {
    const { main, worker, posted } = pair();
    main.send([{ n: 1 }]);
    expect(posted).toEqual([[{ n: 1 }]]);
    expect(worker.take()).toBeUndefined();
  });

  it('goes by memory while the other side looks, any text included', () => {
    const { main, worker, posted } = pair();
    const text = 'é\u0000\ud800 "\\\n\u2028';
    worker.awake();
    main.send([{ n: 1, text }, { n: 2 }]);
    expect(posted).toEqual([]);
    expect(worker.take()).toEqual([{ n: 1, text }, { n: 2 }]);
    expect(worker.take()).toBeUndefined();
  });

  it('keeps the order when the memory is full: the reader of the port looks there first', () => {
    const { main, worker, posted } = pair();
    worker.awake();
    main.send([{ n: 1 }]);
    main.send([{ n: 2 }]);
    expect(posted).toEqual([[{ n: 2 }]]);
    expect(worker.received(posted.shift() as Note[])).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('does not overtake what is still on its way by port', () => {
    const { main, worker, posted } = pair();
    main.send([{ n: 1 }]);
    worker.awake();
    main.send([{ n: 2 }]);
    expect(posted).toEqual([[{ n: 1 }], [{ n: 2 }]]);
    worker.received(posted.shift() as Note[]);
    worker.received(posted.shift() as Note[]);
    main.send([{ n: 3 }]);
    expect(posted).toEqual([]);
    expect(worker.sleep()).toEqual([{ n: 3 }]);
  });

  it('sends by port what is long and what carries buffers', () => {
    const { main, worker, posted } = pair();
    worker.awake();
    main.send([{ n: 1, text: 'x'.repeat(40_000) }]);
    main.send([{ n: 2, text: '\u0001'.repeat(9_000) }]);
    main.send([{ n: 3 }], [new ArrayBuffer(1)]);
    main.send([{ n: 4, deep: { bytes: new Uint8Array(1) } } as Note]);
    expect(posted.map(([note]) => note?.n)).toEqual([1, 2, 3, 4]);
    expect(worker.take()).toBeUndefined();
  });
});

describe('two threads', () => {
  it('lose nothing and keep the order while both fall asleep and wake as they like', async () => {
    const memory = createChannelMemory();
    const thread = new Worker(fileURLToPath(new URL('./fixtures/channel-echo.ts', import.meta.url)), {
      workerData: memory,
    });
    const end = new ChannelEnd<Note, Note>(memory, 'main', thread);
    const total = 20_000;
    const heard: number[] = [];
    let sent = 0;
    await new Promise<void>((resolve, reject) => {
      const hear = (batch: Note[] | undefined): void => {
        for (const { n } of batch ?? []) heard.push(n);
        if (heard.length >= total) resolve();
      };
      const turn = (): void => {
        if (heard.length >= total) return;
        // Awake for a while, then asleep for a while, in a rhythm that is not the other side's.
        if (sent % 7 < 4) end.awake();
        else hear(end.sleep());
        for (let burst = 0; burst < 3 && sent < total && sent - heard.length < 50; burst++) {
          end.send([{ n: sent++, ...(sent % 500 === 0 ? { text: 'x'.repeat(30_000) } : {}) }]);
        }
        for (let look = 0; look < 50; look++) hear(end.take());
        // When all is sent, sleep: what comes now must wake this thread by itself.
        if (sent === total) hear(end.sleep());
        else setImmediate(turn);
      };
      thread.on('message', (batch: Note[]) => {
        hear(end.received(batch));
        if (sent === total) hear(end.sleep());
      });
      thread.on('error', reject);
      turn();
    });
    await thread.terminate();
    expect(heard).toEqual(Array.from({ length: total }, (_, n) => n));
  });
});
