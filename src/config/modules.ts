/**
 * What the file says of things that others bring: the modules, the options of backends and exporters by name, a state
 * with a scheme of its own. Names are only checked when the modules have been loaded (app/named-parts.ts); without a module
 * a name that is not ours is a slip of the pen, and is answered here with the nearest one.
 */
import type { JsonObject } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';
import { resolvePath } from './locate.ts';
import type { Places } from './places.ts';
import type { Problem } from './problem.ts';
import { type Finding, leaf, listOf, mapOf, type ObjectShape, type Shape } from './shape.ts';

const MODULES_MAX = 32;

export const modulesShape = listOf(
  leaf<string>(
    'the path of a module: `"./NAME"`, `"../NAME"`, or an absolute one',
    (value) => typeof value === 'string' && /^(?:\.{1,2}[/\\]|[/\\]|~[/\\]|[A-Za-z]:[/\\])./.test(value),
  ),
  'a list of paths',
);

const optionsShape = leaf<JsonObject>(
  'an object of options',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

export const exportersShape = mapOf(optionsShape, 'an object of exporter names and options');

/** The known members, each with its shape, and any others, which are options of what a module brings. */
export function withOptions<Value>(
  known: ObjectShape<Value>,
  expected: string,
): Shape<Value & Record<string, unknown>> {
  return {
    inspect(value, path, findings: Finding[]) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        findings.push({ kind: 'value', path, expected, choices: [] });
        return;
      }
      const ours = Object.entries(value).filter(([key]) => known.keys.includes(key));
      known.inspect(Object.fromEntries(ours), path, findings);
      for (const [key, options] of Object.entries(value)) {
        if (!known.keys.includes(key)) optionsShape.inspect(options, [...path, key], findings);
      }
    },
  };
}

export interface NamedTop {
  readonly modules?: readonly string[] | undefined;
  readonly backends?: Readonly<Record<string, unknown>> | undefined;
  readonly exporters?: Readonly<Record<string, JsonObject>> | undefined;
}

/** Names that `backends` has of its own. */
const OWN_BACKENDS: readonly string[] = ['quickjs', 'docker'];

export interface NamedContext {
  readonly environment: Environment;
  readonly baseDirectory: string;
  readonly places: Places;
  readonly problems: Problem[];
  /** Somebody has registered a factory already, without a module. */
  readonly isRegistered: boolean;
}

export function namedOf(top: NamedTop, context: NamedContext): Pick<Config, 'modules' | 'extensions'> {
  const { environment, baseDirectory, places, problems, isRegistered } = context;
  const modules = (top.modules ?? []).map((path) => resolvePath(path, baseDirectory, environment));
  if (modules.length > MODULES_MAX) {
    const message = `${modules.length} modules; at most ${MODULES_MAX} are loaded`;
    problems.push({ code: 'config.value', message, path: ['modules'], place: places.ofValue(['modules']) });
  }
  const others = Object.entries(top.backends ?? {}).filter(([name]) => !OWN_BACKENDS.includes(name));
  const extensions = {
    backends: Object.fromEntries(others) as Record<string, JsonObject>,
    exporters: top.exporters ?? {},
  };
  if (modules.length > 0 || isRegistered) return { modules, extensions };
  for (const [name] of others) {
    const near = nearest(name, OWN_BACKENDS, 1);
    const closest = near.length === 0 ? '' : `; the nearest is \`${near[0]}\``;
    const path = ['backends', name];
    const hint = 'A backend of another name comes from a module: name its file in `modules`.';
    const message = `unknown key \`${name}\`${closest}`;
    problems.push({ code: 'config.key', message, path, place: places.ofKey(path), hint, nearest: near });
  }
  for (const name of Object.keys(extensions.exporters)) {
    const path = ['exporters', name];
    const hint = 'Name the file of the module that brings it in `modules`.';
    const message = `there is no exporter \`${name}\`: no module is named`;
    problems.push({ code: 'config.key', message, path, place: places.ofKey(path), hint });
  }
  return { modules, extensions };
}
