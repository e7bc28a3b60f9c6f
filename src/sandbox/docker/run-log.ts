/**
 * The log of one run in a container: lines that an agent sends, and raw text of children, cut into lines. Bounded in bytes
 * of UTF-8, each line costing one more; a line that does not fit, and all after it, are counted.
 */
import type { LogLevel, LogLine } from '../backend.ts';

/** A line without an end is cut here. */
const LINE_BYTES_MAX = 16 * 1024;

export class RunLog {
  readonly lines: LogLine[] = [];
  dropped = 0;
  #bytesLeft: number;
  readonly #onLine: (line: LogLine) => void;
  readonly #rests: Record<'info' | 'warn', Buffer> = { info: Buffer.alloc(0), warn: Buffer.alloc(0) };
  readonly #last: Partial<Record<LogLevel, string>> = {};

  constructor(bytesMax: number, onLine: (line: LogLine) => void) {
    this.#bytesLeft = bytesMax;
    this.#onLine = onLine;
  }

  add(level: LogLevel, text: string): void {
    this.#last[level] = text.slice(0, 500);
    const bytes = Buffer.byteLength(text) + 1;
    if (this.dropped > 0 || bytes > this.#bytesLeft) {
      this.dropped++;
      return;
    }
    this.#bytesLeft -= bytes;
    const line = { level, text };
    this.lines.push(line);
    this.#onLine(line);
  }

  addText(level: 'info' | 'warn', bytes: Buffer): void {
    let data = this.#rests[level].length === 0 ? bytes : Buffer.concat([this.#rests[level], bytes]);
    for (let end = data.indexOf(0x0a); end >= 0; end = data.indexOf(0x0a)) {
      this.add(level, data.toString('utf8', 0, end));
      data = data.subarray(end + 1);
    }
    if (data.length > LINE_BYTES_MAX) {
      this.add(level, data.toString('utf8'));
      data = Buffer.alloc(0);
    }
    this.#rests[level] = data;
  }

  /** The last lines may have no end. */
  finish(): void {
    for (const level of ['info', 'warn'] as const) {
      const rest = this.#rests[level];
      this.#rests[level] = Buffer.alloc(0);
      if (rest.length > 0) this.add(level, rest.toString('utf8'));
    }
  }

  /** The last line of a level, also one that was not kept. */
  lastOf(level: LogLevel): string | undefined {
    return this.#last[level];
  }
}
