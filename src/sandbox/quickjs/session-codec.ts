/**
 * Images of sessions as they lie in the store: zstd at quick levels, made and undone in the thread pool, so that
 * neither the main thread nor a guest worker stands still for a large one. Stands between the backend and its caller.
 */
import type * as Zlib from 'node:zlib';
import { sha256Hex } from '../../core/crypto.ts';
import type { Misfit } from './session-image.ts';

/** Names what images are relative to: the engine's file, and the snapshot with the prelude in it. */
export function sessionBaseName(engineHash: string, snapshot: Uint8Array): string {
  return `${engineHash.slice(0, 16)}-${sha256Hex(snapshot).slice(0, 16)}`;
}

let zlib: typeof Zlib | undefined;

/** Loaded by the first session: a process without sessions does not pay for it. */
function load(): typeof Zlib {
  zlib ??= process.getBuiltinModule('node:zlib');
  return zlib;
}

/** What stands before the compressed bytes: the length of the image, in one word. */
const HEAD_BYTES = 4;
/**
 * Images up to this size are undone at once on the calling thread, in a millisecond at most: a trip through the pool costs
 * a third of that, and the run waits for it.
 */
const AT_ONCE_BYTES_MAX = 2 * 1024 * 1024;
/** Images up to this size are packed better, at level 3: a millisecond more in the pool, and most sessions are small. */
const SMALL_BYTES_MAX = 512 * 1024;
/** How every zstd frame begins (RFC 8878, section 3.1.1). */
const ZSTD_MAGIC = 0xfd2fb528;
/** The parts in which the library hands out what it makes must be at least so large. */
const PART_BYTES_MIN = 64;

export function compressImage(image: Uint8Array): Promise<Uint8Array> {
  const { zstdCompress, constants } = load();
  const level = image.byteLength <= SMALL_BYTES_MAX ? 3 : 1;
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(image.byteLength);
  return new Promise((resolve, reject) => {
    // In one part: by default there is a trip through the pool for every 16 KiB.
    zstdCompress(image, { params, chunkSize: image.byteLength + PART_BYTES_MIN }, (error, bytes) =>
      error ? reject(error) : resolve(Buffer.concat([head, bytes])),
    );
  });
}

/** The image, in a buffer of its own; or why there is none: it takes more than `imageBytesMax`, or the bytes are no image. */
export function expandImage(bytes: Uint8Array, imageBytesMax: number): Promise<Uint8Array<ArrayBuffer> | Misfit> {
  if (bytes.byteLength < 2 * HEAD_BYTES) return Promise.resolve('broken');
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, 2 * HEAD_BYTES);
  if (head.readUInt32LE(HEAD_BYTES) !== ZSTD_MAGIC) return Promise.resolve('broken');
  const length = head.readUInt32LE();
  if (length > imageBytesMax) return Promise.resolve('memory');
  const options = { chunkSize: length + PART_BYTES_MIN, maxOutputLength: length + PART_BYTES_MIN };
  const packed = bytes.subarray(HEAD_BYTES);
  const checked = (image: Buffer) => (image.byteLength === length ? alone(image) : 'broken');
  if (length <= AT_ONCE_BYTES_MAX) {
    try {
      return Promise.resolve(checked(load().zstdDecompressSync(packed, options)));
    } catch {
      return Promise.resolve('broken');
    }
  }
  return new Promise((resolve) => {
    load().zstdDecompress(packed, options, (error, image) => resolve(error ? 'broken' : checked(image)));
  });
}

/** Bytes in a buffer of their own, which may move to a worker; a small result lies in one that others use. */
function alone(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  const isAlone = byteOffset === 0 && buffer instanceof ArrayBuffer && buffer.byteLength <= byteLength + PART_BYTES_MIN;
  return isAlone ? new Uint8Array(buffer, 0, byteLength) : new Uint8Array(bytes);
}
