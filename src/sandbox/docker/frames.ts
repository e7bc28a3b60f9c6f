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
  /** A frame grew beyond its bound; nothing is read any more. */
  onTooLarge(): void;
}

export class FrameReader {
  readonly #open: Buffer;
  readonly #close: Buffer;
  readonly #bytesMax: number;
  readonly #handlers: FrameHandlers;
  /** Outside of a frame: the end of the text that may be the beginning of a mark. Inside: the frame's parts. */
  #parts: Buffer[] = [];
  #bytes = 0;
  #isInside = false;
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
      rest = this.#isInside ? this.#inside(rest) : this.#outside(rest);
    }
  }

  #outside(chunk: Buffer): Buffer | undefined {
    const data = this.#parts.length === 0 ? chunk : Buffer.concat([...this.#parts, chunk]);
    this.#parts = [];
    const at = data.indexOf(this.#open);
    if (at >= 0) {
      if (at > 0) this.#handlers.onText(data.subarray(0, at));
      this.#isInside = true;
      this.#bytes = 0;
      return data.subarray(at + this.#open.length);
    }
    const kept = partialMark(data, this.#open);
    if (kept < data.length) this.#handlers.onText(data.subarray(0, data.length - kept));
    if (kept > 0) this.#parts = [data.subarray(data.length - kept)];
    return undefined;
  }

  /** A mark may be split over two chunks: the seam is looked at first, then the chunk; the parts are joined once. */
  #inside(chunk: Buffer): Buffer | undefined {
    const before = this.#tail();
    const seam = Buffer.concat([before, chunk.subarray(0, this.#close.length - 1)]);
    const atSeam = seam.indexOf(this.#close);
    const at = atSeam >= 0 ? atSeam - before.length : chunk.indexOf(this.#close);
    if (atSeam < 0 && at < 0) {
      this.#parts.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > this.#bytesMax) {
        this.#isBroken = true;
        this.#parts = [];
        this.#handlers.onTooLarge();
      }
      return undefined;
    }
    const whole = at >= 0 ? [...this.#parts, chunk.subarray(0, at)] : this.#parts;
    const joined = whole.length === 1 ? (whole[0] as Buffer) : Buffer.concat(whole);
    this.#parts = [];
    this.#isInside = false;
    this.#handlers.onFrame(at >= 0 ? joined : joined.subarray(0, joined.length + at));
    return chunk.subarray(at + this.#close.length);
  }

  /** The last bytes of the frame so far, fewer than a mark. */
  #tail(): Buffer {
    let tail = Buffer.alloc(0);
    for (let index = this.#parts.length - 1; index >= 0 && tail.length < this.#close.length - 1; index--) {
      tail = Buffer.concat([this.#parts[index] as Buffer, tail]);
    }
    return tail.subarray(Math.max(0, tail.length - (this.#close.length - 1)));
  }
}

/** Length of the end of `data` that is a beginning of `mark`. */
function partialMark(data: Buffer, mark: Buffer): number {
  for (let length = Math.min(mark.length - 1, data.length); length > 0; length--) {
    if (data.subarray(data.length - length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
