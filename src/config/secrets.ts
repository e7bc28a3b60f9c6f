/**
 * Which strings of a config must never be shown: to a guest, in an outcome, in a log, in the store. The redaction itself
 * happens elsewhere; this file only decides what is on the list.
 * Secret is what came from a variable, and every value of `env` and `headers`, with one exception: a value that is written
 * out in the file and is evidently plain (a path, a number, a host, a word such as `production`). Without the exception the
 * folder of a file server would be blanked out of every answer.
 */

/** Shorter strings occur in ordinary text by chance, and hiding them would maim it. */
export const SECRET_CHARS_MIN = 6;

/** Headers whose values are never secret. */
const PLAIN_HEADERS = new Set(
  ['accept', 'accept-encoding', 'accept-language', 'cache-control', 'content-type', 'origin', 'user-agent'].concat([
    'mcp-protocol-version',
    'x-mcp-readonly',
    'x-mcp-toolsets',
  ]),
);

/** A name that says that its value is secret, whatever the value looks like. */
const SECRET_NAME =
  /key|token|secret|pass|pwd|auth|cred|cookie|session|private|signature|webhook|dsn|connection|bearer|jwt|salt|pin$/i;

/** Values that are settings, not secrets: switches, log levels, the names of environments. */
const PLAIN_WORD =
  /^(?:true|false|yes|no|on|off|none|null|auto|default|enabled?|disabled?|debug|verbose|trace|info|warn(?:ing)?|errors?|silent|production|development|staging|testing|preview|local(?:host)?|stdio|streamable-http|readonly|read-only|read-write)$/i;

export interface SecretCandidate {
  readonly kind: 'env' | 'header';
  readonly name: string;
  readonly value: string;
  /** A variable's value is in it. */
  readonly fromVariable: boolean;
}

/** The list for redaction: without repeats, long enough, longest first so that no part hides the whole. */
export function secretsOf(variableValues: Iterable<string>, candidates: Iterable<SecretCandidate>): string[] {
  const found = new Set<string>();
  for (const value of variableValues) addForms(found, value);
  for (const candidate of candidates) {
    if (candidate.fromVariable || !isEvidentlyPlain(candidate)) addForms(found, candidate.value);
  }
  return [...found].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
}

function isEvidentlyPlain(candidate: SecretCandidate): boolean {
  const { name, value } = candidate;
  if (candidate.kind === 'header' && PLAIN_HEADERS.has(name.toLowerCase())) return true;
  if (SECRET_NAME.test(name)) return false;
  if (/^-?\d+(?:\.\d+)?$/.test(value) || PLAIN_WORD.test(value)) return true;
  if (/^(?:~|\.{1,2}|[A-Za-z]:)?[\\/][^\r\n]*$/.test(value)) return true;
  return isPlainUrl(value);
}

/** An address without user, password and query. */
function isPlainUrl(value: string): boolean {
  if (/^[\w.-]+:\d{1,5}$/.test(value)) return true;
  const url = /^https?:\/\//i.test(value) ? URL.parse(value) : null;
  return url !== null && url.username === '' && url.password === '' && url.search === '';
}

/** A secret and the forms in which it may turn up alone: without its scheme, inside JSON, as the password of a URL. */
function addForms(found: Set<string>, value: string): void {
  const add = (text: string): void => {
    if (text.length < SECRET_CHARS_MIN) return;
    found.add(text);
    const escaped = JSON.stringify(text).slice(1, -1);
    if (escaped !== text) found.add(escaped);
  };
  const trimmed = value.trim();
  add(trimmed);
  const afterScheme = /^(?:bearer|basic|token|apikey|digest)\s+(\S.*)$/is.exec(trimmed)?.[1];
  if (afterScheme !== undefined) add(afterScheme);
  const url = trimmed.includes('://') ? URL.parse(trimmed) : null;
  if (url !== null && url.password !== '') {
    add(url.password);
    add(decoded(url.password));
  }
  if (trimmed.startsWith('{')) for (const leaf of jsonLeaves(trimmed)) if (leaf !== value) addForms(found, leaf);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The strings inside a JSON object that stands in a variable, such as a map of headers. */
function jsonLeaves(text: string): string[] {
  const leaves: string[] = [];
  try {
    JSON.parse(text, (_key, value) => {
      if (typeof value === 'string') leaves.push(value);
      return value;
    });
  } catch {
    return [];
  }
  return leaves;
}
