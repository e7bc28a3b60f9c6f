/**
 * Shapes: what a value from a file must look like, in words that complete "expected …". A shape collects everything that is
 * wrong and changes nothing.
 * The decision to know: this is not zod, on purpose. The file is read on the way to the first answer of the process, and
 * on a busy two-core machine loading zod, building its schemas and parsing once took about 20 ms of a 60 ms budget, where
 * these take less than 1. They also say in one place what an error must say anyway.
 */
import type { Path } from './problem.ts';

/** One thing that does not fit. */
export type Finding =
  | { readonly kind: 'value'; readonly path: Path; readonly expected: string; readonly choices: readonly string[] }
  | { readonly kind: 'key'; readonly parent: Path; readonly key: string };

export interface Shape<Value> {
  /** Adds to `findings` what is wrong with `value`; adds nothing exactly when it is a `Value`. */
  inspect(value: unknown, path: Path, findings: Finding[]): void;
  /** Only for inference; never there at run time. */
  readonly inferred?: Value;
}

export interface ObjectShape<Value> extends Shape<Value> {
  readonly keys: readonly string[];
}

export type ValueOf<S> = S extends Shape<infer Value> ? Value : never;

/** Every member may be missing; what a missing one means is decided where the value is used. */
export type Members<Shapes> = { readonly [Key in keyof Shapes]?: ValueOf<Shapes[Key]> | undefined };

/** The value when it fits, and everything that does not. */
export function matchShape<Value>(
  shape: Shape<Value>,
  value: unknown,
  path: Path,
): { value?: Value; findings: Finding[] } {
  const findings: Finding[] = [];
  shape.inspect(value, path, findings);
  // The cast rests on the contract of `inspect`: no finding, no deviation.
  return findings.length === 0 ? { value: value as Value, findings } : { findings };
}

export function leaf<Value>(
  expected: string,
  fits: (value: unknown) => boolean,
  choices: readonly string[] = [],
): Shape<Value> {
  return {
    inspect(value, path, findings) {
      if (!fits(value)) findings.push({ kind: 'value', path, expected, choices });
    },
  };
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]): Shape<Choice> {
  const words = choices.map((choice) => `\`"${choice}"\``).join(', ');
  const known: ReadonlySet<unknown> = new Set(choices);
  return leaf(choices.length === 1 ? words : `one of ${words}`, (value) => known.has(value), choices);
}

/** A whole number; both bounds stand in the words. */
export function whole(min: number, max: number, unit: string): Shape<number> {
  const expected = `a whole number from ${withCommas(min)} to ${withCommas(max)}${unit === '' ? '' : ` ${unit}`}`;
  return leaf(expected, (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max);
}

export function listOf<Item>(item: Shape<Item>, expected: string): Shape<readonly Item[]> {
  return {
    inspect(value, path, findings) {
      if (!Array.isArray(value)) findings.push({ kind: 'value', path, expected, choices: [] });
      else for (const [index, member] of value.entries()) item.inspect(member, [...path, index], findings);
    },
  };
}

/** Any keys, each with a value of one shape. */
export function mapOf<Value>(member: Shape<Value>, expected: string): Shape<Readonly<Record<string, Value>>> {
  return {
    inspect(value, path, findings) {
      if (!isObject(value)) findings.push({ kind: 'value', path, expected, choices: [] });
      else for (const [key, inner] of Object.entries(value)) member.inspect(inner, [...path, key], findings);
    },
  };
}

/** The given keys and no others. */
export function object<Shapes extends Readonly<Record<string, Shape<unknown>>>>(
  members: Shapes,
  expected: string,
): ObjectShape<Members<Shapes>> {
  return {
    keys: Object.keys(members),
    inspect(value, path, findings) {
      if (!isObject(value)) {
        findings.push({ kind: 'value', path, expected, choices: [] });
        return;
      }
      for (const [key, member] of Object.entries(value)) {
        if (!Object.hasOwn(members, key)) findings.push({ kind: 'key', parent: path, key });
        else members[key]?.inspect(member, [...path, key], findings);
      }
    },
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `1234567` as `1,234,567`, independent of the machine's language. */
function withCommas(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
