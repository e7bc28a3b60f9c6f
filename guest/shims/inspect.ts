// biome-ignore-all lint/style/useTemplate: a template literal calls String.prototype.concat here; see captured.ts.
/**
 * What `console.log` prints: text for a reader, and in the end for a model, so it is compact. Strings stand as they
 * are, other values as `{key: "text", list: [1, 2]}`. Depth, items per collection and the whole length are bounded, the
 * length while the text is being built. Getters are named and not run; what a hostile Proxy or a throwing accessor
 * does is caught where it happens. Nothing here depends on anything that a program can replace.
 */
import {
  charCodeAt,
  dateText,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  hasOwn,
  indexOf,
  is,
  kindOf,
  mapEntries,
  mapNext,
  objectKeys,
  PROBES,
  quoteString,
  regExpExec,
  regExpFlags,
  setNext,
  setValues,
  substring,
  symbolText,
  toText,
  typedArrayLength,
  typedArrayName,
} from './captured.ts';

/** Containers inside containers inside the value itself, which counts as 0. */
const DEPTH_MAX = 4;
const ITEMS_MAX = 100;
/** A string is quoted in pieces of this many characters, because quoting can make it six times longer. */
const PIECE_CHARS = 512;
/** Turning a larger one into text takes quadratic time. */
const BIGINT_MAX = 1n << 4096n;

interface Page {
  text: string;
  readonly charsMax: number;
  /** Something did not fit; whoever writes stops. */
  full: boolean;
  /** For `%j`: keys are quoted and no spaces are written. */
  json: boolean;
}

/** The containers around the value that is being written, innermost first. */
interface Around {
  readonly value: object;
  readonly outer: Around | undefined;
}

const { floor } = Math;
const { toStringTag } = Symbol;
const NUMBERS: Record<string, (value: unknown) => unknown> = {
  // The functions convert whatever they get; their types ask for strings.
  d: Number,
  i: parseInt as (value: unknown) => number,
  f: parseFloat as (value: unknown) => number,
};
const notANumber = Number.NaN;

/**
 * The arguments of a `console` method as text of at most `charsMax` UTF-16 units, ending in `…` when it was cut, never
 * inside a surrogate pair. Substitutes `%s %d %i %f %j %o %O %c %%` as Node does; never throws.
 */
export function formatLog(args: readonly unknown[], charsMax: number): string {
  const page: Page = { text: '', charsMax: charsMax >= 1 ? floor(charsMax) : 0, full: false, json: false };
  try {
    const first = args[0];
    let at = args.length > 1 && typeof first === 'string' ? writeTemplate(page, first, args) : 0;
    for (; at < args.length && !page.full; at += 1) {
      if (at > 0) write(page, ' ');
      writeArgument(page, args[at]);
    }
  } catch {
    // Only an exhausted stack or memory gets here; what is on the page is still right.
  }
  return page.full && page.charsMax > 0 ? cut(page.text, page.charsMax - 1) + '…' : page.text;
}

/** Writes the first argument with its directives filled in; returns the index of the first argument left over. */
function writeTemplate(page: Page, template: string, args: readonly unknown[]): number {
  let next = 1;
  let from = 0;
  let at = indexOf(template, '%', 0);
  for (; at >= 0 && at + 1 < template.length && !page.full; at = indexOf(template, '%', at + 2)) {
    const directive = template[at + 1] as string;
    if (directive === '%') {
      write(page, substring(template, from, at + 1));
      from = at + 2;
    } else if (next < args.length && indexOf('sdifjoOc', directive, 0) >= 0) {
      write(page, substring(template, from, at));
      writeDirective(page, directive, args[next]);
      next += 1;
      from = at + 2;
    }
  }
  write(page, substring(template, from, template.length));
  return next;
}

function writeDirective(page: Page, directive: string, value: unknown): void {
  if (directive === 's') writeArgument(page, value);
  else if (hasOwn(NUMBERS, directive)) {
    let number: unknown = notANumber;
    try {
      // An object's own conversion runs here; a symbol's throws.
      number = typeof value === 'bigint' && directive !== 'f' ? value : NUMBERS[directive]?.(value);
    } catch {}
    writeValue(page, number);
  } else if (directive !== 'c') {
    // `%c` takes its argument, a style, and prints nothing.
    page.json = directive === 'j';
    writeValue(page, value);
    page.json = false;
  }
}

function writeArgument(page: Page, value: unknown): void {
  if (typeof value === 'string') write(page, value);
  else writeValue(page, value);
}

function writeValue(page: Page, value: unknown, around?: Around): void {
  if (typeof value === 'string') writeQuoted(page, value);
  else if (typeof value === 'symbol') write(page, 'Symbol(' + within(page, symbolText(value)) + ')');
  else if (typeof value === 'bigint')
    write(page, value < BIGINT_MAX && value > -BIGINT_MAX ? toText(value) + 'n' : '[BigInt]');
  else if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    try {
      if (typeof value === 'function') write(page, functionText(page, value));
      else writeObject(page, value, around);
    } catch {
      write(page, '[Unreadable]');
    }
  } else write(page, is(value, -0) ? '-0' : toText(value));
}

function writeObject(page: Page, value: object, around?: Around): void {
  let depth = 0;
  for (let outer = around; outer !== undefined; outer = outer.outer) {
    if (outer.value === value) {
      write(page, '[Circular]');
      return;
    }
    depth += 1;
  }
  const kind = kindOf(value);
  // What the probe of a kind returns is what there is to print of it: a time, a source, a number of bytes or items.
  const fact = PROBES[kind]?.(value) as number;
  const tag = (value as { [toStringTag]?: unknown })[toStringTag];
  if (kind === 'Date') {
    const text = is(fact, notANumber) ? 'Invalid Date' : dateText(value);
    write(page, page.json ? '"' + text + '"' : text);
  } else if (kind === 'RegExp') write(page, '/' + within(page, fact) + '/' + regExpFlags(value));
  else if (kind === 'Error')
    write(page, around === undefined ? errorText(page, value) : '[' + errorText(page, value) + ']');
  else if (kind === 'ArrayBuffer' || kind === 'DataView') write(page, kind + '(' + fact + ')');
  else if (tag === 'URL' || tag === 'URLSearchParams') write(page, within(page, toText(value)));
  else {
    const name = kind === 'Object' ? className(page, value) : kind;
    if (depth > DEPTH_MAX) write(page, '[' + (name || 'Object') + ']');
    else writeContainer(page, name, fact, { value, outer: around });
  }
}

/** `size` is the number of items of a Map or a Set; the value itself is the innermost of `around`. */
function writeContainer(page: Page, name: string, size: number, around: Around): void {
  const { value } = around;
  // `kindOf` proved which of these it is; the casts repeat it for the compiler.
  if (name === 'Array' || typedArrayName(value) !== undefined) {
    const length = name === 'Array' ? (value as unknown[]).length : typedArrayLength(value);
    const open = name === 'Array' ? '[' : name + '(' + length + ') [';
    writeItems(page, open, length, ']', (at) => writeProperty(page, value, at, around));
  } else if (name === 'Map') {
    const entries = mapEntries(value);
    writeItems(page, 'Map(' + size + ') {', size, '}', () => {
      const entry = mapNext(entries).value;
      writeValue(page, entry?.[0], around);
      write(page, ' => ');
      writeValue(page, entry?.[1], around);
    });
  } else if (name === 'Set') {
    const values = setValues(value);
    writeItems(page, 'Set(' + size + ') {', size, '}', () => writeValue(page, setNext(values).value, around));
  } else {
    const keys = objectKeys(value);
    writeItems(page, name === '' ? '{' : name + ' {', keys.length, '}', (at) => {
      const key = keys[at] as string;
      writeKey(page, key);
      write(page, page.json ? ':' : ': ');
      writeProperty(page, value, key, around);
    });
  }
}

function writeItems(page: Page, open: string, count: number, close: string, writeItem: (at: number) => void): void {
  write(page, open);
  for (let at = 0; at < count && !page.full; at += 1) {
    if (at > 0) write(page, page.json ? ',' : ', ');
    if (at === ITEMS_MAX) {
      write(page, '… ' + (count - at) + ' more');
      break;
    }
    writeItem(at);
  }
  write(page, close);
}

function writeProperty(page: Page, value: object, key: PropertyKey, around: Around): void {
  const property = getOwnPropertyDescriptor(value, key);
  if (property === undefined) write(page, '<empty>');
  else if (hasOwn(property, 'value')) writeValue(page, property.value, around);
  else write(page, property.get === undefined ? '[Setter]' : '[Getter]');
}

function writeKey(page: Page, key: string): void {
  const plain =
    !page.json && key.length < PIECE_CHARS && regExpExec(/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u, key) !== null;
  if (plain) write(page, key);
  else writeQuoted(page, key);
}

/** The first line of an error's stack, made from its parts, because a stack may be missing or made up. */
function errorText(page: Page, error: object): string {
  const { name, message } = error as { name?: unknown; message?: unknown };
  const text = within(page, message);
  return (within(page, name) || 'Error') + (text && ': ' + text);
}

function functionText(page: Page, value: { readonly name: unknown }): string {
  const name = within(page, value.name);
  return '[Function' + (name && ': ' + name) + ']';
}

/** The constructor's name; empty for plain objects, with or without a prototype. */
function className(page: Page, value: object): string {
  const prototype = getPrototypeOf(value) as { readonly constructor?: { readonly name?: unknown } } | null;
  const name = prototype?.constructor?.name;
  return name === 'Object' ? '' : within(page, name);
}

/** Text that is at most one unit longer than the page, so that it may be joined to other text; else nothing. */
const within = (page: Page, text: unknown): string =>
  typeof text === 'string' ? substring(text, 0, page.charsMax + 1) : '';

function writeQuoted(page: Page, text: string): void {
  write(page, '"');
  for (let at = 0; at < text.length && !page.full; ) {
    const piece = cut(substring(text, at, at + PIECE_CHARS + 1), PIECE_CHARS);
    const quoted = quoteString(piece);
    write(page, substring(quoted, 1, quoted.length - 1));
    at += piece.length;
  }
  write(page, '"');
}

/** Every character of the page passes here: what does not fit is cut off, and the page is full. */
function write(page: Page, piece: string): void {
  if (page.full) return;
  const room = page.charsMax - page.text.length;
  page.full = piece.length > room;
  page.text += substring(piece, 0, room);
}

/** The first `chars` units of a text, or one fewer where that would divide a surrogate pair. */
function cut(text: string, chars: number): string {
  const before = charCodeAt(text, chars - 1);
  const after = charCodeAt(text, chars);
  const divides = before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
  return substring(text, 0, divides ? chars - 1 : chars);
}
