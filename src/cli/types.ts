/** `types [SERVER[.TOOL]]`: the declarations that a program is written against. */
import { declarationsFor } from '../bindings/declarations-for.ts';
import { INTERFACES, type InterfaceName } from '../bindings/generated/interfaces.ts';
import { EXIT } from '../core/errors.ts';
import type { CommandContext } from './command-context.ts';
import { noteProblems, waitForServers, withApp } from './with-app.ts';

const WAIT_MS = 30_000;

export async function types(context: CommandContext, name: string | undefined): Promise<number> {
  return withApp(context, async (app) => {
    const { printer } = context;
    await waitForServers(context, app, WAIT_MS);
    noteProblems(context, app);
    const chosen = name === undefined ? [...app.catalog.tools()] : toolsNamed(app.catalog, name);
    const value = chosen.map(({ server, name: tool, signature, declaration }) => ({
      server,
      tool,
      signature,
      declaration,
    }));
    // One tool in full, several as one line each: a page that can be read. Without a name, the globals stand first.
    const [only] = value;
    const globals = name === undefined ? declarationsFor(Object.keys(INTERFACES) as InterfaceName[]) : undefined;
    if (globals !== undefined && !printer.json) printer.result(undefined, () => globals);
    printer.result(globals === undefined ? { tools: value } : { globals, tools: value }, () =>
      value.length === 1 && only
        ? printer.outside(only.declaration)
        : value.map(({ signature }) => printer.outside(signature)).join('\n'),
    );
    return EXIT.ok;
  });
}

type AppCatalog = import('../upstream/catalog.ts').Catalog;
type Tool = ReturnType<AppCatalog['requireTool']>;

function toolsNamed(catalog: AppCatalog, name: string): Tool[] {
  const server = catalog.serverNameOf(name);
  if (server !== undefined) return catalog.toolNames(server).map((tool) => catalog.requireTool(server, tool));
  const dot = name.indexOf('.');
  return dot < 0 ? [catalog.requireTool(name, '')] : [catalog.requireTool(name.slice(0, dot), name.slice(dot + 1))];
}
