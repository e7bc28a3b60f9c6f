/**
 * What comes out of a container, taken apart twice. The engine mixes stdout and stderr into one stream of blocks, each with
 * a head of eight bytes. In stdout an agent's frames stand between whatever its program prints:
 *
 *   … text … RS NONCE payload RS NONCE LF … text …
 *
 * The nonce is drawn for each container, so that data which a program prints cannot look like a frame. It is no secret
 * from the program itself, which may say by a frame only what it may say anyway.
 */

export interface BlockHandlers {
  onStdout(bytes: Buffer): void;
  onStderr(bytes: Buffer): void;
}

const HEAD_BYTES = 8;
const STDERR = 2;

/** The engine's multiplexed stream (Engine API, ContainerAttach). Blocks are passed on as they come, also in parts. */
export class BlockReader {
  readonly #handlers: BlockHandlers;
  #head = Buffer.alloc(0);
  #left = 0;
  #kind = 0;

  constructor(handlers: BlockHandlers) {
    this.#handlers = handlers;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const part = chunk.subarray(at, at + this.#left);
        at += part.length;
        this.#left -= part.length;
        if (this.#kind === STDERR) this.#handlers.onStderr(part);
        else this.#handlers.onStdout(part);
        continue;
      }
      const missing = HEAD_BYTES - this.#head.length;
      this.#head = Buffer.concat([this.#head, chunk.subarray(at, at + missing)]);
      at += missing;
      if (this.#head.length < HEAD_BYTES) return;
      this.#kind = this.#head[0] as number;
      this.#left = this.#head.readUInt32BE(4);
      this.#head = Buffer.alloc(0);
    }
  }
}

export interface FrameHandlers {
  onFrame(payload: Buffer): void;
  /** What is printed between frames. */
  onText(bytes: Buffer): void;
  /** A frame grew beyond its bound; nothing is read any more. `head` is how it began. */
  onTooLarge(head: Buffer): void;
}

const NO_ROOM = Buffer.alloc(0);
/** Of a frame that is too large, for who wants to know what it was to be. */
const HEAD_OF_FRAME_BYTES = 16;

export class FrameReader {
  readonly #open: Buffer;
  readonly #close: Buffer;
  readonly #bytesMax: number;
  readonly #handlers: FrameHandlers;
  /** The end of the text outside of frames that may be the beginning of a mark. */
  #maybe = Buffer.alloc(0);
  /** The frame so far. One room that grows: a program that writes byte by byte must not cost an object for each. */
  #room: Buffer | undefined;
  #bytes = 0;
  #isBroken = false;

  constructor(nonce: string, bytesMax: number, handlers: FrameHandlers) {
    this.#open = Buffer.from(`\x1e${nonce}`);
    this.#close = Buffer.from(`\x1e${nonce}\n`);
    this.#bytesMax = bytesMax;
    this.#handlers = handlers;
  }

  push(chunk: Buffer): void {
    let rest: Buffer | undefined = chunk;
    while (rest !== undefined && rest.length > 0 && !this.#isBroken) {
      rest = this.#room === undefined ? this.#outside(rest) : this.#inside(rest, this.#room);
    }
  }

  #outside(chunk: Buffer): Buffer | undefined {
    const data = this.#maybe.length === 0 ? chunk : Buffer.concat([this.#maybe, chunk]);
    this.#maybe = Buffer.alloc(0);
    const at = data.indexOf(this.#open);
    if (at >= 0) {
      if (at > 0) this.#handlers.onText(data.subarray(0, at));
      this.#room = NO_ROOM;
      this.#bytes = 0;
      return data.subarray(at + this.#open.length);
    }
    const kept = partialMark(data, this.#open);
    if (kept < data.length) this.#handlers.onText(data.subarray(0, data.length - kept));
    if (kept > 0) this.#maybe = Buffer.from(data.subarray(data.length - kept));
    return undefined;
  }

  /** A mark may be split over two chunks: the seam is looked at first, then the chunk. */
  #inside(chunk: Buffer, room: Buffer): Buffer | undefined {
    const before = this.#bytes;
    const tail = room.subarray(Math.max(0, before - (this.#close.length - 1)), before);
    const atSeam =
      before === 0 ? -1 : Buffer.concat([tail, chunk.subarray(0, this.#close.length - 1)]).indexOf(this.#close);
    // Counted from the beginning of the chunk; negative where the mark begins before it.
    const at = atSeam >= 0 ? atSeam - tail.length : chunk.indexOf(this.#close);
    const isClosed = atSeam >= 0 || at >= 0;
    const bytes = before + (isClosed ? at : chunk.length);
    // What is not closed yet may end in a part of its mark.
    if (bytes > this.#bytesMax + (isClosed ? 0 : this.#close.length)) {
      this.#isBroken = true;
      this.#room = undefined;
      const head = before >= HEAD_OF_FRAME_BYTES ? room.subarray(0, before) : chunk;
      this.#handlers.onTooLarge(head.subarray(0, HEAD_OF_FRAME_BYTES));
      return undefined;
    }
    const whole = withRoom(room, before, bytes - before);
    chunk.copy(whole, before, 0, Math.max(0, bytes - before));
    this.#bytes = bytes;
    this.#room = isClosed ? undefined : whole;
    if (!isClosed) return undefined;
    // The room is not used again: whoever gets the frame may keep it.
    this.#handlers.onFrame(whole.subarray(0, bytes));
    return chunk.subarray(at + this.#close.length);
  }
}

function withRoom(room: Buffer, used: number, more: number): Buffer {
  if (used + more <= room.length) return room;
  const larger = Buffer.allocUnsafe(Math.max(2 * room.length, used + more));
  room.copy(larger, 0, 0, used);
  return larger;
}

/** Length of the end of `data` that is a beginning of `mark`. */
function partialMark(data: Buffer, mark: Buffer): number {
  for (let length = Math.min(mark.length - 1, data.length); length > 0; length--) {
    if (data.subarray(data.length - length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
