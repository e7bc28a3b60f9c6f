/**
 * Images of sessions as they lie in the store: zstd at its quickest level, made and undone in the thread pool, so that
 * neither the main thread nor a guest worker stands still for it. Stands between the backend and its caller.
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

export function compressImage(image: Uint8Array): Promise<Uint8Array> {
  const { zstdCompress, constants } = load();
  const params = { [constants.ZSTD_c_compressionLevel]: 1 };
  return new Promise((resolve, reject) => {
    zstdCompress(image, { params }, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

/** The image, in a buffer of its own; or why there is none: it takes more than `imageBytesMax`, or the bytes are no image. */
export function expandImage(bytes: Uint8Array, imageBytesMax: number): Promise<Uint8Array<ArrayBuffer> | Misfit> {
  return new Promise((resolve) => {
    load().zstdDecompress(bytes, { maxOutputLength: imageBytesMax }, (error, image) => {
      if (error) resolve((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? 'memory' : 'broken');
      // What comes out may lie somewhere in a larger buffer; the worker is given one of its own, and aligned.
      else resolve(new Uint8Array(image));
    });
  });
}
