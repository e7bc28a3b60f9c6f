/**
 * Hashes and random bits from `node:crypto`, which is loaded at the first use: loading it takes 7 ms, and neither a
 * client's greeting nor a guest's start needs it.
 */
import type * as NodeCrypto from 'node:crypto';

let loaded: typeof NodeCrypto | undefined;

function crypto(): typeof NodeCrypto {
  loaded ??= process.getBuiltinModule('node:crypto');
  return loaded;
}

/** SHA-256 in lower-case hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return crypto().hash('sha256', data, 'hex');
}

/** `length` bytes from the system's generator. */
export function randomBytes(length: number): Uint8Array {
  return crypto().randomBytes(length);
}

/** 128 random bits as 32 hex digits, without dashes. */
export function randomHex(): string {
  return crypto().randomUUID().replaceAll('-', '');
}
