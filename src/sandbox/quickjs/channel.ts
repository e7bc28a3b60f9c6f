/**
 * One end of the way between the main thread and a guest worker. A batch of messages travels by shared memory while the
 * other side is looking there, and by the thread's port otherwise: a `postMessage` costs a system call and wakes a thread,
 * 15 to 100 µs of this side's own time, where the shared memory costs two (docs/adr/0016).
 *
 *   words of one direction:  STATE  AWAKE  LENGTH  PORT_READ  then the bytes of one batch, as JSON in UTF-8
 *
 * Batches arrive in the order in which they were sent. The memory is used only when it is empty and the other side has read
 * all that went by port; and whoever reads a port message looks into the memory first, because what lies there is older.
 * A side that has said `awake` looks until it says `sleep`, which looks once more: nothing is left lying.
 */

/** What a channel needs of a port. */
export interface Port {
  postMessage(message: unknown, transfers: ArrayBuffer[]): void;
}

/** 0 = empty, 1 = a batch lies in the bytes. Written by both sides. */
const STATE = 0;
/** 1 = the receiver looks. Written by the receiver. */
const AWAKE = 1;
/** Bytes of the batch. Written by the sender before STATE. */
const LENGTH = 2;
/** Port messages that the receiver has taken; wraps around. Written by the receiver. */
const PORT_READ = 3;
const WORDS = 4;
const WORD_BYTES = WORDS * Int32Array.BYTES_PER_ELEMENT;

/** Longer batches go by port: what is saved no longer counts beside the copying. */
const BATCH_BYTES = 32 * 1024;
/** JSON in UTF-8 takes at most three bytes for a character of a text that has been escaped. */
const BATCH_CHARS_MAX = Math.floor(BATCH_BYTES / 3);
/** What a member that is no text counts, so that looking at a batch of many members ends soon. */
const MEMBER_CHARS = 16;
const DIRECTION_BYTES = WORD_BYTES + BATCH_BYTES;

/** The memory of one channel, all zero: nothing sent, nobody awake. */
export function createChannelMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * DIRECTION_BYTES);
}

export type ChannelSide = 'main' | 'worker';

export class ChannelEnd<Outgoing, Incoming> {
  readonly #port: Port;
  readonly #out: Direction;
  readonly #in: Direction;
  #portSent = 0;
  #portRead = 0;

  constructor(memory: SharedArrayBuffer, side: ChannelSide, port: Port) {
    this.#port = port;
    const toWorker = new Direction(memory, 0);
    const toMain = new Direction(memory, DIRECTION_BYTES);
    this.#out = side === 'main' ? toWorker : toMain;
    this.#in = side === 'main' ? toMain : toWorker;
  }

  /** Buffers in `transfers` move to the other side; such a batch goes by port. */
  send(batch: readonly Outgoing[], transfers: ArrayBuffer[] = []): void {
    if (transfers.length === 0 && this.#out.free(this.#portSent) && isShort(batch)) {
      const text = JSON.stringify(batch);
      if (text.length <= BATCH_CHARS_MAX) {
        if (!this.#out.put(text)) this.#byPort([], []);
        return;
      }
    }
    this.#byPort(batch, transfers);
  }

  /** The batch in the memory, if there is one. */
  take(): Incoming[] | undefined {
    const text = this.#in.take();
    return text === undefined ? undefined : (JSON.parse(text) as Incoming[]);
  }

  /** A port message has come: what lay in the memory before it, and itself. */
  received(batch: Incoming[]): Incoming[] {
    const older = this.take();
    this.#portRead = (this.#portRead + 1) | 0;
    this.#in.portRead(this.#portRead);
    return older === undefined ? batch : [...older, ...batch];
  }

  /** From now on this side looks into the memory until `sleep`. */
  awake(): void {
    this.#in.look(1);
  }

  /** This side looks no more; answers what came before it said so. */
  sleep(): Incoming[] | undefined {
    this.#in.look(0);
    return this.take();
  }

  #byPort(batch: readonly Outgoing[], transfers: ArrayBuffer[]): void {
    this.#portSent = (this.#portSent + 1) | 0;
    this.#port.postMessage(batch, transfers);
  }
}

class Direction {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;

  constructor(memory: SharedArrayBuffer, offset: number) {
    this.#words = new Int32Array(memory, offset, WORDS);
    this.#bytes = Buffer.from(memory, offset + WORD_BYTES, BATCH_BYTES);
  }

  /** Whether a batch may be put there now: somebody looks, the last one has been taken, and so has all that went by port. */
  free(portSent: number): boolean {
    return (
      Atomics.load(this.#words, AWAKE) === 1 &&
      Atomics.load(this.#words, STATE) === 0 &&
      Atomics.load(this.#words, PORT_READ) === portSent
    );
  }

  /** False when the other side has stopped looking in the meantime, and must be told that something is there. */
  put(text: string): boolean {
    this.#words[LENGTH] = this.#bytes.write(text, 0, 'utf8');
    Atomics.store(this.#words, STATE, 1);
    return Atomics.load(this.#words, AWAKE) === 1;
  }

  take(): string | undefined {
    if (Atomics.load(this.#words, STATE) === 0) return undefined;
    const text = this.#bytes.toString('utf8', 0, this.#words[LENGTH]);
    Atomics.store(this.#words, STATE, 0);
    return text;
  }

  look(awake: 0 | 1): void {
    Atomics.store(this.#words, AWAKE, awake);
  }

  portRead(count: number): void {
    Atomics.store(this.#words, PORT_READ, count);
  }
}

/** Whether the batch is small enough for the memory, as far as can be told without writing it, and holds no bytes. */
function isShort(batch: readonly unknown[]): boolean {
  let room = BATCH_CHARS_MAX;
  const look = (value: unknown): void => {
    room -= typeof value === 'string' ? value.length : MEMBER_CHARS;
    if (typeof value !== 'object' || value === null || room < 0) return;
    if (ArrayBuffer.isView(value)) room = -1;
    else for (const key in value) look((value as Record<string, unknown>)[key]);
  };
  look(batch);
  return room >= 0;
}
