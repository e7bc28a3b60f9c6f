/**
 * What the tests of the documents share: reading Markdown apart, a folder with the files that the examples speak of, and
 * the built binary, run on them. A document says `npx -y PACKAGE`; here the package is started from node_modules, so that
 * nothing is downloaded.
 */
import { spawn } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json, JsonObject } from '../../src/core/json.ts';

export const ROOT = join(import.meta.dirname, '../..');
export const BINARY = join(ROOT, 'dist/mcp-optimizer');

export interface Block {
  /** What follows the opening fence: `sh`, `json config`, … */
  readonly info: string;
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly lines: readonly string[];
  readonly blocks: readonly Block[];
  /** The lines outside of code blocks, without comments; those inside are empty, so that numbers stay. */
  readonly prose: readonly string[];
}

export function readPage(path: string): Page {
  const lines = readFileSync(join(ROOT, path), 'utf8').replace(/\n$/, '').split('\n');
  const blocks: Block[] = [];
  const prose: string[] = [];
  let open: { info: string; line: number; text: string[] } | undefined;
  for (const [index, line] of lines.entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence && open === undefined) open = { info: (fence[1] as string).trim(), line: index + 1, text: [] };
    else if (fence && open) {
      blocks.push({ info: open.info, line: open.line, text: open.text.join('\n') });
      open = undefined;
    } else if (open) open.text.push(line);
    prose.push(fence || open ? '' : line.replaceAll(/<!--.*?-->/g, ''));
  }
  if (open) throw new Error(`${path}:${open.line}: the code block is not closed`);
  return { path, lines, blocks, prose };
}

/** Every Markdown page that the project has written itself. */
export function allPages(): Page[] {
  const exclude = ['**/node_modules/**', 'dist/**', 'coverage/**'];
  return globSync('**/*.md', { cwd: ROOT, exclude }).sort().map(readPage);
}

/** A config as a document shows it, with packages started from node_modules and `/data` in place of the real folder. */
export function localConfig(text: string, dataFolder: string): string {
  const config = JSON.parse(text.replaceAll('/data', dataFolder)) as { mcpServers: Record<string, JsonObject> };
  for (const server of Object.values(config.mcpServers)) {
    const [yes, name, ...args] = (server.args ?? []) as string[];
    if (server.command !== 'npx' || yes !== '-y') throw new Error('an example starts its servers with `npx -y`');
    server.command = join(ROOT, 'node_modules/.bin/node');
    server.args = [join(ROOT, 'node_modules', name as string, 'dist/index.js'), ...args];
  }
  return JSON.stringify(config);
}

/** A folder of its own; `remove` it at the end. */
export class Folder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'optimizer-docs-')));

  write(name: string, text: string): string {
    const path = join(this.path, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. `input` is all of its stdin. The state folder is inside `cwd`. */
export function runProgram(command: string, args: readonly string[], cwd: string, input = ''): Promise<Ran> {
  const env = {
    ...process.env,
    XDG_STATE_HOME: join(cwd, '.state'),
    XDG_CONFIG_HOME: join(cwd, '.config'),
    NO_COLOR: '1',
  };
  const child = spawn(command, args, { cwd, env });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Figures that no two runs share. */
const VARYING = new Set(
  ['ms', 'wallMs', 'guestCpuMs', 'queueMs', 'memoryPeakBytes', 'bytesIn', 'bytesOut', 'uptimeMs', 'rssBytes'].concat(
    'tools',
    'shown',
  ),
);

/** Where `actual` is not what `shown` says; undefined when it is. See the rules at the top of docs/protocol.md. */
export function misfit(shown: Json, actual: Json | undefined, path = ''): string | undefined {
  if (typeof shown === 'string' && typeof actual === 'string') {
    const pattern = shown.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${pattern.join('[^]*')}$`).test(actual) ? undefined : `${path}: ${JSON.stringify(actual)}`;
  }
  if (Array.isArray(shown) && Array.isArray(actual)) {
    const open = shown.at(-1) === '…';
    const wanted = open ? shown.slice(0, -1) : shown;
    if (open ? actual.length < wanted.length : actual.length !== wanted.length)
      return `${path}: ${actual.length} items`;
    return first(wanted.map((item, index) => misfit(item, actual[index], `${path}[${index}]`)));
  }
  if (isObject(shown) && isObject(actual)) {
    const { '…': open, ...wanted } = shown;
    const extra = open === undefined ? Object.keys(actual).filter((key) => !Object.hasOwn(wanted, key)) : [];
    if (extra.length > 0) return `${path}: also has ${extra.join(', ')}`;
    return first(
      Object.entries(wanted).map(([key, value]) => {
        if (VARYING.has(key) && typeof value === 'number' && typeof actual[key] === 'number') return undefined;
        return misfit(value as Json, actual[key], `${path}.${key}`);
      }),
    );
  }
  return Object.is(shown, actual) ? undefined : `${path}: ${JSON.stringify(actual)}`;
}

function first(results: ReadonlyArray<string | undefined>): string | undefined {
  return results.find((result) => result !== undefined);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
