/**
 * The mini-manifest: what can be done here, small enough to be read before anything else. At most 200 o200k tokens for up
 * to twelve servers; with more, the words about them go first, then the last servers, which are counted.
 *
 *   facts ─▶ names and counts ─▶ one word for each server, and one more, … while the budget holds ─▶ manifest
 *
 * Decision to know: it holds nothing that changes by itself (no time, no state of a server, no order of arrival), so that
 * it stays the same byte for byte until something about the servers or the config changes, and a signature with it.
 */
import type { JsonObject } from '../core/json.ts';
import { canonicalJson } from '../core/json.ts';
import type { LimitName, Limits } from '../sandbox/limits.ts';
import type { TokenCounter } from './ledger.ts';

/** What the whole manifest may cost a model. */
export const MANIFEST_TOKENS_MAX = 200;

export interface ManifestServer {
  readonly name: string;
  /** Tools that can be called. */
  readonly tools: number;
  /** The most telling first. */
  readonly things: readonly string[];
  readonly verbs: readonly string[];
}

export interface ManifestFacts {
  readonly version: string;
  readonly mode: string;
  readonly modes: readonly string[];
  readonly backends: readonly string[];
  readonly capabilities: readonly string[];
  readonly limits: Limits;
  readonly servers: readonly ManifestServer[];
}

/**
 * `servers` has for each server the number of its tools, and words: things, then what is done with them. `more` counts the
 * servers that had no room.
 */
export interface Manifest {
  readonly optimizer: string;
  readonly mode: string;
  readonly modes: readonly string[];
  readonly backends: readonly string[];
  readonly capabilities: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly servers: Readonly<Record<string, readonly [number] | readonly [number, string]>>;
  readonly more?: number;
}

/** The limits that decide how a program is written. */
const TOLD_LIMITS = ['wallMs', 'memoryBytes', 'calls', 'answerChars'] as const satisfies readonly LimitName[];
/** More words about one server are no summary any more. */
const WORDS_MAX = 8;

/** The manifest of `facts` within `tokensMax` tokens of its canonical JSON, as long as one server fits. */
export function createManifest(
  facts: ManifestFacts,
  tokens: TokenCounter,
  tokensMax: number = MANIFEST_TOKENS_MAX,
): Manifest {
  const servers = [...facts.servers].sort((a, b) => (a.name < b.name ? -1 : 1));
  const fits = (manifest: Manifest): boolean => tokens.count(canonicalJson(manifest)) <= tokensMax;
  let told = servers.length;
  let best = manifestOf(facts, servers, [], told);
  while (told > 1 && !fits(best)) best = manifestOf(facts, servers, [], --told);
  if (told < servers.length) return best;
  const counts = servers.map(() => 0);
  const room = servers.map(({ things, verbs }) => Math.min(WORDS_MAX, things.length + verbs.length));
  for (let round = 1; round <= WORDS_MAX; round += 1) {
    for (const [index, most] of room.entries()) {
      if (round > most) continue;
      counts[index] = round;
      const larger = manifestOf(facts, servers, counts, told);
      if (fits(larger)) best = larger;
      else {
        // It may be one long word; a shorter one of another server may still fit in this round, but no further ones here.
        counts[index] = round - 1;
        room[index] = round - 1;
      }
    }
  }
  return best;
}

function manifestOf(
  { version, mode, modes, backends, capabilities, limits }: ManifestFacts,
  servers: readonly ManifestServer[],
  words: readonly number[],
  told: number,
): Manifest {
  const entries: Record<string, readonly [number] | readonly [number, string]> = Object.create(null);
  for (const [index, server] of servers.slice(0, told).entries()) {
    const about = aboutOf(server, words[index] ?? 0);
    entries[server.name] = about === '' ? [server.tools] : [server.tools, about];
  }
  const left = servers.length - told;
  return {
    optimizer: version,
    mode,
    modes,
    backends,
    capabilities: [...capabilities].sort(),
    limits: Object.fromEntries(TOLD_LIMITS.map((name) => [name, limits[name]])),
    servers: entries,
    ...(left > 0 ? { more: left } : {}),
  };
}

/** `count` words, things and verbs in turn, the things first: `issue comment: list create`. */
function aboutOf({ things, verbs }: ManifestServer, count: number): string {
  let thingCount = Math.min(things.length, Math.ceil(count / 2));
  const verbCount = Math.min(verbs.length, count - thingCount);
  thingCount = Math.min(things.length, count - verbCount);
  const [said, done] = [things.slice(0, thingCount).join(' '), verbs.slice(0, verbCount).join(' ')];
  if (done === '') return said;
  return said === '' ? done : `${said}: ${done}`;
}

/** As an object that can be signed and sent. */
export function manifestJson(manifest: Manifest): JsonObject {
  return JSON.parse(canonicalJson(manifest)) as JsonObject;
}
