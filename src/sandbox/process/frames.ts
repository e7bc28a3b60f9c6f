/**
 * The frames of the pipe between the main process and a sandbox process: four bytes of length, then the body.
 * The two directions differ on purpose. Down goes Node's own serialisation, which carries bytes as bytes; up comes JSON
 * only, because what a child sends is not trusted: a child may have been taken over by what it runs, and the main process
 * decodes nothing but JSON, and no frame that is longer than it allowed.
 */
import { deserialize, serialize } from 'node:v8';

const HEAD_BYTES = 4;
/** Messages of one turn beyond this leave in a frame of their own. */
export const BATCH_CHARS_MAX = 1024 * 1024;

export function encodeDown(batch: readonly unknown[]): Buffer {
  return framed(serialize(batch));
}

export function decodeDown(body: Buffer): unknown {
  return deserialize(body);
}

export function encodeUp(batch: readonly unknown[]): Buffer {
  return framed(Buffer.from(JSON.stringify(batch), 'utf8'));
}

function framed(body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

/** Cuts a stream of bytes into bodies. `push` throws a RangeError at a frame of more than `bytesMax`. */
export class FrameReader {
  readonly #bytesMax: number;
  readonly #onBody: (body: Buffer) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes that must have come before there is anything to do. */
  #wanted = HEAD_BYTES;

  constructor(bytesMax: number, onBody: (body: Buffer) => void) {
    this.#bytesMax = bytesMax;
    this.#onBody = onBody;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted) return;
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#wanted = HEAD_BYTES;
    while (rest.length >= HEAD_BYTES) {
      const length = rest.readUInt32LE(0);
      if (length > this.#bytesMax) throw new RangeError(`a frame of ${length} bytes; the most is ${this.#bytesMax}`);
      if (rest.length < HEAD_BYTES + length) {
        this.#wanted = HEAD_BYTES + length;
        break;
      }
      this.#onBody(rest.subarray(HEAD_BYTES, HEAD_BYTES + length));
      rest = rest.subarray(HEAD_BYTES + length);
    }
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }
}

/** Collects what one turn sends and writes it as one frame, or as several when it is much. */
export class Outbox {
  readonly #write: (batch: readonly unknown[]) => void;
  #batch: unknown[] = [];
  #chars = 0;
  #planned = false;
  #open: boolean;

  /** A box that is not `open` keeps everything until `openUp`. */
  constructor(write: (batch: readonly unknown[]) => void, open: boolean) {
    this.#write = write;
    this.#open = open;
  }

  /** `chars` is about the size of what the message carries. */
  send(message: unknown, chars = 0): void {
    if (this.#chars + chars > BATCH_CHARS_MAX && this.#open) this.#flush();
    this.#batch.push(message);
    this.#chars += chars;
    if (this.#planned || !this.#open) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      this.#flush();
    });
  }

  openUp(): void {
    this.#open = true;
    this.#flush();
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#chars = 0;
    this.#write(batch);
  }
}
