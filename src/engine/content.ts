/**
 * The content blocks of one run: what its program emits, or returns as a block. A descriptor (`{type, mimeType, bytes,
 * handle}`, what a program holds of an image) becomes the MCP block with the real bytes here, on the host; base64 never
 * enters a guest for it.
 *
 *   guest ─ descriptor ─▶ gate ─▶ block with its bytes ─▶ outcome.content ─▶ client
 *
 * Bounded in count and in size; what does not fit is refused by name and the run goes on.
 */
import { OptimizerError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { KeptBlobs } from './kept-blobs.ts';

/** Blocks of one run. */
export const CONTENT_BLOCKS_MAX = 32;
/** Characters of all blocks of one run as JSON; base64 makes four of three bytes. */
export const CONTENT_CHARS_MAX = 16 * 1024 * 1024;

const BINARY_TYPES: readonly Json[] = ['image', 'audio', 'resource'];
const FORMS =
  'an MCP block (`{type: "text", text}`, `{type: "image", mimeType, data}`, `{type: "resource", resource}`, `{type: "resource_link", uri, name}`) or one that a tool answered';

export class RunContent {
  readonly blocks: JsonObject[] = [];
  readonly #tenant: string;
  readonly #blobs: KeptBlobs;
  readonly #redactor: Redactor;
  #chars = 0;
  #refused: string | undefined;

  constructor(tenant: string, blobs: KeptBlobs, redactor: Redactor) {
    this.#tenant = tenant;
    this.#blobs = blobs;
    this.#redactor = redactor;
  }

  /** The reason of the first refusal: a program that does not wait for `emit` would not hear of it. */
  get refused(): string | undefined {
    return this.#refused;
  }

  /** Throws `request.params` for what is no block, `state.missing` for a handle that is gone, `limit.value` when full. */
  emit(given: Json): void {
    try {
      this.#add(this.#resolve(given));
    } catch (error) {
      if (error instanceof OptimizerError) this.#refused ??= error.message;
      throw error;
    }
  }

  /**
   * A returned block counts as emitted, and so does a list of nothing but blocks with one of bytes among them. True when the
   * value has become content; what is refused stays the value, and is told as `refused`.
   */
  takeValue(value: Json): boolean {
    if (!isBlockValue(value)) return false;
    try {
      for (const block of Array.isArray(value) ? value : [value]) this.emit(block);
      return true;
    } catch (error) {
      if (!(error instanceof OptimizerError)) throw error;
      return false;
    }
  }

  #add(block: JsonObject): void {
    if (this.blocks.length >= CONTENT_BLOCKS_MAX) {
      throw new OptimizerError('limit.value', `emit: one run may show ${CONTENT_BLOCKS_MAX} blocks at most`);
    }
    const chars = JSON.stringify(block).length;
    if (this.#chars + chars > CONTENT_CHARS_MAX) {
      const message = `emit: the blocks of one run may have ${CONTENT_CHARS_MAX} characters at most, base64 included`;
      throw new OptimizerError('limit.value', message, { hint: 'Emit fewer or smaller blocks.' });
    }
    this.#chars += chars;
    this.blocks.push(block);
  }

  #resolve(given: Json): JsonObject {
    if (typeof given === 'string') return { type: 'text', text: this.#redactor.text(given) };
    if (!isJsonObject(given)) throw noBlock();
    if (isDescriptor(given)) return this.#withBytes(given);
    if (!isMcpBlock(given)) throw noBlock();
    return this.#redactor.active ? (this.#redactor.json(given) as JsonObject) : given;
  }

  #withBytes({ handle, bytes: _, ...said }: JsonObject): JsonObject {
    const blob = this.#blobs.find(this.#tenant, handle as string);
    if (blob === undefined) {
      const message = `emit: nothing is kept under the handle \`${String(handle).slice(0, 40)}\`, or it has expired`;
      throw new OptimizerError('state.missing', message, { hint: 'Call the tool again and emit its answer.' });
    }
    const { type, mimeType, base64, uri = `blob:${blob.handle}` } = blob;
    if (type === 'resource') return { type, resource: { uri, mimeType, blob: base64 } };
    // Only the annotations are the server's own word that a client may use; anything else is the program's.
    const annotations = isJsonObject(said.annotations) ? { annotations: said.annotations } : {};
    return { type, mimeType, data: base64, ...annotations };
  }
}

/** Whether a returned value is content: a block with bytes, or a list of blocks with such a one among them. */
function isBlockValue(value: Json | undefined): boolean {
  if (!Array.isArray(value)) return hasBytes(value);
  const isShort = value.length > 0 && value.length <= CONTENT_BLOCKS_MAX;
  return isShort && value.some(hasBytes) && value.every((item) => hasBytes(item) || isMcpBlock(item));
}

function hasBytes(value: Json | undefined): boolean {
  if (!isJsonObject(value)) return false;
  return isDescriptor(value) || (BINARY_TYPES.includes(value.type as Json) && isMcpBlock(value));
}

function isDescriptor(value: JsonObject): boolean {
  return (
    typeof value.handle === 'string' && BINARY_TYPES.includes(value.type as Json) && typeof value.mimeType === 'string'
  );
}

function isMcpBlock(value: Json): boolean {
  if (!isJsonObject(value)) return false;
  const { type, resource } = value;
  switch (type) {
    case 'text':
      return typeof value.text === 'string';
    case 'image':
    case 'audio':
      return isBase64(value.data) && typeof value.mimeType === 'string';
    case 'resource_link':
      return typeof value.uri === 'string' && typeof value.name === 'string';
    case 'resource':
      return (
        isJsonObject(resource) &&
        typeof resource.uri === 'string' &&
        (typeof resource.text === 'string' || isBase64(resource.blob))
      );
    default:
      return false;
  }
}

function isBase64(value: Json | undefined): boolean {
  return typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

function noBlock(): OptimizerError {
  return new OptimizerError('request.params', `emit: expected ${FORMS}`, { data: { path: 'block' } });
}
