/**
 * How deep a value may nest on its way into a guest or out of it: arguments, results, params and returned values alike.
 * The engine's parser, ours and those of many clients recurse, and each ends somewhere else; no data nests so deeply.
 */
import type { Json } from '../core/json.ts';
import { jsonExcess } from '../upstream/json-size.ts';

/** Levels of arrays and objects. */
export const DEPTH_MAX = 256;

const BOUNDS = { bytesMax: Number.POSITIVE_INFINITY, depthMax: DEPTH_MAX };

/** Without recursion. */
export function isTooDeep(value: Json): boolean {
  return jsonExcess(value, BOUNDS) !== undefined;
}
