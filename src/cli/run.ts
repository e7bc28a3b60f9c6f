/** `run FILE|-`: one program for a person or a script: the value on stdout, the rest on stderr. */
import { readFile } from 'node:fs/promises';
import { OptimizerError } from '../core/errors.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';
import type { Outcome } from '../engine/outcome.ts';
import { PROGRAM_LANGUAGES, type ProgramLanguage } from '../engine/request.ts';
import { LIMITS, type LimitName } from '../sandbox/limits.ts';
import type { CommandContext } from './command-context.ts';
import { exitStatusOfCode } from './exit-status.ts';
import { waitForServers, withApp } from './with-app.ts';

export interface RunOptions {
  readonly params?: string;
  readonly readOnly?: boolean;
  readonly limit?: readonly string[];
  readonly session?: string;
  readonly language?: string;
}

/** Servers that a program does not use must not hold it up for long. */
const WAIT_MS = 10_000;

export async function run(context: CommandContext, file: string, options: RunOptions): Promise<number> {
  const code = await readProgram(file);
  const params = paramsOf(options.params);
  const limits = limitsOf(options.limit ?? []);
  const language = options.language === undefined ? undefined : languageOf(options.language);
  return withApp(context, async (app) => {
    const { printer } = context;
    await waitForServers(context, app, WAIT_MS);
    const outcome = await untilSignal((signal) =>
      printer.during('running', () =>
        app.engine.execute(
          {
            code,
            params,
            limits,
            readOnly: options.readOnly ?? false,
            ...(options.session === undefined ? {} : { session: options.session }),
            ...(language === undefined ? {} : { language }),
          },
          { signal, onEvent: () => undefined },
        ),
      ),
    );
    return printOutcome(context, outcome);
  });
}

/** Gives `work` a signal that Ctrl-C and SIGTERM abort, so that what is under way ends and is told. */
export async function untilSignal<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await work(stop.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** Text of a file, or of stdin for `-`. */
export async function readProgram(file: string): Promise<string> {
  if (file === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  }
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new OptimizerError('request.command', `the program file \`${file}\` ${reason}`, {
      hint: 'Name a file with the program, or - to read it from stdin.',
      cause,
    });
  }
}

/** The JSON object of `--params`. */
function languageOf(word: string): ProgramLanguage {
  const known = PROGRAM_LANGUAGES.find((language) => language === word);
  if (known !== undefined) return known;
  const [close] = nearest(word, PROGRAM_LANGUAGES, 1);
  throw new OptimizerError('request.command', `--language ${word}: there is no such language`, {
    hint: close === undefined ? `Languages: ${PROGRAM_LANGUAGES.join(', ')}.` : `Did you mean \`${close}\`?`,
  });
}

export function paramsOf(text: string | undefined): JsonObject {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below, together with JSON that is no object.
  }
  throw new OptimizerError('request.command', '--params is not a JSON object', {
    hint: `For example --params '{"n": 3}'.`,
  });
}

/** What `--limit name=value` has lowered. */
export function limitsOf(pairs: readonly string[]): Partial<Record<LimitName, number>> {
  const limits: Partial<Record<LimitName, number>> = {};
  for (const pair of pairs) {
    const [name = '', text = ''] = pair.split('=');
    const value = Number(text);
    if (!Object.hasOwn(LIMITS, name)) {
      const [close] = nearest(name, Object.keys(LIMITS), 1);
      const hint = close === undefined ? `Limits: ${Object.keys(LIMITS).join(', ')}.` : `Did you mean \`${close}\`?`;
      throw new OptimizerError('request.command', `--limit ${pair}: there is no limit \`${name}\``, { hint });
    }
    if (text === '' || !Number.isFinite(value) || value < 0) {
      throw new OptimizerError('request.command', `--limit ${pair}: \`${text}\` is not a number`, {
        hint: `For example --limit ${name}=${LIMITS[name as LimitName].default}.`,
      });
    }
    limits[name as LimitName] = value;
  }
  return limits;
}

/** The value on stdout, the rest on stderr; answers the exit status. */
export function printOutcome({ printer }: CommandContext, outcome: Outcome): number {
  const { error, calls, tokens, usage } = outcome;
  if (!printer.json) {
    for (const line of outcome.logs) printer.note(`[${line.level}] ${line.text}`);
    if (outcome.logsDropped > 0) printer.note(`[${outcome.logsDropped} more lines of the log were dropped]`);
  }
  if (error === undefined) {
    const value = outcome.value ?? null;
    printer.result(outcome, () => printer.outside(typeof value === 'string' ? value : JSON.stringify(value, null, 2)));
  } else if (printer.json) printer.result(outcome, () => '');
  else {
    const where =
      error.line === undefined || error.message.includes(` line ${error.line}`)
        ? ''
        : ` (line ${error.line}${error.column === undefined ? '' : `, column ${error.column}`})`;
    printer.failure(
      new OptimizerError(error.code, `${error.message}${where}`, error.hint === undefined ? {} : { hint: error.hint }),
    );
    const effects = calls.filter((call) => call.effect === 'write' && call.status !== 'denied');
    if (effects.length > 0) {
      printer.warn(
        `already called: ${effects.map((call) => `${call.tool} (${call.status})`).join(', ')}`,
        'Do not repeat these calls.',
      );
    }
  }
  if (outcome.truncated && !printer.json) {
    printer.warn(
      `the value has ${outcome.truncated.bytes} bytes; ${outcome.truncated.shown} characters of it are shown`,
      'Return less, or raise limits.valueBytes.',
    );
  }
  if (!printer.json) {
    const ms = usage.wallMs < 10 ? usage.wallMs.toFixed(1) : String(Math.round(usage.wallMs));
    const ledger =
      tokens.withoutOptimizer === 0
        ? ''
        : `; tokens: ${tokens.answer} for the answer, ${tokens.withoutOptimizer} for the same as direct calls`;
    printer.note(`${calls.length} call${calls.length === 1 ? '' : 's'} in ${ms} ms${ledger}`);
  }
  return error === undefined ? 0 : exitStatusOfCode(error.code);
}
