/**
 * What `console.log` prints: text for a reader, and in the end for a model, so it is compact. Strings stand as they
 * are, other values as `{key: "text", list: [1, 2]}`. Depth, items per collection and the whole length are bounded, the
 * length while the text is being built. Getters are named and not run; what a hostile Proxy or a throwing accessor
 * does is caught where it happens. Nothing here depends on anything that a program can replace.
 */
import {
  bufferBytes,
  charCodeAt,
  dateText,
  dateTime,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  hasOwn,
  indexOf,
  is,
  kindOf,
  mapEntries,
  mapNext,
  mapSize,
  objectKeys,
  quoteString,
  regExpExec,
  regExpFlags,
  regExpSource,
  setNext,
  setSize,
  setValues,
  shown,
  substring,
  symbolText,
  typedArrayLength,
  typedArrayName,
  viewBytes,
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
  readonly depth: number;
  readonly outer: Around | undefined;
}

const { floor } = Math;
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
  const first = args[0];
  let at = 0;
  if (args.length > 1 && typeof first === 'string') at = writeTemplate(page, first, args);
  for (; at < args.length && !page.full; at += 1) {
    if (at > 0) write(page, ' ');
    writeArgument(page, args[at]);
  }
  return page.full && page.charsMax > 0 ? `${cut(page.text, page.charsMax - 1)}…` : page.text;
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
  else if (typeof value === 'symbol') write(page, `Symbol(${fit(page, symbolText(value))})`);
  else if (typeof value === 'bigint') write(page, value < BIGINT_MAX && value > -BIGINT_MAX ? `${value}n` : '[BigInt]');
  else if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    try {
      if (typeof value === 'function') write(page, `[Function${prefixed(': ', nameOf(page, value))}]`);
      else writeObject(page, value, around);
    } catch {
      write(page, '[Unreadable]');
    }
  } else write(page, is(value, -0) ? '-0' : `${value}`);
}

function writeObject(page: Page, value: object, around?: Around): void {
  for (let outer = around; outer !== undefined; outer = outer.outer) {
    if (outer.value === value) {
      write(page, '[Circular]');
      return;
    }
  }
  const kind = kindOf(value);
  const ours = (value as { [shown]?: () => unknown })[shown];
  if (kind === 'Date') writeDate(page, value);
  else if (kind === 'RegExp') write(page, `/${fit(page, regExpSource(value))}/${regExpFlags(value)}`);
  else if (kind === 'Error') write(page, around === undefined ? errorText(page, value) : `[${errorText(page, value)}]`);
  else if (kind === 'ArrayBuffer') write(page, `ArrayBuffer(${bufferBytes(value)})`);
  else if (kind === 'DataView') write(page, `DataView(${viewBytes(value)})`);
  else if (typeof ours === 'function') write(page, fit(page, (value as { [shown](): unknown })[shown]()));
  else writeContainer(page, value, kind === 'Object' ? className(page, value) : kind, around);
}
