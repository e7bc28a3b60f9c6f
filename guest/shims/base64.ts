// biome-ignore-all lint/style/useTemplate: a template literal calls String.prototype.concat here; see captured.ts.
/**
 * `atob` and `btoa` (HTML section 8.3; Infra section 7, "forgiving-base64 decode"), and the same on bytes for the
 * bridge, which carries binary data as text. Errors are Errors named InvalidCharacterError.
 * All look-ups are in typed arrays, which never ask a prototype. Past the end of one is undefined, which counts as 0 in
 * bit arithmetic and as U+0000 in `fromCharCode`; that is how the last, incomplete group is made (the casts hide it).
 */
import {
  CapturedBuffer,
  charCodeAt,
  domError,
  fromCharCode,
  substring,
  toText,
  transferBuffer,
  typedArrayLength,
  U8,
} from './captured.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PAD = 0x3d;
const SPACE = 64;
const NONE = 65;

/** For each ASCII character its digit, SPACE or NONE. */
const DIGITS = new U8(128).fill(NONE);
for (let digit = 0; digit < 64; digit += 1) DIGITS[ALPHABET.charCodeAt(digit)] = digit;
for (const space of [9, 10, 12, 13, 32]) DIGITS[space] = SPACE;

/** Base64 of bytes, padded. */
export function bytesToBase64(bytes: Uint8Array): string {
  const length = typedArrayLength(bytes);
  let text = '';
  for (let at = 0; at < length; at += 3) {
    const bits = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    text += (ALPHABET[bits >> 18] as string) + ALPHABET[(bits >> 12) & 63];
    text += at + 1 < length ? ALPHABET[(bits >> 6) & 63] : '=';
    text += at + 2 < length ? ALPHABET[bits & 63] : '=';
  }
  return text;
}

/** Bytes of base64 text; ASCII white space is skipped and padding may be missing. Throws InvalidCharacterError. */
export function base64ToBytes(text: string): Uint8Array<ArrayBuffer> {
  const buffer = new CapturedBuffer(text.length);
  const bytes = new U8(buffer);
  let written = 0;
  let bits = 0;
  let digits = 0;
  let padding = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = charCodeAt(text, at);
    const digit = DIGITS[code] ?? NONE;
    if (code === PAD) padding += 1;
    else if (digit < 64 && padding === 0) {
      // Older digits are shifted out at the top; each digit but the first of four completes a byte.
      bits = (bits << 6) | digit;
      if ((digits & 3) > 0) {
        bytes[written] = bits >> (6 - 2 * (digits & 3));
        written += 1;
      }
      digits += 1;
    } else if (digit !== SPACE) padding = NONE;
  }
  // Padding, where there is any, must fill the last group of four; a wrong character has made it too long for that.
  if ((digits & 3) === 1 || (padding > 0 && (padding > 2 || (digits + padding) % 4 > 0))) {
    throw invalid('atob: the text is not base64');
  }
  return new U8(transferBuffer(buffer, written));
}

/** The Latin-1 text that base64 stands for. */
export function atob(data: unknown): string {
  const bytes = base64ToBytes(toText(data));
  const length = typedArrayLength(bytes);
  let text = '';
  for (let at = 0; at < length; at += 4) {
    text += fromCharCode(
      bytes[at] as number,
      bytes[at + 1] as number,
      bytes[at + 2] as number,
      bytes[at + 3] as number,
    );
  }
  return substring(text, 0, length);
}

/** Base64 of a Latin-1 text. Throws InvalidCharacterError for a character above U+00FF. */
export function btoa(data: unknown): string {
  const text = toText(data);
  const bytes = new U8(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = charCodeAt(text, at);
    if (code > 255) throw invalid('btoa: the character at index ' + at + ' is above U+00FF; use TextEncoder first');
    bytes[at] = code;
  }
  return bytesToBase64(bytes);
}

const invalid = (message: string): Error => domError('InvalidCharacterError', message);
