/**
 * The one codec of the bridge, compiled for the host and for the guest, so that the two sides cannot drift apart.
 *
 *   guest → host   `interface function id\n[arguments as JSON]`   id 0 = the caller waits for the reply at once
 *   host → guest   `+json` (value) or `-json` (error record)      only for id 0; others are settled by their id
 *
 * Names hold letters, digits and `-` only (WIT kebab-case), so the head needs no quoting; JSON text holds no raw line
 * break and no NUL, so nothing is cut on its way through C strings.
 *
 * Written with `+`, never with template literals: the engine compiles those to calls of `String.prototype.concat`, which a
 * program can replace.
 */
// biome-ignore-all lint/style/useTemplate: see above

export interface CallHead {
  readonly interfaceName: string;
  readonly functionName: string;
  readonly id: number;
  /** Index in the text where the JSON of the arguments begins. */
  readonly bodyStart: number;
}

/** Longest head that a well-behaved guest can write; anything longer is refused without looking further. */
const HEAD_CHARS_MAX = 160;

export function encodeCall(interfaceName: string, functionName: string, id: number, argumentsText: string): string {
  return interfaceName + ' ' + functionName + ' ' + id + '\n' + argumentsText;
}

/** Splits the head off a call; `undefined` when the text is not one that `encodeCall` can have made. */
export function decodeCallHead(text: string): CallHead | undefined {
  const lineEnd = text.indexOf('\n');
  if (lineEnd < 0 || lineEnd > HEAD_CHARS_MAX) return undefined;
  const parts = text.slice(0, lineEnd).split(' ');
  const [interfaceName, functionName, idText] = parts;
  if (parts.length !== 3 || !interfaceName || !functionName || idText === undefined) return undefined;
  const id = Number(idText);
  if (!Number.isSafeInteger(id) || id < 0) return undefined;
  return { interfaceName, functionName, id, bodyStart: lineEnd + 1 };
}

export function encodeReply(ok: boolean, json: string): string {
  return (ok ? '+' : '-') + json;
}
