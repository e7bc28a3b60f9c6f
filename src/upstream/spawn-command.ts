/**
 * What a server process is started with: the few variables of our own environment that it may see, and, on Windows, the
 * detour over `cmd.exe` that a `.cmd` file such as `npx` needs.
 *
 * Decision to know: a child never inherits our whole environment, because it holds the credentials of every other
 * server. What a server needs beyond this list is written in its own `env`.
 */
import { existsSync } from 'node:fs';
import { win32 } from 'node:path';

const POSIX_NAMES = ['HOME', 'LANG', 'LC_ALL', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER'];
const WINDOWS_NAMES = [
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATH',
  'PATHEXT',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMFILES',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
];

/** The members of `environment` that a server process inherits. Names compare without case on Windows, as they do there. */
export function inheritedEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  const allowed = new Set(platform === 'win32' ? WINDOWS_NAMES : POSIX_NAMES);
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    const key = platform === 'win32' ? name.toUpperCase() : name;
    // A value that starts with `()` is a shell function that an old shell would run.
    if (value !== undefined && allowed.has(key) && !value.startsWith('()')) inherited[name] = value;
  }
  return inherited;
}

export interface SpawnCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Windows only: the arguments are one finished command line. */
  readonly verbatim: boolean;
}

/**
 * The command as `spawn` can start it. On POSIX that is the command itself. On Windows a name is looked up along PATH and
 * PATHEXT, and a batch file is started through `cmd.exe` with every metacharacter escaped (twice, because a batch file
 * expands its arguments again).
 */
export function spawnCommand(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  platform: NodeJS.Platform = process.platform,
  exists: (path: string) => boolean = existsSync,
): SpawnCommand {
  if (platform !== 'win32') return { command, args, verbatim: false };
  const found = findOnWindows(command, env, exists) ?? command;
  if (!/\.(?:cmd|bat)$/i.test(found)) return { command: found, args, verbatim: false };
  const line = [escapeMeta(win32.normalize(found)), ...args.map((arg) => escapeMeta(escapeMeta(quote(arg))))].join(' ');
  return { command: variable(env, 'COMSPEC') ?? 'cmd.exe', args: ['/d', '/s', '/c', `"${line}"`], verbatim: true };
}

function variable(env: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(env).find(([key]) => key.toUpperCase() === name)?.[1];
}

function findOnWindows(
  command: string,
  env: Readonly<Record<string, string>>,
  exists: (path: string) => boolean,
): string | undefined {
  const endings = (variable(env, 'PATHEXT') ?? '.COM;.EXE;.BAT;.CMD').split(';').filter(Boolean);
  const names = win32.extname(command) === '' ? endings.map((ending) => command + ending) : [command];
  const folders = /[\\/]/.test(command) ? [''] : (variable(env, 'PATH') ?? '').split(';').filter(Boolean);
  for (const folder of folders) {
    for (const name of names) {
      const path = folder === '' ? name : win32.join(folder, name);
      if (exists(path)) return path;
    }
  }
  return undefined;
}

/** Quotes one argument by the rules of the Microsoft C runtime. */
function quote(arg: string): string {
  return `"${arg.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}

function escapeMeta(text: string): string {
  return text.replaceAll(/[()\][%!^"`<>&|;, *?]/g, '^$&');
}
