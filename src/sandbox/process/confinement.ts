/**
 * Proof that this process is confined. A flag that was not understood confines nothing and says nothing, so a child does not
 * believe its command line: it tries what it must not be able to do, and takes no work unless every attempt is refused.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { isDenied } from './confine-thread.ts';

const ATTEMPTS: Readonly<Record<string, () => void>> = {
  'read its own code': () => void readFileSync(process.argv[1] ?? process.execPath),
  'read a folder': () => void readdirSync(parse(process.execPath).root),
  'write a file': () => writeFileSync(join(tmpdir(), `mcp-optimizer-${process.pid}.proof`), ''),
  'start a process': () => {
    const { error } = spawnSync(process.execPath, ['--version'], { timeout: 1_000 });
    if (error) throw error;
  },
  'listen on the network': () => void createServer().listen(0).close(),
};

/** What systems put into every process; nothing of it is a secret. */
const SYSTEM_VARIABLE =
  /^(__CF_USER_TEXT_ENCODING|COMSPEC|HOMEDRIVE|HOMEPATH|LOGONSERVER|PATH|SYSTEM(DRIVE|ROOT)|TEMP|USER(DOMAIN|NAME|PROFILE)|WINDIR)$/i;

/**
 * What this process can do and must not; empty when it is confined. Also drops what it was given for its start.
 * `variables` are the names in its environment.
 */
export function confinementGaps(variables: readonly string[]): string[] {
  const { permission } = process;
  if (permission === undefined) return ['do anything: the permission model is off'];
  // Development reads its own code from files; by now it has.
  permission.drop('fs.read');
  const gaps = Object.entries(ATTEMPTS).flatMap(([name, attempt]) => (isDenied(attempt) ? [] : [name]));
  for (const scope of ['fs.read', 'fs.write', 'child', 'net', 'addon', 'wasi', 'inspector']) {
    if (permission.has(scope)) gaps.push(scope);
  }
  const inherited = variables.filter((name) => process.platform === 'linux' || !SYSTEM_VARIABLE.test(name));
  return [...gaps, ...inherited.map((name) => `see the variable ${name}`)];
}
