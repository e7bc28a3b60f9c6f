/**
 * From what does not fit a shape to problems in our words: where it stood, what was expected, what was there, and the
 * nearest right key or value. The decision to know: a value is shown as the file has it, never expanded, and not at all when
 * it stands in `env` or `headers`.
 */
import { nearest } from '../core/nearest.ts';
import { NOT_YET } from './not-yet.ts';
import type { Places } from './places.ts';
import type { Path, Problem } from './problem.ts';
import { KNOWN_KEYS } from './schema.ts';
import type { Finding } from './shape.ts';

/** One problem per finding. `raw` is the whole file, before expansion. */
export function complaints(findings: readonly Finding[], raw: unknown, places: Places): Problem[] {
  return findings.map((finding) =>
    finding.kind === 'key'
      ? unknownKey(finding.key, finding.parent, places)
      : wrongValue(finding.path, finding.expected, finding.choices, raw, places),
  );
}

function wrongValue(path: Path, expected: string, choices: readonly string[], raw: unknown, places: Places): Problem {
  const found = valueAt(raw, path);
  const near = typeof found === 'string' ? nearest(found, choices, 1) : [];
  const closest = near.length === 0 ? '' : `; the nearest is \`"${near[0]}"\``;
  const message = `expected ${expected}, got ${describe(found, mayBeSecret(path))}${closest}`;
  const problem = { code: 'config.value' as const, message, path, place: places.ofValue(path) };
  return near.length === 0 ? problem : { ...problem, nearest: near };
}

/** The words for a key that does not exist at this place. */
function unknownKey(key: string, parent: Path, places: Places): Problem {
  const path = [...parent, key];
  const known = keysAt(parent);
  const near = nearest(key, known);
  const elsewhere = near.includes(key) ? undefined : homeOf(key, parent);
  const problem = { code: 'config.key' as const, path, place: places.ofKey(path) };
  if (elsewhere !== undefined) {
    return { ...problem, message: `unknown key \`${key}\` here; it belongs ${elsewhere}`, hint: 'Move it there.' };
  }
  if (near.length > 0) {
    const names = near.map((name) => `\`${name}\``).join(', ');
    return { ...problem, message: `unknown key \`${key}\`; the nearest is ${names}`, nearest: near };
  }
  return {
    ...problem,
    message: `unknown key \`${key}\``,
    hint: `Known here: ${known.map((name) => `\`${name}\``).join(', ')}.`,
  };
}

/** A value in words for a message: its kind, and its text when it is short and no secret. */
function describe(value: unknown, isSecret: boolean): string {
  if (value === undefined) return 'nothing';
  if (value === null) return '`null`';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (isSecret) return `a ${typeof value === 'string' ? 'text' : typeof value}`;
  const text = JSON.stringify(value);
  return `\`${text.length > 80 ? `${text.slice(0, 79)}…` : text}\``;
}

function keysAt(path: Path): readonly string[] {
  const [first, , third] = path;
  if (path.length === 0) return KNOWN_KEYS.top;
  if (first === 'mcpServers' || first === 'servers') {
    if (path.length === 2) return KNOWN_KEYS.server;
    if (path.length !== 3) return [];
    return third === 'tools' ? KNOWN_KEYS.tools : third === 'cache' ? KNOWN_KEYS.serverCache : [];
  }
  if (first === 'profiles') return path.length === 2 ? KNOWN_KEYS.profile : [];
  if (first === 'plugins') {
    if (path.length === 2) return KNOWN_KEYS.plugin;
    return path.length === 3 && third === 'tools' ? KNOWN_KEYS.tools : [];
  }
  if (first === 'backends') {
    if (path.length === 1) return KNOWN_KEYS.backends;
    if (path[1] === 'docker') return path.length === 2 ? KNOWN_KEYS.docker : KNOWN_KEYS.dockerImages;
    return path.length === 2 && path[1] === 'quickjs' ? KNOWN_KEYS.quickjs : [];
  }
  if (path.length === 1 && (first === 'limits' || first === 'pool' || first === 'log' || first === 'cache'))
    return KNOWN_KEYS[first];
  if (path.length === 1 && first === 'http') return KNOWN_KEYS.http;
  return [];
}

/** Where a key that is right elsewhere belongs, in words. */
function homeOf(key: string, parent: Path): string | undefined {
  const homes: ReadonlyArray<readonly [readonly string[], string]> = [
    [KNOWN_KEYS.limits, 'inside `limits`'],
    [KNOWN_KEYS.pool, 'inside `pool`'],
    [KNOWN_KEYS.log, 'inside `log`'],
    [KNOWN_KEYS.cache, 'inside `cache`'],
    [KNOWN_KEYS.serverCache, 'inside `cache` of a server'],
    [KNOWN_KEYS.tools, 'inside `tools` of a server'],
    [KNOWN_KEYS.server, 'inside a server of `mcpServers`'],
    [KNOWN_KEYS.plugin, 'inside a plugin of `plugins`'],
    [[...KNOWN_KEYS.top, ...(parent.length > 0 ? Object.keys(NOT_YET.topKeys) : [])], 'at the top of the file'],
  ];
  const here = keysAt(parent);
  return homes.find(([keys]) => keys !== here && keys.includes(key))?.[1];
}

function mayBeSecret(path: Path): boolean {
  return path.includes('env') || path.includes('headers');
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
