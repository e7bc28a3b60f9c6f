/**
 * Names: from what a server calls its tools to what a program may write after a dot. Every tool keeps its own name; beside
 * it stands one alias in camelCase, so `tools.github.createIssue` and `tools.github["create_issue"]` are the same tool.
 * Decision: an alias that would mean two tools means none. Both keep only their own names, and `doctor` says so; a guess
 * would send a write to the wrong tool. Names are compared code point by code point: a look-alike is another name.
 */

/** Longest name in UTF-16 code units; the MCP specification recommends 128. */
export const NAME_CHARS_MAX = 256;

/** Member names that mean something else in JavaScript or in our own surface; their alias gets a trailing `_`. */
const TAKEN_MEMBERS: ReadonlySet<string> = new Set([
  '$raw',
  '__proto__',
  'constructor',
  'prototype',
  'then',
  'catch',
  'finally',
  'toString',
  'toLocaleString',
  'valueOf',
  'toJSON',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
]);

/** Control, format (zero width, direction), surrogate and separator code points: they hide what a name is. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const IDENTIFIER = /^[$_\p{ID_Start}][$\p{ID_Continue}]*$/u;

/** The names of one level (the tools of a server, or the servers), and what could not be named. */
export interface NameTable {
  /** Own name to alias; the alias is the own name itself where no other was possible. Refused names are absent. */
  readonly aliases: ReadonlyMap<string, string>;
  /** One sentence each, for `doctor`. */
  readonly problems: readonly string[];
}

/** Why a name cannot be used at all, as the end of a sentence; `undefined` when it can. */
export function nameProblem(name: string): string | undefined {
  if (name.length === 0) return 'is empty';
  if (name.length > NAME_CHARS_MAX) return `is ${name.length} characters long; the limit is ${NAME_CHARS_MAX}`;
  if (HIDDEN.test(name)) return 'holds control or invisible characters';
  return undefined;
}

/** True when `name` can stand after a dot. Reserved words can: `tools.redis.delete` is valid JavaScript. */
export function isIdentifierName(name: string): boolean {
  return IDENTIFIER.test(name);
}

/** The parts of a name: split at what is no letter or digit, and between `aB`, `ABc`. */
export function nameParts(name: string): string[] {
  return name
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[^\p{L}\p{M}\p{Nd}]+/u)
    .filter((part) => part.length > 0);
}

/** camelCase of a name, always an identifier: `API-post-search` is `apiPostSearch`, `3d_model` is `_3dModel`. */
export function camelCase(name: string): string {
  const parts = nameParts(/\p{Ll}/u.test(name) ? name : name.toLowerCase());
  const plain = /^\p{Ll}[\p{L}\p{Nd}]*$/u.test(name);
  const joined = plain ? name : parts.map((part, at) => (at === 0 ? lowerFirst(part) : upperFirst(part))).join('');
  const identifier = joined.length > 0 && isIdentifierName(joined) ? joined : `_${joined}`;
  return TAKEN_MEMBERS.has(identifier) ? `${identifier}_` : identifier;
}

/** PascalCase for the name of a type; letters and digits of ASCII only, so that any tool can print it. */
export function pascalCase(name: string): string {
  const parts = nameParts(name).map((part) => upperFirst(part.replace(/[^A-Za-z0-9]/g, '')));
  const joined = parts.join('');
  return /^[A-Za-z]/.test(joined) ? joined : `T${joined}`;
}

/** How a member is written after its object: `.name` or `["name"]`. */
export function memberAccess(name: string): string {
  return isIdentifierName(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** How a member is written in a type: bare when it is an identifier, quoted otherwise. */
export function memberKey(name: string): string {
  return isIdentifierName(name) ? name : JSON.stringify(name);
}

/** A name as a person may read it: hidden characters shown as escapes, cut at 80 characters. */
export function printableName(name: string): string {
  return JSON.stringify(name.slice(0, 80)).replace(
    /[\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** Gives every usable name its alias. `what` (`tool`, `server`) stands in the problems. */
export function tableOfNames(names: Iterable<string>, what: string): NameTable {
  const problems: string[] = [];
  const own = new Set<string>();
  for (const name of names) {
    const wrong = nameProblem(name);
    if (wrong !== undefined) problems.push(`The ${what} name ${printableName(name)} ${wrong}; it is left out.`);
    else if (own.has(name)) problems.push(`The ${what} name ${printableName(name)} is listed twice; the first counts.`);
    else own.add(name);
  }
  const claims = new Map<string, string[]>();
  for (const name of own) {
    const alias = camelCase(name);
    claims.set(alias, [...(claims.get(alias) ?? []), name]);
  }
  const aliases = new Map<string, string>();
  for (const name of own) {
    const alias = camelCase(name);
    const claimants = claims.get(alias) ?? [];
    const clashes = claimants.length > 1 || (alias !== name && own.has(alias));
    aliases.set(name, clashes ? name : alias);
  }
  for (const [alias, claimants] of claims) {
    const holders = own.has(alias) && !claimants.includes(alias) ? [...claimants, alias] : claimants;
    if (holders.length < 2) continue;
    const list = holders.map(printableName).join(' and ');
    problems.push(`The ${what}s ${list} would share the alias \`${alias}\`; each keeps only its own name.`);
  }
  return { aliases, problems };
}

function lowerFirst(part: string): string {
  return part === part.toUpperCase() ? part.toLowerCase() : part.charAt(0).toLowerCase() + part.slice(1);
}

function upperFirst(part: string): string {
  return part.charAt(0).toUpperCase() + part.slice(1);
}
