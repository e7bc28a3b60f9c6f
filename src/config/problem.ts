/**
 * One thing that is wrong with a config, and how a list of them becomes one error. A file is read to its end before
 * anything is said, so that its author corrects it once.
 */
import { ERROR_TABLE, type ErrorCode, OptimizerError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';

/** Keys and indexes from the top of the file. */
export type Path = readonly (string | number)[];

/** 1-based, in the file. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  readonly code: Extract<ErrorCode, `config.${string}`>;
  /** What is wrong, without file and place; names the value received unless it may be a secret. */
  readonly message: string;
  /** Empty for a problem of the file as a whole. */
  readonly path: Path;
  readonly place: Place | undefined;
  readonly hint?: string;
  /** The nearest right keys or values. */
  readonly nearest?: readonly string[];
  /** The environment variable in question. */
  readonly variable?: string;
}

/**
 * The error for at least one problem. One problem: its own words. Several: a count, then one line each in the order of the
 * file. `data.problems` lists them all for programs.
 * @param file how the file is named to people; undefined when the problem lies in the command line.
 */
export function configError(problems: readonly Problem[], file: string | undefined): OptimizerError {
  const ordered = [...problems].sort((a, b) => compare(a.place, b.place));
  const first = ordered[0] as Problem;
  const lines = ordered.map((problem) => problemLine(problem, file));
  const message =
    lines.length === 1 ? (lines[0] as string) : `${lines.length} problems in the config:\n  ${lines.join('\n  ')}`;
  const hints = [...new Set(ordered.map((problem) => problem.hint ?? ERROR_TABLE[problem.code].remedy))];
  return new OptimizerError(first.code, message, {
    hint: hints.slice(0, 3).join(' '),
    data: { ...(file === undefined ? {} : { file }), problems: ordered.map(asJson) },
  });
}

/** An option of the command line, or a variable, that is none of its choices. */
export function wrongOption(option: string, value: string, choices: readonly string[]): Problem {
  const near = nearest(value, choices, 1);
  const message = `expected one of ${choices.map((choice) => `\`${choice}\``).join(', ')}, got \`${value}\``;
  return {
    code: 'config.value',
    message,
    path: [option],
    place: undefined,
    ...(near.length > 0 ? { nearest: near } : {}),
  };
}

/** `servers.github.env.TOKEN`, with `["…"]` around keys that are no plain words. */
export function pathText(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[\w$-]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}

function problemLine(problem: Problem, file: string | undefined): string {
  const place = problem.place === undefined ? '' : `:${problem.place.line}:${problem.place.column}`;
  const where = [file === undefined ? undefined : `${file}${place}`, pathText(problem.path) || undefined];
  const prefix = where.filter((part) => part !== undefined).join(' ');
  return prefix === '' ? problem.message : `${prefix}: ${problem.message}`;
}

function compare(a: Place | undefined, b: Place | undefined): number {
  return (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);
}

function asJson(problem: Problem): Json {
  return {
    code: problem.code,
    message: problem.message,
    path: pathText(problem.path),
    ...(problem.place === undefined ? {} : { line: problem.place.line, column: problem.place.column }),
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(problem.nearest === undefined ? {} : { nearest: [...problem.nearest] }),
    ...(problem.variable === undefined ? {} : { variable: problem.variable }),
  };
}
