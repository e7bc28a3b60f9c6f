/**
 * `URL` and `URLSearchParams` (URL Standard sections 6.1 and 6.2). Parsing a URL needs the whole standard with its
 * international domain names, so the host does it: `parse` for a new URL, `update` for a setter. Both answer with the
 * parts as text or with null. The query is ours: URLSearchParams needs no host call, only writing it back does.
 * Known difference: a missing argument counts as undefined and is not a TypeError.
 */
import { shown, toWellFormed } from './captured.ts';
import { decodeUtf8, encodeUtf8 } from './text-codec.ts';

/** A parsed URL: each field is what the getter of the same name returns. */
export interface Parts {
  readonly href: string;
  readonly origin: string;
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
}

/** The parts of `input`, resolved against `base`; null when it is not a URL. */
export type ParseUrl = (input: string, base: string | undefined) => Parts | null;
/**
 * The parts of the URL `href` after its setter `property` was given `value`. A setter that ignores its value answers
 * with the parts as they were; null, which only `href` can give, means that the value is not a URL.
 */
export type UpdateUrl = (href: string, property: UrlProperty, value: string) => Parts | null;
export type UrlProperty = Exclude<keyof Parts, 'origin'>;

type Pair = readonly [name: string, value: string];

/** Makes the two classes around the host's parser. */
export function createUrlClasses(parse: ParseUrl, update: UpdateUrl) {
  let setQuery: (params: URLSearchParams, query: string) => void;
  let onChange: (params: URLSearchParams, changed: () => void) => void;
  /** What `URL.parse` found, on its way to the constructor, so that the host is asked once. */
  let ready: Parts | undefined;
  const parseParts = (input: unknown, base: unknown): Parts | null =>
    parse(scalar(input), base === undefined ? undefined : scalar(base));

  class URLSearchParams {
    #pairs: Pair[];
    /** Writes the query back into the URL that these parameters belong to. */
    #changed: (() => void) | undefined;

    static {
      setQuery = (params, query) => {
        params.#pairs = parsePairs(query);
      };
      onChange = (params, changed) => {
        params.#changed = changed;
      };
    }

    constructor(init?: unknown) {
      this.#pairs = pairsOf(init);
    }

    get size(): number {
      return this.#pairs.length;
    }

    append(name: unknown, value: unknown): void {
      this.#pairs.push([scalar(name), scalar(value)]);
      this.#changed?.();
    }

    delete(name: unknown, value?: unknown): void {
      const matches = matcher(name, value);
      this.#pairs = this.#pairs.filter((pair) => !matches(pair));
      this.#changed?.();
    }

    get(name: unknown): string | null {
      return this.#pairs.find(matcher(name))?.[1] ?? null;
    }

    getAll(name: unknown): string[] {
      return this.#pairs.filter(matcher(name)).map((pair) => pair[1]);
    }

    has(name: unknown, value?: unknown): boolean {
      return this.#pairs.some(matcher(name, value));
    }

    set(name: unknown, value: unknown): void {
      const pair: Pair = [scalar(name), scalar(value)];
      const matches = matcher(pair[0]);
      const first = this.#pairs.findIndex(matches);
      if (first < 0) this.#pairs.push(pair);
      else {
        this.#pairs[first] = pair;
        this.#pairs = this.#pairs.filter((other, at) => at <= first || !matches(other));
      }
      this.#changed?.();
    }

    /** Stable, by the UTF-16 code units of the names. */
    sort(): void {
      this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      this.#changed?.();
    }

    forEach(task: (value: string, name: string, params: URLSearchParams) => void, self?: unknown): void {
      for (const [name, value] of this) task.call(self, value, name, this);
    }

    /** Live, as the standard has it: pairs that are added meanwhile are visited too. */
    *entries(): Generator<[string, string]> {
      for (let at = 0; at < this.#pairs.length; at += 1) {
        const [name, value] = this.#pairs[at] as Pair;
        yield [name, value];
      }
    }

    *keys(): Generator<string> {
      for (const [name] of this) yield name;
    }

    *values(): Generator<string> {
      for (const [, value] of this) yield value;
    }

    [Symbol.iterator](): Generator<[string, string]> {
      return this.entries();
    }

    toString(): string {
      return this.#pairs.map(([name, value]) => `${formEncode(name)}=${formEncode(value)}`).join('&');
    }

    get [Symbol.toStringTag](): string {
      return 'URLSearchParams';
    }

    [shown](): string {
      return `URLSearchParams(${this.size}) ${this}`;
    }
  }

  class URL {
    #parts: Parts;
    readonly #params = new URLSearchParams();

    static canParse(input: unknown, base?: unknown): boolean {
      return parseParts(input, base) !== null;
    }

    static parse(input: unknown, base?: unknown): URL | null {
      const parts = parseParts(input, base);
      if (parts === null) return null;
      ready = parts;
      return new URL('');
    }

    constructor(input: unknown, base?: unknown) {
      const parts = ready ?? parseParts(input, base);
      ready = undefined;
      if (parts === null) throw invalid(input);
      this.#parts = parts;
      setQuery(this.#params, parts.search);
      onChange(this.#params, () => {
        this.#update('search', this.#params.toString());
      });
    }

    get href(): string {
      return this.#parts.href;
    }
    set href(value: unknown) {
      if (!this.#update('href', value)) throw invalid(value);
      setQuery(this.#params, this.#parts.search);
    }
    get origin(): string {
      return this.#parts.origin;
    }
    get protocol(): string {
      return this.#parts.protocol;
    }
    set protocol(value: unknown) {
      this.#update('protocol', value);
    }
    get username(): string {
      return this.#parts.username;
    }
    set username(value: unknown) {
      this.#update('username', value);
    }
    get password(): string {
      return this.#parts.password;
    }
    set password(value: unknown) {
      this.#update('password', value);
    }
    get host(): string {
      return this.#parts.host;
    }
    set host(value: unknown) {
      this.#update('host', value);
    }
    get hostname(): string {
      return this.#parts.hostname;
    }
    set hostname(value: unknown) {
      this.#update('hostname', value);
    }
    get port(): string {
      return this.#parts.port;
    }
    set port(value: unknown) {
      this.#update('port', value);
    }
    get pathname(): string {
      return this.#parts.pathname;
    }
    set pathname(value: unknown) {
      this.#update('pathname', value);
    }
    get search(): string {
      return this.#parts.search;
    }
    set search(value: unknown) {
      this.#update('search', value);
      setQuery(this.#params, this.#parts.search);
    }
    get searchParams(): URLSearchParams {
      return this.#params;
    }
    get hash(): string {
      return this.#parts.hash;
    }
    set hash(value: unknown) {
      this.#update('hash', value);
    }

    toString(): string {
      return this.#parts.href;
    }

    toJSON(): string {
      return this.#parts.href;
    }

    get [Symbol.toStringTag](): string {
      return 'URL';
    }

    [shown](): string {
      return this.#parts.href;
    }

    #update(property: UrlProperty, value: unknown): boolean {
      const parts = update(this.#parts.href, property, scalar(value));
      if (parts !== null) this.#parts = parts;
      return parts !== null;
    }
  }

  return { URL, URLSearchParams };
}

/** Web IDL's USVString: text in which each lone surrogate is U+FFFD. */
const scalar = (value: unknown): string => toWellFormed(`${value}`);

const invalid = (input: unknown): TypeError =>
  new TypeError(`Invalid URL: ${JSON.stringify(`${input}`.slice(0, 200))}`);

/** Whether a pair has this name and, unless it is undefined, this value. */
function matcher(name: unknown, value?: unknown): (pair: Pair) => boolean {
  const wantedName = scalar(name);
  const wantedValue = value === undefined ? undefined : scalar(value);
  return (pair) => pair[0] === wantedName && (wantedValue === undefined || pair[1] === wantedValue);
}

/** URL Standard section 6.2: a sequence of pairs, a record, or a query with or without its question mark. */
function pairsOf(init: unknown): Pair[] {
  if (init === undefined || init === null) return [];
  if (typeof init !== 'object' && typeof init !== 'function') return parsePairs(scalar(init));
  if (Symbol.iterator in init) {
    return Array.from(init as Iterable<unknown>, (item): Pair => {
      const pair = typeof item === 'object' && item !== null ? Array.from(item as Iterable<unknown>) : [];
      if (pair.length !== 2) throw new TypeError('URLSearchParams: each item must be a pair of a name and a value');
      return [scalar(pair[0]), scalar(pair[1])];
    });
  }
  return Object.entries(init).map(([name, value]): Pair => [scalar(name), scalar(value)]);
}

/** URL Standard section 5.1, the application/x-www-form-urlencoded parser. */
function parsePairs(query: string): Pair[] {
  const pairs: Pair[] = [];
  for (const part of query.replace(/^\?/, '').split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    pairs.push([formDecode(name), equals < 0 ? '' : formDecode(part.slice(equals + 1))]);
  }
  return pairs;
}

function formDecode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  const bytes = encodeUtf8(spaced);
  let written = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    const escaped = byte === 0x25 ? hexDigit(bytes[at + 1]) * 16 + hexDigit(bytes[at + 2]) : Number.NaN;
    bytes[written] = escaped >= 0 ? escaped : byte;
    written += 1;
    if (escaped >= 0) at += 2;
  }
  return decodeUtf8(bytes.subarray(0, written));
}

/** The value of a hexadecimal digit's character code; NaN for anything else, the end included. */
function hexDigit(code = 0): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
}

/** URL Standard section 5.2: letters, digits and `*-._` stay, a space is `+`, the rest are percent-encoded bytes. */
const formEncode = (text: string): string =>
  encodeURIComponent(text).replace(/%20|[!'()~]/g, (found) =>
    found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
