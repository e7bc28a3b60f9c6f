/**
 * Pins: which definition of a tool has been approved. The first definition that is seen of a tool is approved by being
 * seen; another one after it waits for a person. Pure: lists and pins go in, pins and a verdict for each tool come out.
 *
 *   never seen ──listed──▶ approved ──another definition is listed──▶ changed ──approve──▶ approved
 *                             ▲                                          │
 *                             └──────── the approved one is back ────────┘     (each turn is counted)
 *
 * Decision to know: a pin holds the whole SHA-256 of the canonical definition, not the short hash that caches use: who
 * writes a definition could find two with the same 64 bits.
 */
import { sha256Hex } from '../core/crypto.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../core/json.ts';

/** What is pinned of a tool, as it is read from a server: all that a model or a check of arguments goes by. */
export interface PinnedDefinition {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly annotations: object;
}

export interface Pin {
  /** Of the approved definition; 64 hex digits. */
  readonly hash: string;
  readonly approvedAtMs: number;
  /** Of the definition that was listed last. */
  readonly lastSeen: string;
  /** How often the list changed its mind about this tool since it was approved: 2 = away and back again. */
  readonly changes: number;
}

/** What is pinned of one server. */
export interface ServerPins {
  /** Ways in which the server was started (hashes), the newest last: by them another config knows the same server. */
  readonly starts: readonly string[];
  /** Of the text of a whole list in which every tool was approved: such a list needs no second look. */
  readonly listHash: string | undefined;
  readonly tools: ReadonlyMap<string, Pin>;
}

/** `changed`: not the approved definition. `full`: too many pins. `unknown`: the approvals cannot be read. */
export type BlockReason = 'changed' | 'full' | 'unknown';

/** Pins of one server. Ten thousand tools is what a list may hold; a server that invents names without end stops here. */
export const PINS_MAX = 20_000;
const STARTS_MAX = 8;
/** Goes up when what is hashed changes; pins of another scheme cannot be compared. */
const SCHEME = 1;

export function pinHash(definition: PinnedDefinition): string {
  return sha256Hex(canonicalJson(pinnedPart(definition)));
}

/** A definition without what is not pinned. */
export function pinnedPart({
  name,
  title,
  description,
  inputSchema,
  outputSchema,
  annotations,
}: PinnedDefinition): PinnedDefinition {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    inputSchema,
    ...(outputSchema === undefined ? {} : { outputSchema }),
    annotations,
  };
}

/** One list of a server. */
export interface Listing {
  /** Tool to hash. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Of the whole list's text. */
  readonly listHash: string;
  readonly start: string;
}

export interface Verdict {
  readonly pins: ServerPins;
  /** Tools of the list that may not be called, and whose text may not be shown. */
  readonly blocked: ReadonlyMap<string, BlockReason>;
  /** Tools that were pinned just now. */
  readonly pinned: readonly string[];
  /** Whether `pins` differ from what was there. */
  readonly isNews: boolean;
}

const NO_PINS: ServerPins = { starts: [], listHash: undefined, tools: new Map() };

/**
 * Holds a list against the pins. A tool that is no longer listed keeps its pin. `isFresh` says that the list has just
 * come: only then is a definition that is not the last seen one counted as a change.
 */
export function judgeListing(
  known: ServerPins | undefined,
  listing: Listing,
  { nowMs, isFresh }: { readonly nowMs: number; readonly isFresh: boolean },
): Verdict {
  const before = known ?? NO_PINS;
  const tools = new Map(before.tools);
  const blocked = new Map<string, BlockReason>();
  const pinned: string[] = [];
  let isNews = known === undefined;
  for (const [name, hash] of listing.hashes) {
    const pin = tools.get(name);
    if (pin === undefined) {
      if (tools.size >= PINS_MAX) {
        blocked.set(name, 'full');
        continue;
      }
      tools.set(name, { hash, approvedAtMs: nowMs, lastSeen: hash, changes: 0 });
      pinned.push(name);
      isNews = true;
      continue;
    }
    if (isFresh && pin.lastSeen !== hash) {
      tools.set(name, { ...pin, lastSeen: hash, changes: pin.changes + 1 });
      isNews = true;
    }
    if (pin.hash !== hash) blocked.set(name, 'changed');
  }
  const listHash = blocked.size === 0 ? listing.listHash : undefined;
  const starts = withStart(before.starts, listing.start);
  isNews ||= listHash !== before.listHash || starts !== before.starts;
  return { pins: { starts, listHash, tools }, blocked, pinned, isNews };
}

/** The pins after a person has approved what stands in `listing`. Over the bound, tools that do not stand there give way. */
export function approveListed(known: ServerPins | undefined, listing: Listing, nowMs: number): ServerPins {
  const before = known ?? NO_PINS;
  const tools = new Map(before.tools);
  for (const [name, hash] of listing.hashes) {
    tools.set(name, { hash, approvedAtMs: nowMs, lastSeen: hash, changes: 0 });
  }
  if (tools.size > PINS_MAX) for (const name of tools.keys()) if (!listing.hashes.has(name)) tools.delete(name);
  return { starts: withStart(before.starts, listing.start), listHash: undefined, tools };
}

/** The tools that went back and forth, for people. */
export function flippedTools(pins: ServerPins | undefined): Array<{ readonly tool: string; readonly changes: number }> {
  return [...(pins?.tools ?? [])].flatMap(([tool, { changes }]) => (changes < 2 ? [] : [{ tool, changes }]));
}

export function pinsText({ starts, listHash, tools }: ServerPins): string {
  const rows = [...tools].map(([name, { hash, approvedAtMs, lastSeen, changes }]) =>
    changes === 0 ? [name, hash, approvedAtMs] : [name, hash, approvedAtMs, lastSeen, changes],
  );
  return JSON.stringify({ scheme: SCHEME, starts, listHash: listHash ?? null, tools: rows });
}

/** The pins in `text`; undefined when it is none, which must never be taken for "no pins yet". */
export function readPins(text: string): ServerPins | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || value['scheme'] !== SCHEME) return undefined;
  const { starts, listHash, tools: rows } = value;
  if (!Array.isArray(starts) || !starts.every((start) => typeof start === 'string')) return undefined;
  if (!(listHash === null || isHash(listHash)) || !Array.isArray(rows)) return undefined;
  const tools = new Map<string, Pin>();
  for (const row of rows) {
    if (!Array.isArray(row)) return undefined;
    const [name, hash, approvedAtMs, lastSeen = hash, changes = 0] = row;
    if (typeof name !== 'string' || !isHash(hash) || !isHash(lastSeen)) return undefined;
    if (typeof approvedAtMs !== 'number' || typeof changes !== 'number') return undefined;
    tools.set(name, { hash, approvedAtMs, lastSeen, changes });
  }
  return { starts: starts as string[], listHash: listHash ?? undefined, tools };
}

function isHash(value: Json | undefined): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** The same list when the start is known already. */
function withStart(starts: readonly string[], start: string): readonly string[] {
  return starts.includes(start) ? starts : [...starts, start].slice(-STARTS_MAX);
}
