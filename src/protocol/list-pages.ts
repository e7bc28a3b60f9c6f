/**
 * Our own pages of a list that was gathered from many servers. A cursor is a place in the list; lists that change between
 * two pages may repeat or miss an item, as everywhere in MCP.
 */
import { RPC } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { ServerError } from '../upstream/server-error.ts';

/** Some clients read the first page only, so it is large. */
export const PAGE_ITEMS = 1_000;
const CURSOR = /^o([1-9]\d{0,6})$/;

/** The page that `params.cursor` asks for, under `key`. Throws -32602 for a cursor that is none of ours. */
export function onePage(key: string, items: readonly JsonObject[], params: JsonObject): JsonObject {
  const { cursor } = params;
  const from = cursor === undefined ? 0 : Number(CURSOR.exec(String(cursor))?.[1]);
  if (!Number.isInteger(from) || (cursor !== undefined && from >= items.length)) {
    throw new ServerError(RPC.invalidParams, '`params.cursor` is no cursor of this list.', { path: 'params.cursor' });
  }
  const to = from + PAGE_ITEMS;
  return { [key]: items.slice(from, to), ...(to < items.length ? { nextCursor: `o${to}` } : {}) };
}
