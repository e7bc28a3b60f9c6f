// biome-ignore-all lint/style/useTemplate: a template literal calls String.prototype.concat here; see captured.ts.
/**
 * `TextEncoder` and `TextDecoder` for UTF-8, and the two plain functions under them that the bridge uses.
 * Encoding Standard, sections 8.1.1 and 8.1.2: a lone surrogate becomes U+FFFD, an invalid sequence becomes one U+FFFD
 * per maximal subpart. Other encodings and streaming are refused with an error that says so.
 * ASCII is decoded four bytes a turn: in this engine that is five times faster than one by one.
 */
import {
  charCodeAt,
  fromCharCode,
  kindOf,
  regExpExec,
  toText,
  toWellFormed,
  typedArrayLength,
  typedArrayName,
  U8,
} from './captured.ts';

/** How far an encoding got: `read` in UTF-16 units, `written` in bytes. */
export interface EncodeProgress {
  read: number;
  written: number;
}

const { isView } = ArrayBuffer;
const toEscapes = encodeURIComponent;
const fromEscapes = unescape;

/** UTF-8 of a string. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  // The escapes of a URI are the bytes of UTF-8; undoing them gives one character a byte, all of it in the engine.
  const characters = fromEscapes(toEscapes(toWellFormed(text)));
  const bytes = new U8(characters.length);
  for (let at = 0; at < characters.length; at += 1) bytes[at] = charCodeAt(characters, at);
  return bytes;
}

/** Text of UTF-8 bytes. `fatal` throws a TypeError on invalid bytes; without `keepMark` a byte order mark is dropped. */
export function decodeUtf8(bytes: Uint8Array, fatal = false, keepMark = true): string {
  const length = typedArrayLength(bytes);
  let text = '';
  let at = !keepMark && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < length) {
    // The casts: an index is below the length, or its value is used only after the length was checked.
    const lead = bytes[at] as number;
    if (lead < 0x80) {
      const b = bytes[at + 1] as number;
      const c = bytes[at + 2] as number;
      const d = bytes[at + 3] as number;
      const four = at + 4 <= length && (b | c | d) < 0x80;
      text += four ? fromCharCode(lead, b, c, d) : fromCharCode(lead);
      at += four ? 4 : 1;
      continue;
    }
    at += 1;
    // Unicode 16.0, table 3-7: how many bytes follow, and the narrower range that some leads give the first of them.
    let following = lead < 0xc2 || lead > 0xf4 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    let low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    let high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    let code = lead & (0x3f >> following);
    while (following > 0) {
      const next = bytes[at];
      if (next === undefined || next < low || next > high) following = -1;
      else {
        code = (code << 6) | (next & 0x3f);
        low = 0x80;
        high = 0xbf;
        at += 1;
        following -= 1;
      }
    }
    if (following < 0) {
      if (fatal) throw new TypeError('TextDecoder: not valid UTF-8 before byte ' + at);
      code = 0xfffd;
    }
    text += code > 0xffff ? fromCharCode(0xd7c0 + (code >> 10), 0xdc00 | (code & 0x3ff)) : fromCharCode(code);
  }
  return text;
}

/** Encodes text to UTF-8. */
export class TextEncoder {
  readonly encoding = 'utf-8';

  encode(text: unknown = ''): Uint8Array<ArrayBuffer> {
    return encodeUtf8(toText(text));
  }

  /** Writes as many whole code points as fit into `target`. */
  encodeInto(text: unknown, target: Uint8Array): EncodeProgress {
    if (typedArrayName(target) !== 'Uint8Array') throw new TypeError('TextEncoder.encodeInto needs a Uint8Array');
    const bytes = encodeUtf8(toText(text));
    let written = bytes.length;
    // Too long for the target: go back to where a code point starts.
    if (written > target.length)
      for (written = target.length; ((bytes[written] as number) & 0xc0) === 0x80; ) written -= 1;
    const fitting = bytes.subarray(0, written);
    target.set(fitting);
    return { read: decodeUtf8(fitting).length, written };
  }
}

/** Decodes UTF-8. Options are `fatal` and `ignoreBOM`; there is no streaming. */
export class TextDecoder {
  readonly encoding = 'utf-8';
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;

  constructor(label: unknown = 'utf-8', options?: { fatal?: boolean; ignoreBOM?: boolean } | null) {
    // The Encoding Standard, section 4.2, has three more labels, which nobody writes.
    const utf8 = /^\s*(utf-?8|unicode-1-1-utf-8)\s*$/i;
    if (regExpExec(utf8, toText(label)) === null) {
      throw new RangeError('TextDecoder: no encoding "' + label + '", only utf-8');
    }
    this.fatal = Boolean(options?.fatal);
    this.ignoreBOM = Boolean(options?.ignoreBOM);
  }

  decode(data?: unknown, options?: { stream?: boolean } | null): string {
    if (options?.stream) throw new TypeError('TextDecoder: no `stream`; join the chunks and decode them at once');
    return data === undefined ? '' : decodeUtf8(bytesOf(data), this.fatal, this.ignoreBOM);
  }
}

function bytesOf(data: unknown): Uint8Array {
  if (isView(data)) return new U8(data.buffer, data.byteOffset, data.byteLength);
  if (kindOf(data) === 'ArrayBuffer') return new U8(data as ArrayBuffer);
  throw new TypeError('TextDecoder.decode needs an ArrayBuffer or a view of one');
}
