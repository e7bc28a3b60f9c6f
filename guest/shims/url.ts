/**
 * `URL` and `URLSearchParams` (URL Standard sections 6.1 and 6.2). Parsing a URL needs the whole standard with its
 * international domain names, so the host does it: `parse` for a new URL, `update` for a setter. Both answer with the
 * parts as text or with null. The query is ours: URLSearchParams needs no host call, only writing it back does.
 * Known difference: a missing argument counts as undefined and is not a TypeError.
 */
import { toWellFormed } from './captured.ts';
import { decodeUtf8 } from './text-codec.ts';

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

const PROPERTIES = 'href origin protocol username password host hostname port pathname search hash'.split(
  ' ',
) as (keyof Parts)[];

type Pair = readonly [name: string, value: string];

/** Makes the two classes around the host's parser. */
export function createUrlClasses(parse: ParseUrl, update: UpdateUrl) {
  let setQuery: (params: URLSearchParams, query: string, changed: (query: string) => void) => void;
  /** What `URL.parse` found, on its way to the constructor, so that the host is asked once. */
  let ready: Parts | undefined;
  const parseParts = (input: unknown, base: unknown): Parts | null =>
    parse(scalar(input), base === undefined ? undefined : scalar(base));

  class URLSearchParams {
    #pairs: Pair[];
    /** Writes the query back into the URL that these parameters belong to. */
    #changed: (query: string) => void = () => {};

    static {
      setQuery = (params, query, changed) => {
        params.#pairs = parsePairs(query);
        params.#changed = changed;
      };
    }

    constructor(init: unknown = '') {
      this.#pairs = pairsOf(init);
    }

    get size(): number {
      return this.#pairs.length;
    }

    append(name: unknown, value: unknown): void {
      this.#pairs.push([scalar(name), scalar(value)]);
      this.#changed(`${this}`);
    }

    delete(name: unknown, value?: unknown): void {
      const matches = matcher(name, value);
      this.#pairs = this.#pairs.filter((pair) => !matches(pair));
      this.#changed(`${this}`);
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
      this.#changed(`${this}`);
    }

    /** Stable, by the UTF-16 code units of the names. */
    sort(): void {
      this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      this.#changed(`${this}`);
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
  }

  class URL {
    declare href: string;
    declare readonly origin: string;
    declare protocol: string;
    declare username: string;
    declare password: string;
    declare host: string;
    declare hostname: string;
    declare port: string;
    declare pathname: string;
    declare search: string;
    declare hash: string;
    readonly searchParams: URLSearchParams = new URLSearchParams();
    #parts: Parts;

    static {
      for (const property of PROPERTIES) {
        const get = function (this: URL): string {
          return this.#parts[property];
        };
        const set = function (this: URL, value: unknown): void {
          if (property !== 'origin') this.#set(property, value);
        };
        Object.defineProperty(URL.prototype, property, { get, set, enumerable: true, configurable: true });
      }
    }

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
      this.#readQuery();
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

    #set(property: UrlProperty, value: unknown): void {
      const parts = update(this.#parts.href, property, scalar(value));
      if (parts !== null) this.#parts = parts;
      else if (property === 'href') throw invalid(value);
      if (property === 'href' || property === 'search') this.#readQuery();
    }

    #readQuery(): void {
      setQuery(this.searchParams, this.#parts.search, (query) => {
        this.#parts = update(this.#parts.href, 'search', query) ?? this.#parts;
      });
    }
  }

  return { URL, URLSearchParams };
}

/** Web IDL's USVString: text in which each lone surrogate is U+FFFD. */
const scalar = (value: unknown): string => toWellFormed(`${value}`);

const invalid = (input: unknown): TypeError => new TypeError(`Invalid URL: ${input}`);

/** Whether a pair has this name and, unless it is undefined, this value. */
function matcher(name: unknown, value?: unknown): (pair: Pair) => boolean {
  const wantedName = scalar(name);
  const wantedValue = value === undefined ? undefined : scalar(value);
  return (pair) => pair[0] === wantedName && (wantedValue === undefined || pair[1] === wantedValue);
}

/** URL Standard section 6.2: a sequence of pairs, a record, or a query with or without its question mark. */
function pairsOf(init: unknown): Pair[] {
  if (!isObject(init)) return parsePairs(scalar(init));
  const items: Iterable<unknown> = Symbol.iterator in init ? (init as Iterable<unknown>) : Object.entries(init);
  return Array.from(items, (item): Pair => {
    const pair = isObject(item) ? [...(item as Iterable<unknown>)] : [];
    if (pair.length !== 2) throw new TypeError('URLSearchParams: not a pair of name and value');
    return [scalar(pair[0]), scalar(pair[1])];
  });
}

const isObject = (value: unknown): value is object => Object(value) === value;

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

/** A run of escapes is decoded on its own: the characters around it are whole, so no sequence crosses its ends. */
const formDecode = (text: string): string =>
  text
    .replaceAll('+', ' ')
    .replace(/(%[\da-f]{2})+/gi, (run) =>
      decodeUtf8(Uint8Array.from(run.slice(1).split('%'), (digits) => Number(`0x${digits}`))),
    );

/** URL Standard section 5.2: letters, digits and `*-._` stay, a space is `+`, the rest are percent-encoded bytes. */
const formEncode = (text: string): string =>
  // `escape` turns these five ASCII characters into exactly the escapes that the standard wants.
  encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, (found) => escape(found));
