/**
 * From what zod found to problems in our words: where it stood, what was expected, what was there, and the nearest right
 * key or value. The decision to know: a value is shown as the file has it, never expanded, and not at all when it stands in
 * `env` or `headers`.
 */
import type { z } from 'zod';
import { nearest } from '../core/nearest.ts';
import { NOT_YET } from './not-yet.ts';
import type { Places } from './places.ts';
import type { Path, Problem } from './problem.ts';
import { limitsSchema, logSchema, poolSchema, serverSchema, toolsSchema, topSchema } from './schema.ts';

/** Problems for the issues of one parse. `base` is where the parsed value stands; `raw` is the whole file, unexpanded. */
export function complaints(issues: readonly z.core.$ZodIssue[], base: Path, raw: unknown, places: Places): Problem[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, places));
    const found = valueAt(raw, path);
    const choices = issue.code === 'invalid_value' ? issue.values.map(String) : [];
    const near = typeof found === 'string' ? nearest(found, choices, 1) : [];
    const closest = near.length === 0 ? '' : `; the nearest is ${near.map((value) => `\`"${value}"\``).join(', ')}`;
    return {
      code: 'config.value' as const,
      message: `expected ${issue.message}, got ${describe(found, mayBeSecret(path))}${closest}`,
      path,
      place: places.ofValue(path),
      ...(near.length === 0 ? {} : { nearest: near }),
    };
  });
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
export function describe(value: unknown, isSecret: boolean): string {
  if (value === undefined) return 'nothing';
  if (value === null) return '`null`';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (isSecret) return `a ${typeof value === 'string' ? 'text' : typeof value}`;
  const text = JSON.stringify(value);
  return `\`${text.length > 80 ? `${text.slice(0, 79)}…` : text}\``;
}

function keysAt(path: Path): string[] {
  const schema = schemaAt(path);
  return schema === undefined ? [] : Object.keys(schema.shape);
}

function schemaAt(path: Path): { readonly shape: object } | undefined {
  const [first, , third] = path;
  if (path.length === 0) return topSchema;
  if (first === 'mcpServers' || first === 'servers') {
    if (path.length === 2) return serverSchema;
    return path.length === 3 && third === 'tools' ? toolsSchema : undefined;
  }
  if (path.length !== 1) return undefined;
  return { limits: limitsSchema, pool: poolSchema, log: logSchema }[String(first)];
}

/** Where a key that is right elsewhere belongs, in words. */
function homeOf(key: string, parent: Path): string | undefined {
  const homes: ReadonlyArray<readonly [Path, string]> = [
    [['limits'], 'inside `limits`'],
    [['pool'], 'inside `pool`'],
    [['log'], 'inside `log`'],
    [['mcpServers', '*', 'tools'], 'inside `tools` of a server'],
    [['mcpServers', '*'], 'inside a server of `mcpServers`'],
    [[], 'at the top of the file'],
  ];
  const here = schemaAt(parent);
  const home = homes.find(([path]) => schemaAt(path) !== here && keysAt(path).includes(key));
  if (home !== undefined) return home[1];
  return parent.length > 0 && Object.hasOwn(NOT_YET.topKeys, key) ? 'at the top of the file' : undefined;
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
