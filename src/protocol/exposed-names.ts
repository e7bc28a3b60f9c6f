/**
 * Names under which things of many servers stand in one list. Pure. Tools and prompts become `server__name`, made of the
 * 64 characters that every client and model takes; a longer name is cut and ends in a piece of its hash. URIs stay as they
 * are; the second server with the same URI gets another one for it.
 *
 * Decision to know: when two things would have one name, neither is shown, because a call might reach the wrong one.
 */
import { sha256Hex } from '../core/crypto.ts';

/** The rule of the strictest clients. */
export const NAME_CHARS_MAX = 64;
const HASH_CHARS = 8;
/** Begins a URI that stands for another server's. */
const BORROWED = 'optimizer://resource/';

export function exposedName(prefix: string, server: string, name: string): string {
  const whole = `${prefix}${plain(server)}__${plain(name)}`;
  if (whole.length <= NAME_CHARS_MAX) return whole;
  const hash = sha256Hex(`${server}\0${name}`).slice(0, HASH_CHARS);
  return `${whole.slice(0, NAME_CHARS_MAX - HASH_CHARS - 1)}_${hash}`;
}

export interface Named {
  readonly server: string;
  readonly name: string;
}

export interface Exposed<Thing> {
  readonly byName: ReadonlyMap<string, Thing>;
  /** Names that several things would have, each with `server.name` of all of them. */
  readonly collisions: ReadonlyArray<{ readonly name: string; readonly things: readonly string[] }>;
}

/** Gives each thing its name, in the order in which they come. */
export function exposeAll<Thing extends Named>(things: readonly Thing[], prefix: string): Exposed<Thing> {
  const claims = new Map<string, Thing[]>();
  for (const thing of things) {
    const name = exposedName(prefix, thing.server, thing.name);
    claims.set(name, [...(claims.get(name) ?? []), thing]);
  }
  const byName = new Map<string, Thing>();
  const collisions: Array<{ name: string; things: string[] }> = [];
  for (const [name, claimants] of claims) {
    const [first] = claimants;
    if (claimants.length === 1 && first !== undefined) byName.set(name, first);
    else collisions.push({ name, things: claimants.map((thing) => `${thing.server}.${thing.name}`) });
  }
  return { byName, collisions };
}

/** The URI under which a server's resource is shown when another server has taken its own. */
export function borrowedUri(server: string, uri: string): string {
  return `${BORROWED}${encodeURIComponent(server)}/${encodeURIComponent(uri)}`;
}

/** Server and own URI behind a `borrowedUri`; undefined for every other one. */
export function readBorrowedUri(uri: string): { server: string; uri: string } | undefined {
  if (!uri.startsWith(BORROWED)) return undefined;
  const [server, own, ...more] = uri.slice(BORROWED.length).split('/');
  if (server === undefined || own === undefined || more.length > 0) return undefined;
  try {
    return { server: decodeURIComponent(server), uri: decodeURIComponent(own) };
  } catch {
    return undefined;
  }
}

/**
 * Whether a URI may come from a template of RFC 6570: what stands outside of its braces must be there, in order. Says yes
 * too often rather than too rarely; the server decides.
 */
export function fitsTemplate(template: string, uri: string): boolean {
  const parts = template.split(/\{[^{}]*\}/);
  if (parts.length === 1) return template === uri;
  const first = parts[0] as string;
  const last = parts.at(-1) as string;
  if (!uri.startsWith(first) || !uri.endsWith(last) || uri.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = uri.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return from <= uri.length - last.length;
}

function plain(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}
