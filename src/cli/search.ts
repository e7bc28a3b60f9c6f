/** `search WORDS…`: what `search_tools` finds, as a table or as JSON. */
import { EXIT, OptimizerError } from '../core/errors.ts';
import type { CommandContext } from './command-context.ts';
import { noteProblems, waitForServers, withApp } from './with-app.ts';

const WAIT_MS = 30_000;

export async function search(context: CommandContext, words: string, options: { limit?: string }): Promise<number> {
  const limit = options.limit === undefined ? undefined : Number(options.limit);
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1 || limit > 50)) {
    throw new OptimizerError('request.command', `--limit ${options.limit}: expected a whole number from 1 to 50`, {
      hint: 'Leave --limit out for 5 matches.',
    });
  }
  return withApp(context, async (app) => {
    const { printer } = context;
    await waitForServers(context, app, WAIT_MS);
    noteProblems(context, app);
    if (words.trim() === '') {
      const rows = app.catalog.servers();
      printer.table(
        { servers: rows, total: app.catalog.size },
        [{ header: 'SERVER' }, { header: 'TOOLS', align: 'end' }],
        rows.map(({ name, tools }) => [name, String(tools)]),
      );
      return EXIT.ok;
    }
    // Intents stand first, as for a model.
    const { matches: shown, total } = await app.engine.searchFor(undefined, words, limit);
    const tools = shown.filter(({ kind }) => kind === 'tool').length;
    const intents = shown.length - tools;
    printer.result({ matches: shown, total }, () =>
      shown.map(({ signature }) => printer.outside(signature)).join('\n'),
    );
    if (!printer.json)
      printer.note(
        `${intents === 0 ? '' : `${intents} intent${intents === 1 ? '' : 's'}, `}${tools} of ${total} tools`,
      );
    return shown.length === 0 ? EXIT.failed : EXIT.ok;
  });
}
