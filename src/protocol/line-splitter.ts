/**
 * Bytes in, lines out. Stands between stdin and `json-rpc`. A line's pieces are kept as they came and joined once, so a
 * long line costs one copy however many chunks it arrives in; a line over the limit is never held: its pieces are let go
 * the moment the limit is passed, and the rest is skipped up to the next line end.
 *
 *   keeping ──limit passed──▶ skipping ──line end──▶ keeping
 */
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

export interface LineSink {
  /** One line without its line end; blank lines are not reported. */
  line(line: Buffer): void;
  /** Once per skipped line, as soon as `lineBytes` is passed. */
  tooLong(): void;
}

export class LineSplitter {
  readonly #sink: LineSink;
  readonly #lineBytesMax: number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #skipping = false;
  #first = true;

  constructor(sink: LineSink, lineBytesMax: number) {
    this.#sink = sink;
    this.#lineBytesMax = lineBytesMax;
  }

  /** `chunk` may be kept until its line is complete; the caller must not write into it. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#endLine();
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** End of input: a last line without a line end counts. */
  end(): void {
    this.#endLine();
  }

  #keep(piece: Buffer): void {
    if (this.#skipping || piece.length === 0) return;
    // One more byte than the limit is let through for the carriage return of a CRLF line end.
    if (this.#bytes + piece.length > this.#lineBytesMax + 1) {
      this.#skip();
      return;
    }
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  #skip(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#skipping = true;
    this.#sink.tooLong();
  }

  #endLine(): void {
    const skipped = this.#skipping;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    this.#skipping = false;
    if (skipped) return;
    let line = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    if (line.at(-1) === CARRIAGE_RETURN) line = line.subarray(0, -1);
    if (this.#first && line.subarray(0, 3).equals(BYTE_ORDER_MARK)) line = line.subarray(3);
    this.#first = false;
    if (line.length > this.#lineBytesMax) this.#sink.tooLong();
    else if (!isBlank(line)) this.#sink.line(line);
  }
}

function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== 0x20 && byte !== 0x09 && byte !== CARRIAGE_RETURN) return false;
  return true;
}
