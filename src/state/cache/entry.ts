/**
 * One kept result and the words of the cache.
 *
 * The decision to know: an entry is never deleted because something was written. It carries a stamp, made of the
 * generations of everything that it depends on at the moment when its read began; a write moves those generations on, and
 * from then on no reader anywhere takes the entry, whoever stored it and when.
 */

/** The generations of an entry's scopes, joined; compared, never read. */
export interface Stamp {
  /** Of this machine. */
  readonly local: string;
  /** Of all machines that share a Redis; undefined = it could not be asked. */
  readonly shared: string | undefined;
}

export interface CacheEntry {
  /** JSON text. */
  readonly text: string;
  readonly stamp: Stamp;
  /** Milliseconds since the epoch: until when it is good, and until when it may stand in for a server that is away. */
  readonly freshUntilMs: number;
  readonly staleUntilMs: number;
}

export interface TierStats {
  readonly hits: number;
  readonly misses: number;
  readonly bytes: number;
  readonly entries: number;
}

/** Nothing is good for longer, whoever says so. */
export const TTL_MS_MAX = 86_400_000;
/** With the time in which it may stand in for a server that is away. Nothing is kept longer, so that generations can be forgotten after it. */
export const ENTRY_LIFE_MS_MAX = 2 * 86_400_000;
/** How long a generation is remembered: longer than any entry that was stamped before it, and clocks may differ. */
export const GENERATION_LIFE_MS = ENTRY_LIFE_MS_MAX + 3_600_000;

/** An entry counts its text and its key, and what it takes to hold them. */
export const ENTRY_OVERHEAD_BYTES = 256;

export function sizeOfEntry(key: string, text: string): number {
  return key.length + Buffer.byteLength(text) + ENTRY_OVERHEAD_BYTES;
}

/** An entry as one text, for keepers that know texts only. */
export function packEntry({ text, stamp, freshUntilMs, staleUntilMs }: CacheEntry): string {
  return `${JSON.stringify([stamp.local, stamp.shared ?? null, freshUntilMs, staleUntilMs])}\n${text}`;
}

/** The entry in a text of `packEntry`; undefined for any other text. */
export function unpackEntry(packed: string): CacheEntry | undefined {
  const end = packed.indexOf('\n');
  try {
    const [local, shared, freshUntilMs, staleUntilMs] = JSON.parse(packed.slice(0, end)) as [
      string,
      string | null,
      number,
      number,
    ];
    return { text: packed.slice(end + 1), stamp: { local, shared: shared ?? undefined }, freshUntilMs, staleUntilMs };
  } catch {
    return undefined;
  }
}
