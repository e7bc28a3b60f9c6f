/**
 * The grammar of the command line. Each command has a file of its own, loaded when it is chosen, so that `serve` pays for
 * nothing else. Without a command: `serve` when stdin is not a terminal, help when it is.
 */

import { CHILD_COMMAND } from '../app/child-command.ts';
import { type Environment, readEnvironment } from '../config/environment.ts';
import { OptimizerError } from '../core/errors.ts';
import type { CommandContext, GlobalOptions } from './command-context.ts';
import type { Printer } from './printer.ts';
import type { RunOptions } from './run.ts';

const EXIT_STATUSES = `
Exit statuses:
  0   done
  1   the program failed, or no such tool or server was found
  2   wrong use: unknown command, option or argument
  3   the config file cannot be used
  4   a server failed
  5   a limit was reached
  6   the policy or a read-only run refused a call
  70  a fault of ours`;

/** Runs one command and answers its exit status. Never rejects. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const environment = readEnvironment();
  if (args.length === 0 && !environment.isTerminal.stdin) args = ['serve'];
  const plain = { stdout: process.stdout, stderr: process.stderr, variables: environment.variables };
  let printer: Printer | undefined;
  let status = 0;
  try {
    refuseNodeOptions(args);
    if (args[0] === CHILD_COMMAND && args.length === 1) {
      const { runSandboxChild } = await import('../app/sandbox-child.ts');
      runSandboxChild(environment);
      return await new Promise<never>(() => {});
    }
    const serveOptions = plainServe(args);
    if (serveOptions) {
      const { serve } = await import('./serve.ts');
      return await serve({ environment, options: serveOptions });
    }
    const program = await grammar(
      environment,
      plain,
      (used) => {
        printer = used;
      },
      (result) => {
        status = result;
      },
    );
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: 'user' });
    return status;
  } catch (error) {
    if (isHelpOrVersion(error)) return 0;
    const { Printer } = await import('./printer.ts');
    printer ??= new Printer({ ...plain, json: args.includes('--json') });
    return printer.failure(error).exitStatus;
  }
}

/**
 * The executable takes options for Node from its command line so that it can start itself as a confined child, and for
 * nothing else. Node has taken them from `args` by now and acted on them; the command is refused all the same.
 */
function refuseNodeOptions(args: readonly string[]): void {
  const taken = process.getBuiltinModule('node:sea').isSea() ? process.execArgv : [];
  const isChild = args[0] === CHILD_COMMAND && args.length === 1;
  if (!args.some((arg) => /^--node-options(=|$)/.test(arg)) && (taken.length === 0 || isChild)) return;
  throw new OptimizerError('request.command', 'options for Node are not taken', {
    hint: 'Leave `--node-options` out.',
  });
}

const SERVE_OPTIONS: Readonly<Record<string, string>> = {
  '--config': 'config',
  '-c': 'config',
  '--state': 'state',
  '--log-level': 'logLevel',
  '--mode': 'mode',
  '--profile': 'profile',
  '--http': 'http',
};

/**
 * The hot way: an MCP client starts `serve`, with a config at most, and waits for the first answer. These few forms are
 * read without loading the grammar; everything else, and every mistake, goes the long way.
 */
function plainServe(args: readonly string[]): GlobalOptions | undefined {
  if (args[0] !== 'serve' || args.length % 2 === 0) return undefined;
  const options: Record<string, string> = {};
  for (let index = 1; index < args.length; index += 2) {
    const name = SERVE_OPTIONS[args[index] as string];
    const value = args[index + 1];
    if (name === undefined || value === undefined || value.startsWith('-') || name in options) return undefined;
    options[name] = value;
  }
  return options;
}

function isHelpOrVersion(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code === 'commander.helpDisplayed' || code === 'commander.help' || code === 'commander.version';
}

async function grammar(
  environment: Environment,
  plain: { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream; variables: Environment['variables'] },
  usePrinter: (printer: Printer) => void,
  setStatus: (status: number) => void,
) {
  const [{ Command }, { Printer }] = await Promise.all([import('commander'), import('./printer.ts')]);
  const program = new Command('mcp-optimizer').enablePositionalOptions();

  const common = (command: InstanceType<typeof Command>): InstanceType<typeof Command> =>
    command
      .option(
        '-c, --config <file>',
        'config file (default: mcp-optimizer.json or .yaml here, then in the user’s config folder)',
      )
      .option('--state <where>', 'path of the SQLite file, redis://host:port, or "memory"')
      .option('--log-level <level>', 'trace, debug, info, warn, error or silent; logs are JSON lines on stderr')
      .option('--json', 'print one JSON value on stdout')
      .option('-q, --quiet', 'print nothing but the answer')
      .option('-v, --verbose', 'print more on stderr')
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .allowExcessArguments(false)
      .addHelpText('after', EXIT_STATUSES);

  const contextOf = (options: GlobalOptions): CommandContext => {
    const verbosity = options.quiet ? 'quiet' : options.verbose ? 'verbose' : 'normal';
    const printer = new Printer({ ...plain, verbosity, json: options.json ?? false });
    usePrinter(printer);
    return { environment, printer, options };
  };

  program
    .description(
      'The layer between an AI agent and its MCP servers: three small tools, one program, only the answer comes back.',
    )
    .option('--version', 'print versions of product, Node, engine and the engine’s WASM hash')
    .option('--json', 'with --version: print JSON')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText(
      'after',
      `\nWithout a command: serve when stdin is not a terminal, this help when it is.\n${EXIT_STATUSES}`,
    )
    .action(async (options: { version?: boolean; json?: boolean }, command: { args: string[] }) => {
      const [unknown] = command.args;
      if (unknown !== undefined)
        throw await unknownCommand(
          unknown,
          program.commands.map((known) => known.name()),
        );
      if (!options.version) {
        program.outputHelp();
        return;
      }
      const { printVersion } = await import('./version.ts');
      printVersion(contextOf(options));
    })
    .allowExcessArguments(true);

  common(program.command('serve'))
    .description('answer MCP and optimizer/* requests on stdin and stdout until the input ends, or MCP over HTTP')
    .option('--mode <mode>', 'what clients are shown: code, hybrid or direct')
    .option('--profile <name>', 'a profile of the config')
    .option('--http <host:port>', 'listen there for MCP over HTTP, for example 127.0.0.1:8080, instead of the pipe')
    .action(async (options: GlobalOptions) => {
      const { serve } = await import('./serve.ts');
      setStatus(await serve(contextOf(options)));
    });

  common(program.command('run'))
    .description('run a program against the configured servers and print what it returns')
    .argument('<file>', 'file with the program, or - for stdin')
    .option('-p, --params <json>', 'JSON object that the program sees as `params`')
    .option('--read-only', 'refuse tools that may write')
    .option('--language <name>', 'typescript, javascript; in a container: python, shell, node')
    .option('--session <name>', 'go on with the variables of this session, and keep them')
    .option(
      '--limit <name=value>',
      'lower a limit for this run, for example wallMs=5000; may be given several times',
      (pair: string, pairs: string[]) => [...pairs, pair],
      [] as string[],
    )
    .action(async (file: string, options: GlobalOptions & RunOptions) => {
      const { run } = await import('./run.ts');
      setStatus(await run(contextOf(options), file, options));
    });

  common(program.command('search'))
    .description('find tools by words; without words, list the servers')
    .argument('[words...]', 'what is needed')
    .option('-n, --limit <count>', 'number of matches (default 5, at most 50)')
    .action(async (words: string[], options: GlobalOptions & { limit?: string }) => {
      const { search } = await import('./search.ts');
      setStatus(await search(contextOf(options), words.join(' '), options));
    });

  common(program.command('types'))
    .description('print the TypeScript declaration of a tool, of all tools of a server, or of everything')
    .argument('[name]', 'server, or server.tool')
    .action(async (name: string | undefined, options: GlobalOptions) => {
      const { types } = await import('./types.ts');
      setStatus(await types(contextOf(options), name));
    });

  const servers = common(program.command('servers'))
    .description('connect to every configured server and say how it is')
    .action(async (options: GlobalOptions) => {
      const { servers } = await import('./servers.ts');
      setStatus(await servers(contextOf(options)));
    });

  common(servers.command('approve'))
    .description('show what a server has changed in its tools since they were approved, and approve it')
    .argument('<name>', 'the server')
    .option('--tool <tool>', 'only this tool')
    .option('-y, --yes', 'approve without asking')
    .action(async (name: string, _: unknown, command: InstanceType<typeof Command>) => {
      const options = command.optsWithGlobals<GlobalOptions & { yes?: boolean; tool?: string }>();
      const { approve } = await import('./approve.ts');
      setStatus(await approve(contextOf(options), name, options));
    });

  const plugins = program.command('plugins').description('WebAssembly components that add tools');
  common(plugins.command('list'))
    .description('start every plugin of the config and say how it is')
    .action(async (options: GlobalOptions) => {
      const { listPlugins } = await import('./plugins.ts');
      setStatus(await listPlugins(contextOf(options)));
    });
  common(plugins.command('verify'))
    .description('check a component and print its digest, what it imports and its tools')
    .argument('<file>', 'the component, a .wasm file')
    .action(async (file: string, options: GlobalOptions) => {
      const { verifyPlugin } = await import('./plugins.ts');
      setStatus(await verifyPlugin(contextOf(options), file));
    });
  common(plugins.command('wit'))
    .description('print the WIT world that a plugin implements')
    .action(async (options: GlobalOptions) => {
      const { printAdapterWorld } = await import('./plugins.ts');
      printAdapterWorld(contextOf(options));
    });

  const { addIntentCommands } = await import('./intents-grammar.ts');
  addIntentCommands({ program, common, contextOf, setStatus });

  const manifest = program
    .command('manifest')
    .description('the signed summary of what can be done here, for programs and models')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });

  common(manifest.command('show', { isDefault: true }))
    .description('print it, signed, as one line of JSON')
    .action(async (options: GlobalOptions) => {
      const { showManifest } = await import('./manifest.ts');
      setStatus(await showManifest(contextOf(options)));
    });

  common(manifest.command('verify'))
    .description('check the signature of a manifest; exit status 0 when it fits, 1 when it does not')
    .argument('[file]', 'file with what `manifest show` printed, or - for stdin', '-')
    .option('--public-key <key>', 'the key that must have signed it: PEM, base64 or a file that holds it')
    .action(async (file: string, options: GlobalOptions & { publicKey?: string }) => {
      const { verifyManifest } = await import('./manifest.ts');
      setStatus(await verifyManifest(contextOf(options), file, options));
    });

  const images = program.command('images').description('images for programs in containers');
  common(images.command('build'))
    .description('make images from this machine’s own files, without a registry')
    .argument('[languages...]', 'python, shell, node (default: all)')
    .action(async (languages: string[], options: GlobalOptions) => {
      const { buildImages } = await import('./images.ts');
      setStatus(await buildImages(contextOf(options), languages));
    });

  common(program.command('doctor'))
    .description('look at environment, config, state, sandbox, servers and token costs, and say what to do')
    .action(async (options: GlobalOptions) => {
      const { doctor } = await import('./doctor.ts');
      setStatus(await doctor(contextOf(options)));
    });

  common(program.command('licenses'))
    .description('print the licences of everything inside this executable')
    .action(async (options: GlobalOptions) => {
      const { printLicenses } = await import('./version.ts');
      printLicenses(contextOf(options));
    });

  return program;
}

async function unknownCommand(name: string, known: readonly string[]): Promise<OptimizerError> {
  const { nearest } = await import('../core/nearest.ts');
  const [close] = nearest(name, known, 1);
  return new OptimizerError('request.command', `there is no command \`${name.slice(0, 80)}\``, {
    hint: close === undefined ? `Commands: ${known.join(', ')}.` : `Did you mean \`${close}\`?`,
  });
}
