/** `intents list|show|save|run|delete`: saved programs for a person or a script. */
import { EXIT, OptimizerError } from '../core/errors.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { CommandContext } from './command-context.ts';
import { limitsOf, paramsOf, printOutcome, readProgram, untilSignal } from './run.ts';
import { waitForServers, withApp } from './with-app.ts';

export interface SaveOptions {
  readonly execution?: string;
  readonly description?: string;
  readonly params?: string;
  readonly effect?: string;
  readonly alias?: readonly string[];
}

export interface RunIntentOptions {
  readonly params?: string;
  readonly readOnly?: boolean;
  readonly limit?: readonly string[];
}

/** Requests of the command line are of this tenant, as those without one are. */
const TENANT = 'default';
const WAIT_MS = 10_000;

/** Exit status 3 when a file of the folder cannot be used: each is named on stderr. */
export function listIntents(context: CommandContext): Promise<number> {
  return withApp(context, async (app) => {
    const { printer } = context;
    const intents = app.engine.intents();
    const [listed, problems] = [await intents.list(TENANT), await intents.problems()];
    const value = { intents: listed, ...(problems.length === 0 ? {} : { problems }) };
    printer.table(
      value,
      [{ header: 'INTENT' }, { header: 'EFFECT' }, { header: 'SOURCE' }, { header: 'DESCRIPTION', minWidth: 20 }],
      listed.map(({ name, effect, source, description }) => [name, effect, source, printer.outside(description)]),
    );
    for (const { file, message } of problems) printer.warn(`${file}: ${message}`);
    if (listed.length === 0 && !printer.json) {
      printer.note('No intents. Save one with `mcp-optimizer intents save`, or put files into the folder `intents`.');
    }
    return problems.length === 0 ? EXIT.ok : EXIT.config;
  });
}

export function showIntent(context: CommandContext, name: string): Promise<number> {
  return withApp(context, async (app) => {
    const { printer } = context;
    const intents = app.engine.intents();
    const { code, description, params, effect, aliases, source, name: own } = await intents.show(TENANT, name);
    const { declaration } = await intents.describe(TENANT, own);
    printer.result({ name: own, description, params, effect, aliases, source, code }, () =>
      [`// ${effect}, ${source}${aliases.length === 0 ? '' : `; also: ${aliases.join(', ')}`}`, declaration, '', code]
        .map((text) => printer.outside(text))
        .join('\n'),
    );
    return EXIT.ok;
  });
}

export async function saveIntent(
  context: CommandContext,
  name: string,
  file: string | undefined,
  options: SaveOptions,
): Promise<number> {
  const { execution, description, params, effect, alias = [] } = options;
  if ((file === undefined) === (execution === undefined)) {
    throw new OptimizerError('request.command', 'intents save: expected either a file or --execution', {
      hint: 'For example `mcp-optimizer intents save top_sellers best.ts`.',
    });
  }
  const request = {
    name,
    ...(file === undefined ? {} : { code: await readProgram(file) }),
    ...(execution === undefined ? {} : { executionId: execution }),
    ...(description === undefined ? {} : { description }),
    ...(params === undefined ? {} : { params: schemaOf(params) }),
    ...(effect === undefined ? {} : { effect: effectOf(effect) }),
    ...(alias.length === 0 ? {} : { aliases: alias }),
  };
  return withApp(context, async (app) => {
    const { printer } = context;
    await waitForServers(context, app, WAIT_MS);
    const saved = await printer.during('checking', () => app.engine.intents().save(TENANT, request));
    printer.result(saved, () => saved.name);
    if (!printer.json) printer.note(`Saved. A program calls it as \`intents.${saved.name}(params)\`.`);
    return EXIT.ok;
  });
}

export function runIntent(context: CommandContext, intent: string, options: RunIntentOptions): Promise<number> {
  const request = {
    intent,
    params: paramsOf(options.params),
    limits: limitsOf(options.limit ?? []),
    ...(options.readOnly === true ? { readOnly: true } : {}),
  };
  return withApp(context, async (app) => {
    const { printer } = context;
    await waitForServers(context, app, WAIT_MS);
    const outcome = await untilSignal((signal) =>
      printer.during('running', () =>
        app.engine.intents().executeIntent(request, { signal, onEvent: () => undefined }),
      ),
    );
    if (!printer.json && outcome.intent !== undefined && outcome.intent !== intent)
      printer.note(`intents.${outcome.intent}`);
    return printOutcome(context, outcome);
  });
}

export function deleteIntent(context: CommandContext, name: string): Promise<number> {
  return withApp(context, async (app) => {
    const deleted = await app.engine.intents().delete(TENANT, name);
    context.printer.result(deleted, () => deleted.name);
    return EXIT.ok;
  });
}

function schemaOf(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below, together with JSON that is no object.
  }
  throw new OptimizerError('request.command', '--params is not a JSON Schema', {
    hint: `For example --params '{"type": "object", "properties": {"n": {"type": "integer"}}}'.`,
  });
}

function effectOf(text: string): 'read' | 'write' {
  if (text === 'read' || text === 'write') return text;
  throw new OptimizerError('request.command', `--effect ${text}: expected read or write`);
}
