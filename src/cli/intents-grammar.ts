/** The grammar of `intents …` and `batch`: which options they take. What they do stands in `intents.ts` and `batch.ts`. */
import type { Command } from 'commander';
import type { BatchOptions } from './batch.ts';
import type { CommandContext, GlobalOptions } from './command-context.ts';
import type { RunIntentOptions, SaveOptions } from './intents.ts';

/** What the grammar of the command line lends to the commands that stand here. */
export interface GrammarParts {
  readonly program: Command;
  /** Adds the options that every command has. */
  common(command: Command): Command;
  contextOf(options: GlobalOptions): CommandContext;
  setStatus(status: number): void;
}

export function addIntentCommands({ program, common, contextOf, setStatus }: GrammarParts): void {
  const intents = program
    .command('intents')
    .description('saved programs: list, show, save, run, delete')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  const add = (name: string): Command => common(intents.command(name));
  const collect = (item: string, list: string[]): string[] => [...list, item];

  add('list')
    .description('list the intents of the config’s folder and the saved ones')
    .action(async (options: GlobalOptions) => {
      const { listIntents } = await import('./intents.ts');
      setStatus(await listIntents(contextOf(options)));
    });

  add('show')
    .description('print one intent: what it takes, and its program')
    .argument('<name>', 'name or alias')
    .action(async (name: string, options: GlobalOptions) => {
      const { showIntent } = await import('./intents.ts');
      setStatus(await showIntent(contextOf(options), name));
    });

  add('save')
    .description('check a program, or that of a run that worked, and keep it under a name')
    .argument('<name>', 'letters, digits and _')
    .argument('[file]', 'file with the program, or - for stdin')
    .option('--execution <id>', 'save the program of this run instead of a file')
    .option('--description <text>', 'what a search finds it by')
    .option('--params <schema>', 'JSON Schema of the object that it takes')
    .option('--effect <effect>', '"read": it runs read-only; "write"')
    .option('--alias <words>', 'another name or phrase for it; may be given several times', collect, [])
    .action(async (name: string, file: string | undefined, options: GlobalOptions & SaveOptions) => {
      const { saveIntent } = await import('./intents.ts');
      setStatus(await saveIntent(contextOf(options), name, file, options));
    });

  add('run')
    .description('run the intent that a name, an alias or plain words mean')
    .argument('<words...>', 'which one')
    .option('-p, --params <json>', 'JSON object of its parameters')
    .option('--read-only', 'refuse tools that may write')
    .option('--limit <name=value>', 'lower a limit for this run; may be given several times', collect, [])
    .action(async (words: string[], options: GlobalOptions & RunIntentOptions) => {
      const { runIntent } = await import('./intents.ts');
      setStatus(await runIntent(contextOf(options), words.join(' '), options));
    });

  add('delete')
    .description('forget a saved intent')
    .argument('<name>', 'its name')
    .action(async (name: string, options: GlobalOptions) => {
      const { deleteIntent } = await import('./intents.ts');
      setStatus(await deleteIntent(contextOf(options), name));
    });

  common(program.command('batch'))
    .description('run the steps of a batch and print what became of each')
    .argument('<file>', 'JSON file with {"steps": […]}, or - for stdin')
    .option('--read-only', 'refuse tools that may write')
    .option('--limit <name=value>', 'lower a limit for this batch; may be given several times', collect, [])
    .action(async (file: string, options: GlobalOptions & BatchOptions) => {
      const { batch } = await import('./batch.ts');
      setStatus(await batch(contextOf(options), file, options));
    });
}
