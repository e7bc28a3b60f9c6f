/**
 * Where each key and value of a parsed file stood, so that an error can name its line long after the text is gone.
 * A path that is not in the file (a missing key) has the place of the nearest thing around it that is.
 */
import type { Path, Place } from './problem.ts';

export class Places {
  readonly #keys = new Map<string, Place>();
  readonly #values = new Map<string, Place>();

  add(path: Path, value: Place, key: Place | undefined): void {
    const name = JSON.stringify(path);
    this.#values.set(name, value);
    if (key !== undefined) this.#keys.set(name, key);
  }

  /** The place of the value at `path`. */
  ofValue(path: Path): Place | undefined {
    return nearestPlace(this.#values, path);
  }

  /** The place of the key at `path`; of the value when it is an item of a list. */
  ofKey(path: Path): Place | undefined {
    return this.#keys.get(JSON.stringify(path)) ?? this.ofValue(path);
  }
}

/** The starts of lines of a text, for turning an offset into a place. Columns count UTF-16 units, as editors do. */
export class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  placeOf(offset: number): Place {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] as number) + 1 };
  }
}

function nearestPlace(places: ReadonlyMap<string, Place>, path: Path): Place | undefined {
  for (let length = path.length; length >= 0; length--) {
    const place = places.get(JSON.stringify(path.slice(0, length)));
    if (place !== undefined) return place;
  }
  return undefined;
}
