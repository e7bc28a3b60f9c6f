/**
 * The keys of the file beside its servers: checked against their shapes, laid over the defaults, and what a shape cannot say. The decision to know: when some are wrong, the others
 * are still answered, so that what depends on them is checked in the same pass and its author sees every problem at once.
 */
import { complaints } from './complaints.ts';
import { type Config, DOCKER_DEFAULTS } from './config.ts';
import type { Environment } from './environment.ts';
import { resolvePath } from './locate.ts';
import type { Places } from './places.ts';
import type { Problem } from './problem.ts';
import { type TopValue, topShape } from './schema.ts';
import { matchShape } from './shape.ts';

/** What is right in `expanded`; what is not is added to `problems`. `raw` is the file before expansion, for the words. */
export function readTop(
  expanded: Readonly<Record<string, unknown>>,
  raw: unknown,
  places: Places,
  problems: Problem[],
): TopValue {
  const { value, findings } = matchShape(topShape, expanded, []);
  if (value !== undefined) return value;
  problems.push(...complaints(findings, raw, places));
  const wrong = new Set(
    findings.map((finding) => (finding.kind === 'key' ? [...finding.parent, finding.key] : finding.path)[0]),
  );
  const right = Object.entries(expanded).filter(([key]) => !wrong.has(key));
  return matchShape(topShape, Object.fromEntries(right), []).value ?? {};
}

/** The file's limits over the defaults. */
export function limitsOf(top: TopValue, defaults: Config): Config['limits'] {
  return { ...defaults.limits, ...definedOf(top.limits) };
}

/** The folder that the file names, or `intents` beside it. */
export function intentsOf(top: TopValue, baseDirectory: string, environment: Environment): Config['intents'] {
  const isNamed = top.intents !== undefined;
  return { path: resolvePath(top.intents ?? 'intents', baseDirectory, environment), isNamed };
}

/** The file's sessions over the defaults. */
export function sessionsOf(top: TopValue, defaults: Config): Config['sessions'] {
  return { ...defaults.sessions, ...definedOf(top.sessions) };
}

/** The file's pool over the defaults; when only one of `min` and `max` is given, the other makes room. */
export function poolOf(top: TopValue, defaults: Config, places: Places, problems: Problem[]): Config['pool'] {
  const asked = definedOf(top.pool);
  const pool = { ...defaults.pool, ...asked };
  if (asked.max === undefined) return { ...pool, max: Math.max(pool.max, pool.min) };
  if (pool.min <= pool.max) return pool;
  if (asked.min === undefined) return { ...pool, min: pool.max };
  const message = `\`min\` is ${pool.min} workers, more than \`max\` with ${pool.max}`;
  problems.push({ code: 'config.value', message, path: ['pool', 'min'], place: places.ofValue(['pool', 'min']) });
  return pool;
}

/** The backend of containers, if the file has one. */
export function dockerOf(top: TopValue): Config['docker'] {
  const asked = top.backends?.docker;
  if (asked === undefined) return undefined;
  const images = { ...DOCKER_DEFAULTS.images, ...definedOf(asked.images) };
  return { ...DOCKER_DEFAULTS, ...definedOf(asked), images };
}

/** The members that are not undefined; a spread would let an undefined one win over a default. */
function definedOf<Shape extends object>(
  shape: Shape | undefined,
): { [Key in keyof Shape]?: Exclude<Shape[Key], undefined> } {
  return Object.fromEntries(Object.entries(shape ?? {}).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Shape]?: Exclude<Shape[Key], undefined>;
  };
}
