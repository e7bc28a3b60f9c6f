/**
 * Splits a byte stream into lines without ever holding more than `lineBytes` of one. A longer line is skipped to its
 * end while only its first and last few hundred bytes are kept, enough to read the id of the message that it carried,
 * so that the call which waits for it can be told at once instead of waiting for its timeout.
 */

/** What is known of a line that was skipped. `head` and `tail` are text of at most 512 bytes each. */
export interface SkippedLine {
  readonly bytes: number;
  readonly head: string;
  readonly tail: string;
}

export interface LineReaderOptions {
  readonly lineBytes: number;
  onLine(text: string): void;
  onSkipped(line: SkippedLine): void;
}

const EDGE_BYTES = 512;
const NEWLINE = 0x0a;

export class LineReader {
  readonly #options: LineReaderOptions;
  #parts: Buffer[] = [];
  #bytes = 0;
  #skipping = false;
  #head: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);

  constructor(options: LineReaderOptions) {
    this.#options = options;
  }

  /** Takes the next bytes of the stream; lines that they complete are handed on before it returns. */
  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end === -1) {
        this.#take(chunk.subarray(start));
        return;
      }
      this.#take(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
  }

  /** The stream has ended: a last line without a newline counts. */
  end(): void {
    if (this.#bytes > 0) this.#finish();
  }

  #take(part: Buffer): void {
    if (part.length === 0) return;
    this.#bytes += part.length;
    if (!this.#skipping && this.#bytes <= this.#options.lineBytes) {
      this.#parts.push(part);
      return;
    }
    if (!this.#skipping) {
      this.#skipping = true;
      this.#head = edge([...this.#parts, part], 'head');
      this.#parts = [];
    }
    this.#tail = edge([this.#tail, part], 'tail');
  }

  #finish(): void {
    const parts = this.#parts;
    const bytes = this.#bytes;
    const skipped = this.#skipping;
    const head = this.#head;
    const tail = this.#tail;
    this.#parts = [];
    this.#bytes = 0;
    this.#skipping = false;
    this.#head = this.#tail = Buffer.alloc(0);
    if (skipped) {
      this.#options.onSkipped({ bytes, head: head.toString('utf8'), tail: tail.toString('utf8') });
      return;
    }
    const only = parts[0];
    if (only === undefined) return;
    const text = (parts.length === 1 ? only : Buffer.concat(parts, bytes)).toString('utf8');
    const trimmed = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (trimmed !== '') this.#options.onLine(trimmed);
  }
}

/** The first or last bytes of `parts`, copied, so that the large buffers behind them can be freed. */
function edge(parts: readonly Buffer[], side: 'head' | 'tail'): Buffer {
  const ordered = side === 'head' ? parts : [...parts].reverse();
  const kept: Buffer[] = [];
  let room = EDGE_BYTES;
  for (const part of ordered) {
    if (room === 0) break;
    const cut = side === 'head' ? part.subarray(0, room) : part.subarray(Math.max(0, part.length - room));
    kept.push(cut);
    room -= cut.length;
  }
  return Buffer.concat(side === 'head' ? kept : kept.reverse());
}

/** The JSON-RPC id of a message of which only the edges are known, if it stands at one of the usual places. */
export function idFromEdges(line: SkippedLine): number | string | undefined {
  const found =
    /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+|"[^"\\]*")/.exec(line.head)?.[1] ??
    /"id"\s*:\s*(\d+|"[^"\\]*")\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/.exec(line.tail)?.[1];
  return found === undefined ? undefined : (JSON.parse(found) as number | string);
}
