/** `servers`: connects to every server anew and says how each is; the place to look when one does not answer. */
import { EXIT } from '../core/errors.ts';
import type { CommandContext } from './command-context.ts';
import { withApp } from './with-app.ts';

export async function servers(context: CommandContext): Promise<number> {
  return withApp(context, async (app) => {
    const { printer } = context;
    const count = app.config.servers.length;
    if (count === 0) {
      printer.warn(
        'no server is configured',
        'Write mcp-optimizer.json with a `mcpServers` map, or name a file with --config.',
      );
    }
    // Each failure stands in the server's own row.
    await printer.during(`connecting ${count} server${count === 1 ? '' : 's'}`, () =>
      app.fleet.refresh().catch(() => undefined),
    );
    const rows = app.servers().map((row) => ({ ...row, changed: app.approvals.waiting(row.name) }));
    const value = {
      servers: rows.map(({ name, tools, state, error, problems, changed }) => ({
        name,
        tools,
        state,
        ...(changed.length === 0 ? {} : { changed }),
        ...(error === undefined ? {} : { error }),
        ...(problems.length === 0 ? {} : { problems }),
      })),
    };
    printer.table(
      value,
      [{ header: 'SERVER' }, { header: 'TOOLS', align: 'end' }, { header: 'STATE' }, { header: 'WHY', minWidth: 20 }],
      rows.map(({ name, tools, state, error, problems }) => [name, String(tools), state, error ?? problems.join('; ')]),
    );
    return rows.some(({ error }) => error !== undefined) ? EXIT.upstream : EXIT.ok;
  });
}
