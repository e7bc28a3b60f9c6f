/**
 * `npm start`: the product's main job on real input. Makes sample data, starts the built binary as any MCP client does,
 * with three real servers behind it, searches, runs one program over forty files, checks the answer against one that was
 * computed without it, and shows what it cost with and without. Needs no network and no service.
 * Exit status 1 with the reason when anything is not as it should be; no process is left behind.
 */
import { deepStrictEqual } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { openProject, pinnedNode } from '../project.ts';
import { NEEDED, PROGRAM, QUERY } from './program.ts';
import { expectedAnswer, makeSampleData, writeSampleData } from './sample-data.ts';
import {
  contentText,
  type DirectCall,
  definitionTokens,
  measureDirectCalls,
  type ServerCommand,
  tokensOf,
} from './session-ledger.ts';

/** In the environment of every server that is started here, so that one that was left behind can be found. */
const MARK = 'MCP_OPTIMIZER_MAIN_JOB';
const SEARCHES_MAX = 5;
const STEP_TIMEOUT_MS = 30_000;

const project = openProject();
const folder = join(project.work, 'main-job');
const dataFolder = join(folder, 'data');

/** What a model would have read and written in the session through the optimizer. */
interface Session {
  readonly tools: number;
  readonly surfaceTokens: number;
  readonly found: string;
  readonly answer: string;
}

async function mainJob(): Promise<void> {
  const binary = builtBinary();
  say('MCP Optimizer: the main job on real servers\n');
  const data = makeSampleData();
  const files = writeSampleData(dataFolder, data);
  say(`Sample data   ${files} files in ${relative(project.root, dataFolder)}`);
  const servers = serverCommands(join(folder, 'memory.jsonl'));
  const config = join(folder, 'mcp-optimizer.json');
  writeFileSync(
    config,
    `${JSON.stringify({ mcpServers: servers, state: 'memory', intents: join(project.root, 'examples/intents') }, null, 2)}\n`,
  );
  say(`Servers       ${Object.keys(servers).join(', ')} (${relative(project.root, config)})`);
  say(`Binary        ${relative(project.root, binary)}, spoken to as an MCP client does`);

  const session = await throughOptimizer(binary, config);
  checkAnswer(session.answer, data, join(folder, 'memory.jsonl'));
  section('The answer: all that the model reads', session.answer);
  say('\n  It is right: the same figures were computed from the data without a model, a program or a server.');

  const direct = await measureDirectCalls(serverCommands(join(folder, 'memory-direct.jsonl')), directPlan());
  showLedger(session, direct);
}

function builtBinary(): string {
  const wanted = pinnedNode(project);
  if (process.versions.node !== wanted) {
    throw new Error(`This is Node ${process.versions.node}; run it with \`npm start\`, which uses Node ${wanted}.`);
  }
  const binary = join(project.work, process.platform === 'win32' ? 'mcp-optimizer.exe' : 'mcp-optimizer');
  if (!existsSync(binary)) throw new Error(`There is no ${binary}; run \`npm run build\` first.`);
  return binary;
}

/** The three servers, started by this Node and by absolute paths, so that neither PATH nor the folder matters. */
function serverCommands(memoryFile: string): Record<string, ServerCommand> {
  const require = createRequire(import.meta.url);
  const env = { [MARK]: String(process.pid) };
  const server = (name: string, args: string[], more: Record<string, string> = {}): ServerCommand => ({
    command: process.execPath,
    args: [require.resolve(`@modelcontextprotocol/server-${name}/dist/index.js`), ...args],
    env: { ...env, ...more },
  });
  rmSync(memoryFile, { force: true });
  return {
    filesystem: server('filesystem', [dataFolder]),
    memory: server('memory', [], { MEMORY_FILE_PATH: memoryFile }),
    everything: server('everything', []),
  };
}

async function throughOptimizer(binary: string, config: string): Promise<Session> {
  const transport = new StdioClientTransport({ command: binary, args: ['serve', '--config', config], stderr: 'pipe' });
  const words: string[] = [];
  transport.stderr?.on('data', (chunk: Buffer) => words.push(chunk.toString('utf8')));
  const client = new Client({ name: 'main-job', version: '1.0.0' });
  try {
    await client.connect(transport, { timeout: STEP_TIMEOUT_MS });
    const { tools } = await client.listTools(undefined, { timeout: STEP_TIMEOUT_MS });
    say(`Tools         ${tools.map(({ name }) => name).join(', ')}: all that the client's model sees`);
    const found = await searchTools(client);
    section(`search_tools ${JSON.stringify(QUERY)}`, cutLines(found, 118));
    section('run_code', PROGRAM);
    const { content, isError } = await client.callTool(
      { name: 'run_code', arguments: { code: PROGRAM } },
      { timeout: STEP_TIMEOUT_MS },
    );
    const answer = contentText(content);
    if (isError) throw new Error(`The program failed.\n${answer}`);
    const surfaceTokens = definitionTokens(tools) + tokensOf(client.getInstructions() ?? '');
    return { tools: tools.length, surfaceTokens, found, answer };
  } catch (error) {
    throw words.length === 0 ? error : new Error(`${reasonOf(error)}\nThe binary said:\n${words.join('')}`);
  } finally {
    await client.close();
  }
}

/** A search does not wait for ever for servers that are still starting; like a model, the job then searches again. */
async function searchTools(client: Client): Promise<string> {
  for (let search = 1; ; search += 1) {
    const { content } = await client.callTool(
      { name: 'search_tools', arguments: { query: QUERY } },
      { timeout: STEP_TIMEOUT_MS },
    );
    const found = contentText(content);
    if (NEEDED.every((name) => found.includes(`tools.${name}(`))) return found;
    if (search === SEARCHES_MAX) throw new Error(`The search did not find ${NEEDED.join(', ')}:\n${found}`);
  }
}

/** Compares with the answer that was computed from the data in memory, and looks for the entity that was written. */
function checkAnswer(answer: string, data: ReturnType<typeof makeSampleData>, memoryFile: string): void {
  const value: unknown = JSON.parse(answer.slice(0, answer.indexOf('\n')));
  const expected = expectedAnswer(data);
  deepStrictEqual(value, expected, `The answer is wrong. Got ${answer}\nExpected ${JSON.stringify(expected)}`);
  const memory = existsSync(memoryFile) ? readFileSync(memoryFile, 'utf8') : '';
  if (!memory.includes(`paid in cents: ${expected.paidTotal}`)) {
    throw new Error(`The memory server did not keep the entity; ${memoryFile} holds: ${memory || 'nothing'}`);
  }
}

/** The calls of the program, as a model would have to make them one by one. */
function directPlan(): DirectCall[] {
  const call = (tool: string, given: Record<string, unknown>): DirectCall => ({
    server: 'filesystem',
    tool,
    arguments: given,
  });
  const paths = ['orders', 'logs'].flatMap((name) =>
    readdirSync(join(dataFolder, name)).map((file) => join(dataFolder, name, file)),
  );
  const entity = {
    name: 'orders-2026-01',
    entityType: 'report',
    observations: ['paid in cents: 0', 'best customer: nobody'],
  };
  return [
    call('list_allowed_directories', {}),
    call('list_directory', { path: join(dataFolder, 'orders') }),
    call('list_directory', { path: join(dataFolder, 'logs') }),
    ...[join(dataFolder, 'customers.csv'), ...paths].map((path) => call('read_text_file', { path })),
    { server: 'memory', tool: 'create_entities', arguments: { entities: [entity] } },
  ];
}

function showLedger(session: Session, direct: Awaited<ReturnType<typeof measureDirectCalls>>): void {
  const rows: Array<[string, number]> = [
    [`${session.tools} tools and the instructions`, session.surfaceTokens],
    ['the search and its answer', tokensOf(JSON.stringify({ query: QUERY }), session.found)],
    ['the program', tokensOf(JSON.stringify({ code: PROGRAM }))],
    ['the answer', tokensOf(session.answer)],
  ];
  const plan = directPlan().length;
  const directRows: Array<[string, number]> = [
    [`definitions of all ${direct.tools} tools of the 3 servers`, direct.definitionTokens],
    [`the ${plan} calls`, direct.callTokens],
    [`their ${plan} results`, direct.resultTokens],
  ];
  const sum = (all: typeof rows): number => all.reduce((total, [, tokens]) => total + tokens, 0);
  const line = ([name, tokens]: [string, number]): string =>
    `  ${name.padEnd(46)}${tokens.toLocaleString('en-US').padStart(9)}`;
  const [withIt, without] = [sum(rows), sum(directRows)];
  section(
    'Tokens of the whole session (o200k_base)',
    [
      'With MCP Optimizer',
      ...rows.map(line),
      line(['together', withIt]),
      'Without: the same work by direct calls',
      ...directRows.map(line),
      line(['together', without]),
    ].join('\n'),
  );
  say(`\n  ${(without / withIt).toFixed(0)} times fewer: ${((1 - withIt / without) * 100).toFixed(1)} % saved.`);
  say(
    '  How it was counted: by gpt-tokenizer, each text once. The direct calls were really made, on the same servers and',
  );
  say('  files. A conversation sends definitions and history again with every turn; that would widen the difference.');
  if (without <= withIt) throw new Error('The session cost no fewer tokens than direct calls.');
}

/** Servers of this job that still run. Linux only: elsewhere the environment of a process cannot be read. */
function leftBehind(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARK}=${process.pid}`);
      } catch {
        // It has ended meanwhile, or it belongs to somebody else and is none of ours.
        return false;
      }
    })
    .map(Number);
}

function section(title: string, text: string): void {
  say(`\n${title}\n`);
  say(text.replace(/^(?=.)/gm, '  '));
}

function cutLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => (line.length <= columns ? line : `${line.slice(0, columns - 1)}…`))
    .join('\n');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const startedMs = performance.now();
try {
  mkdirSync(folder, { recursive: true });
  await mainJob();
  const left = leftBehind();
  if (left.length > 0) throw new Error(`Processes were left behind: ${left.join(', ')}.`);
  say(`\nDone in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`);
} catch (error) {
  process.stderr.write(`\nThe main job failed: ${reasonOf(error)}\n`);
  process.exitCode = 1;
}
