/**
 * What the config's contract knows and this version does not do yet. Such a key is refused by name, because a
 * setting that is accepted and ignored is worse than one that is missing: a policy that nobody enforces, a cache that nobody
 * keeps. Whoever builds the feature takes its row out of `NOT_YET`.
 */
import type { Places } from './places.ts';
import type { Path, Problem } from './problem.ts';

/** Keys, with what they are for. */
export const NOT_YET = {
  topKeys: {
    policy: 'tenants, grants and approvals',
  },
  backendKeys: {},
  serverKeys: {},
} as const satisfies {
  topKeys: Record<string, string>;
  backendKeys: Record<string, string>;
  serverKeys: Record<string, string>;
};

/**
 * Takes everything of `NOT_YET` out of `root` (a copy is returned) and answers a problem for each.
 * @param serverPaths where the servers stand, so that their keys are looked at too.
 */
export function setApartNotYet(
  root: Readonly<Record<string, unknown>>,
  serversKey: string,
  places: Places,
): { rest: Record<string, unknown>; problems: Problem[] } {
  const problems: Problem[] = [];
  const rest = without(root, NOT_YET.topKeys, [], places, problems);
  if (typeof rest.backends === 'object' && rest.backends !== null && !Array.isArray(rest.backends)) {
    rest.backends = without(rest.backends, NOT_YET.backendKeys, ['backends'], places, problems);
  }
  const servers = rest[serversKey];
  if (typeof servers === 'object' && servers !== null && !Array.isArray(servers)) {
    rest[serversKey] = Object.fromEntries(
      Object.entries(servers).map(([name, server]) => {
        if (typeof server !== 'object' || server === null || Array.isArray(server)) return [name, server];
        return [name, without(server, NOT_YET.serverKeys, [serversKey, name], places, problems)];
      }),
    );
  }
  return { rest, problems };
}

function without(
  object: object,
  table: Readonly<Record<string, string>>,
  path: Path,
  places: Places,
  problems: Problem[],
): Record<string, unknown> {
  const rest: Record<string, unknown> = { ...object };
  for (const [key, purpose] of Object.entries(table)) {
    if (!Object.hasOwn(rest, key)) continue;
    const at = [...path, key];
    problems.push(notYetProblem(`\`${key}\` (${purpose}) is not in this version yet`, at, places.ofKey(at)));
    delete rest[key];
  }
  return rest;
}

function notYetProblem(message: string, path: Path, place: Problem['place']): Problem {
  return { code: 'config.value', message, path, place, hint: 'Leave it out until it is.' };
}
