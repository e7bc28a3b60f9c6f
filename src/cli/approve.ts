/**
 * `servers approve NAME`: shows what a server has changed in the definitions of its tools, old and new, and asks whether
 * that is what programs and models shall see from now on. Nothing is approved that was not shown here: what is pinned is
 * the list that this command got from the server, not whatever the server says later.
 */
import { createInterface } from 'node:readline/promises';
import type { App } from '../app/compose.ts';
import { EXIT, OptimizerError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { PendingTool } from '../policy/pin-book.ts';
import type { PinnedDefinition } from '../policy/tool-pins.ts';
import type { CommandContext } from './command-context.ts';
import { type DiffLine, diffLines } from './line-diff.ts';
import { withApp } from './with-app.ts';

export interface ApproveOptions {
  readonly yes?: boolean;
  /** Only this tool. */
  readonly tool?: string;
}

/** Asks on the terminal; true for yes. */
export type Ask = (question: string) => Promise<boolean>;

/** Exit status: 0 approved, or nothing to approve; 1 the person said no; 4 the server cannot be listed. */
export async function approve(
  context: CommandContext,
  name: string,
  options: ApproveOptions,
  ask: Ask = askOnTerminal,
): Promise<number> {
  const { printer, environment } = context;
  return withApp(context, async (app) => {
    requireServer(app, name);
    await printer.during(`connecting ${name}`, () => app.fleet.refresh(name));
    const pending = chosen(await app.approvals.pending(name), name, options.tool);
    const value = (approved: boolean) => ({
      server: name,
      approved: approved ? pending.map(({ tool }) => tool) : [],
      tools: pending.map(({ tool, reason, old, new: now }) => ({ tool, reason, old: old ?? null, new: now })),
    });
    if (pending.length === 0) {
      printer.result(value(false), () => `Nothing of ${name} waits for approval.`);
      return EXIT.ok;
    }
    if (!printer.json) printer.result(undefined, () => pending.map((tool) => textOf(name, tool, context)).join('\n\n'));
    if (options.yes !== true && (printer.json || !environment.isTerminal.stdin)) {
      if (printer.json) printer.result(value(false), () => '');
      throw new OptimizerError(
        'request.command',
        `${countOf(pending)} of ${name} would be approved: say so with --yes`,
        {
          hint: `Read the difference, then: mcp-optimizer servers approve ${name} --yes`,
        },
      );
    }
    const says = options.yes === true || (await ask(`Approve ${countOf(pending)} of ${name}? [y/N] `));
    if (says) await app.approvals.approve(name, pending);
    if (printer.json) printer.result(value(says), () => '');
    else printer.note(says ? `approved: ${pending.map(({ tool }) => tool).join(', ')}` : 'nothing was approved');
    return says ? EXIT.ok : EXIT.failed;
  });
}

function requireServer({ config }: App, name: string): void {
  const names = config.servers.map((server) => server.name);
  if (names.includes(name)) return;
  const near = nearest(name, names);
  throw new OptimizerError('request.server', `There is no server \`${name}\`.`, {
    hint: `Servers: ${(near.length > 0 ? near : names).join(', ') || 'none is configured'}.`,
    data: { nearest: near },
  });
}

function chosen(pending: readonly PendingTool[], server: string, tool: string | undefined): readonly PendingTool[] {
  if (tool === undefined) return pending;
  if (pending.some(({ reason }) => reason === 'unknown')) {
    throw new OptimizerError(
      'request.command',
      `what was approved of ${server} cannot be read: approve all or nothing`,
      {
        hint: 'Leave --tool out.',
      },
    );
  }
  const found = pending.filter((waiting) => waiting.tool === tool);
  if (found.length > 0 || pending.length === 0) return found;
  const names = pending.map((waiting) => waiting.tool);
  throw new OptimizerError('request.tool', `\`${server}.${tool}\` does not wait for approval.`, {
    hint: `What waits: ${names.slice(0, 20).join(', ')}.`,
    data: { nearest: nearest(tool, names) },
  });
}

function countOf(pending: readonly PendingTool[]): string {
  return pending.length === 1 ? `the tool ${pending[0]?.tool}` : `${pending.length} tools`;
}

function textOf(server: string, { tool, old, new: now }: PendingTool, { printer }: CommandContext): string {
  const { style } = printer;
  const painted: Record<DiffLine['kind'], (text: string) => string> = {
    same: (text) => `  ${text}`,
    gone: (text) => style.red(`- ${text}`),
    new: (text) => style.green(`+ ${text}`),
    gap: (text) => style.dim(`  ${text}`),
  };
  const words = old === undefined ? ' (what was approved was not kept; all of the new definition is shown)' : '';
  const lines = diffLines(old === undefined ? '' : definitionText(old), definitionText(now));
  const shown = lines.map(({ kind, text }) => painted[kind](printer.outside(text)));
  return [style.bold(`${server}.${tool}${words}`), ...shown].join('\n');
}

/** A definition as text with a line for everything that can change by itself. */
function definitionText({ title, description, inputSchema, outputSchema, annotations }: PinnedDefinition): string {
  const part = (name: string, value: unknown): string[] =>
    value === undefined ? [] : [`${name}: ${typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}`];
  return [
    ...part('title', title),
    ...part('description', description),
    ...part('inputSchema', inputSchema),
    ...part('outputSchema', outputSchema),
    ...part('annotations', annotations),
  ].join('\n');
}

async function askOnTerminal(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}
