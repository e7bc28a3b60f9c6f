/**
 * From a raw `tools/call` result to the data that a program sees: `structuredContent`, else the JSON inside the text, else
 * the text, else the content blocks. Pure.
 *
 * Decision to know: base64 never reaches a guest by accident. An image, a sound or a binary resource becomes a small
 * descriptor with a handle in the data, and its bytes are handed out beside it, for the host to keep.
 */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { cutWords } from './upstream-error.ts';

/** Bytes that stay on the host. */
export interface ResultBlob {
  readonly handle: string;
  readonly type: 'image' | 'audio' | 'resource';
  readonly mimeType: string;
  /** Size after decoding. */
  readonly bytes: number;
  readonly base64: string;
  /** Of a resource. */
  readonly uri?: string;
}

/** Where the value was found. */
export type ValueSource = 'structured' | 'json' | 'text' | 'blocks' | 'empty';

export type UnwrappedResult =
  | {
      readonly ok: true;
      readonly value: Json;
      readonly source: ValueSource;
      readonly blobs: readonly ResultBlob[];
      /** The content blocks with descriptors in the place of bytes; only when there were bytes. */
      readonly content?: readonly Json[];
    }
  | {
      readonly ok: false;
      /** `upstream.toolError` when the tool says that it failed, `upstream.protocol` when this is no tool result. */
      readonly code: 'upstream.toolError' | 'upstream.protocol';
      /** The tool's own words, at most 2,000 characters. */
      readonly message: string;
      readonly blobs: readonly ResultBlob[];
      readonly content?: readonly Json[];
    };

/** Names a blob; `index` counts from 0 within one result. */
export type HandleMaker = (index: number) => string;

export function unwrapResult(raw: unknown, handleOf: HandleMaker = (index) => `blob-${index + 1}`): UnwrappedResult {
  if (!isJsonObject(raw)) {
    return { ok: false, code: 'upstream.protocol', message: 'The answer is not a tool result.', blobs: [] };
  }
  const blobs: ResultBlob[] = [];
  const listed = raw.content;
  const blocks = Array.isArray(listed) ? listed.map((block) => withoutBytes(block, blobs, handleOf)) : [];
  const texts = blocks.map(textOf);
  const structured = raw.structuredContent;
  const bytesOut = blobs.length === 0 ? { blobs } : { blobs, content: blocks };
  if (raw.isError === true) {
    return { ok: false, code: 'upstream.toolError', message: failureWords(texts, structured), ...bytesOut };
  }
  const done = (source: ValueSource, value: Json): UnwrappedResult => ({ ok: true, value, source, ...bytesOut });
  // Some servers write `null` for "none"; it counts only when there is nothing else.
  if (structured !== undefined && (structured !== null || blocks.length === 0)) return done('structured', structured);
  // Revision 2024-10-07 had one free member.
  if (listed === undefined && raw.toolResult !== undefined) return done('structured', raw.toolResult);
  if (blocks.length === 0) return done('empty', null);
  if (!texts.every((text) => text !== undefined)) return done('blocks', blocks);
  const parsed = parseTexts(texts);
  return parsed === undefined ? done('text', texts.join('\n')) : done('json', parsed);
}

/** One text block holds one JSON value; of several either each does, or all of them together. */
function parseTexts(texts: readonly string[]): Json | undefined {
  if (texts.length === 1) return parseContainer(texts[0] as string);
  const each = texts.map(parseContainer);
  if (each.every((value) => value !== undefined)) return each;
  return parseContainer(texts.join('\n'));
}

/** Text is JSON only when it is an object or an array: `42` and `true` are words that a tool may well mean as text. */
function parseContainer(text: string): Json | undefined {
  const trimmed = text.trim();
  const [first, last] = [trimmed[0], trimmed.at(-1)];
  if (!((first === '{' && last === '}') || (first === '[' && last === ']'))) return undefined;
  try {
    return JSON.parse(trimmed) as Json;
  } catch {
    return undefined;
  }
}

function textOf(block: Json): string | undefined {
  return isJsonObject(block) && block.type === 'text' && typeof block.text === 'string' ? block.text : undefined;
}

function failureWords(texts: ReadonlyArray<string | undefined>, structured: Json | undefined): string {
  const words = texts
    .filter((text) => text !== undefined)
    .join('\n')
    .trim();
  if (words !== '') return cutWords(words);
  if (structured !== undefined && structured !== null) return cutWords(JSON.stringify(structured));
  return 'The tool failed and gave no reason.';
}

/** The block with its bytes taken out into `blobs`; a block without bytes as it is. */
function withoutBytes(block: Json, blobs: ResultBlob[], handleOf: HandleMaker): Json {
  if (!isJsonObject(block)) return block;
  const type = block.type;
  if ((type === 'image' || type === 'audio') && typeof block.data === 'string') {
    const blob = keep(blobs, handleOf, type, block.mimeType, block.data);
    return { ...without(block, 'data'), type, mimeType: blob.mimeType, bytes: blob.bytes, handle: blob.handle };
  }
  const resource = block.resource;
  if (type === 'resource' && isJsonObject(resource) && typeof resource.blob === 'string') {
    const uri = typeof resource.uri === 'string' ? resource.uri : undefined;
    const blob = keep(blobs, handleOf, 'resource', resource.mimeType, resource.blob, uri);
    const descriptor = { type, mimeType: blob.mimeType, bytes: blob.bytes, handle: blob.handle };
    return uri === undefined ? descriptor : { ...descriptor, uri };
  }
  return block;
}

function keep(
  blobs: ResultBlob[],
  handleOf: HandleMaker,
  type: ResultBlob['type'],
  mimeType: Json | undefined,
  base64: string,
  uri?: string,
): ResultBlob {
  const blob: ResultBlob = {
    handle: handleOf(blobs.length),
    type,
    mimeType: typeof mimeType === 'string' ? mimeType : 'application/octet-stream',
    bytes: Buffer.byteLength(base64, 'base64'),
    base64,
    ...(uri === undefined ? {} : { uri }),
  };
  blobs.push(blob);
  return blob;
}

function without(block: JsonObject, member: string): JsonObject {
  const { [member]: _removed, ...rest } = block;
  return rest;
}
