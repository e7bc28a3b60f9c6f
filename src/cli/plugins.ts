/**
 * `plugins list`, `plugins verify FILE` and `plugins wit`: what is configured and how it is, what a component is before it
 * is configured, and what a new one has to look like.
 */
import { assetText } from '../core/assets.ts';
import { EXIT } from '../core/errors.ts';
import type { CommandContext } from './command-context.ts';
import { withApp } from './with-app.ts';

/** Starts every plugin of the config and says how each is. */
export function listPlugins(context: CommandContext): Promise<number> {
  return withApp(context, async (app) => {
    const { printer } = context;
    const { plugins } = app.config;
    if (plugins.length === 0) {
      printer.warn('no plugin is configured', 'Write `plugins: {NAME: {path, sha256}}` into the config.');
    }
    // Each failure stands in the plugin's own row.
    await printer.during('starting plugins', () =>
      Promise.allSettled(plugins.map(({ name }) => app.fleet.refresh(name))),
    );
    const statuses = new Map(app.servers().map((status) => [status.name, status]));
    const rows = plugins.map(({ name, path, sha256, hosts }) => {
      const status = statuses.get(name);
      return {
        name,
        tools: status?.tools ?? 0,
        state: status?.state ?? 'idle',
        ...(status?.error === undefined ? {} : { error: status.error }),
        ...(status === undefined || status.problems.length === 0 ? {} : { problems: status.problems }),
        path,
        sha256,
        hosts: hosts.map(({ origin }) => origin),
      };
    });
    printer.table(
      { plugins: rows },
      [{ header: 'PLUGIN' }, { header: 'TOOLS', align: 'end' }, { header: 'STATE' }, { header: 'WHY', minWidth: 20 }],
      rows.map(({ name, tools, state, error, problems }) => [
        name,
        String(tools),
        state,
        error ?? problems?.join('; ') ?? '',
      ]),
    );
    return rows.some(({ error }) => error !== undefined) ? EXIT.upstream : EXIT.ok;
  });
}

/** Prints the world that a plugin implements: what an author starts from. */
export function printAdapterWorld({ printer }: CommandContext): void {
  const wit = assetText('adapter.wit');
  printer.result({ wit }, () => wit);
}

/** Checks a component as it would be checked when it is loaded, and prints what goes into the config. */
export async function verifyPlugin({ environment, printer }: CommandContext, file: string): Promise<number> {
  const { inspectPlugin } = await import('../app/plugin-inspection.ts');
  const { paths, cwd } = environment;
  const path = paths.resolve(cwd, file);
  const found = await printer.during('checking the component', () => inspectPlugin(path, paths.basename(file)));
  const value = { file: path, ...found };
  printer.result(value, () =>
    [
      `sha256   ${found.sha256}`,
      `size     ${found.bytes} bytes`,
      `imports  ${found.imports.join('\n         ') || 'nothing'}`,
      ...found.tools.map((tool, index) => {
        const effect = (tool.annotations as { readOnlyHint?: boolean }).readOnlyHint === true ? 'read' : 'write';
        const what = tool.description === '' ? '' : `: ${tool.description}`;
        // One line for each tool, whatever a name or a description holds.
        const words = printer.outside(`${tool.name} (${effect})${what}`.replace(/\s+/g, ' '));
        return `${(index === 0 ? 'tools' : '').padEnd(9)}${words}`;
      }),
    ].join('\n'),
  );
  return EXIT.ok;
}
