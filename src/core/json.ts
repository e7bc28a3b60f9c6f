/**
 * JSON as a type and as text: the one shape that crosses every boundary of the house (pipe, guest, upstream, store).
 * Canonical text follows RFC 8785 (JCS) for the values JSON can hold, so equal values have equal hashes.
 */
import { sha256Hex } from './crypto.ts';

export type JsonPrimitive = string | number | boolean | null;
export type Json = JsonPrimitive | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** True for a plain JSON object (not null, not an array). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Length of `text` in UTF-8 bytes. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** RFC 8785 text: keys sorted by UTF-16 code units, no white space. Undefined members are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** The first 16 hex digits of the SHA-256 of the canonical text: short, and equal for equal values. */
export function jsonHash(value: unknown): string {
  return sha256Hex(canonicalJson(value)).slice(0, 16);
}
