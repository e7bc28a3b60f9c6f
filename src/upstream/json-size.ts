/**
 * How large and how deep a value from a server is, without writing it out as text and without recursion, which a deeply
 * nested value would turn into a stack overflow. Stops as soon as a bound is passed.
 */
import { byteLength } from '../core/json.ts';

export interface JsonBounds {
  readonly bytesMax: number;
  /** Levels of arrays and objects; undefined = any. */
  readonly depthMax?: number;
}

/**
 * The first bound that `value`, a tree as `JSON.parse` makes it, passes; undefined when it keeps them all. Bytes are
 * those of compact JSON text, apart from escapes in strings, which are counted as one character each.
 */
export function jsonExcess(value: unknown, bounds: JsonBounds): 'bytes' | 'depth' | undefined {
  const depthMax = bounds.depthMax ?? Number.POSITIVE_INFINITY;
  const stack: Array<{ value: unknown; depth: number }> = [{ value, depth: 0 }];
  let bytes = 0;
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const item = next.value;
    if (typeof item === 'string') {
      bytes += byteLength(item) + 2;
    } else if (Array.isArray(item)) {
      if (next.depth >= depthMax) return 'depth';
      bytes += item.length + 1;
      if (bytes > bounds.bytesMax) return 'bytes';
      for (const member of item) stack.push({ value: member, depth: next.depth + 1 });
    } else if (typeof item === 'object' && item !== null) {
      if (next.depth >= depthMax) return 'depth';
      bytes += 1;
      for (const [key, member] of Object.entries(item)) {
        bytes += byteLength(key) + 4;
        stack.push({ value: member, depth: next.depth + 1 });
      }
    } else {
      bytes += String(item).length;
    }
    if (bytes > bounds.bytesMax) return 'bytes';
  }
  return undefined;
}
