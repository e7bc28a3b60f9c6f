/**
 * Host side of `wit/console.wit`: the log of one run, bounded by `logBytes`. Text is measured in UTF-8, and each line
 * costs one byte more, so that empty lines have an end too. The line that reaches the limit is cut between two
 * characters; it and all lines after it are counted in `dropped`, also those that would still fit, so that what is kept
 * is the log's beginning without gaps.
 */
import type { ConsoleHost, LogLevel } from '../bindings/generated/interfaces.ts';

export interface ConsoleLine {
  readonly level: LogLevel;
  readonly text: string;
}

export interface ConsoleOptions {
  /** Limit of all lines together, in bytes of UTF-8; 0 keeps nothing. */
  readonly logBytes: number;
  /** Told of each line that is kept, as it is kept. */
  readonly onLine?: (line: ConsoleLine) => void;
}

export class ConsoleCapability implements ConsoleHost {
  readonly #lines: ConsoleLine[] = [];
  readonly #onLine: ((line: ConsoleLine) => void) | undefined;
  #bytesLeft: number;
  #dropped = 0;

  constructor(options: ConsoleOptions) {
    this.#bytesLeft = options.logBytes;
    this.#onLine = options.onLine;
  }

  /** What was kept, oldest first. */
  get lines(): readonly ConsoleLine[] {
    return this.#lines;
  }

  /** Number of lines that were cut or not kept. */
  get dropped(): number {
    return this.#dropped;
  }

  write(level: LogLevel, text: string): void {
    const kept = this.#dropped > 0 ? '' : prefixOfBytes(text, this.#bytesLeft - 1);
    const whole = kept.length === text.length && this.#dropped === 0 && this.#bytesLeft > 0;
    if (!whole) this.#dropped += 1;
    if (!whole && kept === '') return;
    this.#bytesLeft -= Buffer.byteLength(kept) + 1;
    const line = { level, text: kept };
    this.#lines.push(line);
    this.#onLine?.(line);
  }
}

/** The longest beginning of `text` that takes at most `bytes` in UTF-8 and does not end inside a surrogate pair. */
export function prefixOfBytes(text: string, bytes: number): string {
  if (bytes <= 0) return '';
  // A code unit takes a byte or more, so a longer slice cannot fit; a long text is not encoded whole for a small rest.
  const candidate = text.slice(0, bytes);
  if (candidate.length === text.length && Buffer.byteLength(text) <= bytes) return text;
  const { read } = new TextEncoder().encodeInto(candidate, new Uint8Array(bytes));
  const last = text.charCodeAt(read - 1);
  // The slice may have split a pair, whose first half is then encoded as a replacement character of its own.
  const split = read < text.length && last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, split ? read - 1 : read);
}
