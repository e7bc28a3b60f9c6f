/**
 * The process as a value: its variables, its folders, its terminals. The only file that reads `process.env`, `process` and
 * `os`; everything after it can be tested with an environment of one's own.
 * The decision to know: a child server inherits a short list of variables, not all of them, so that a key that was meant
 * for one server does not reach every other one. What a server needs beyond the list stands in its `env`.
 */
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { posix, win32 } from 'node:path';
import { isatty } from 'node:tty';

/** `node:path` of one platform. */
export type PlatformPath = typeof posix;

export interface Environment {
  readonly variables: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly homeDirectory: string;
  readonly platform: NodeJS.Platform;
  /** `node:path` of this platform. */
  readonly paths: PlatformPath;
  /** Where a config file is looked for after the working directory. */
  readonly configDirectory: string;
  /** Where state is kept by default. */
  readonly stateDirectory: string;
  readonly processors: number;
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** What a child server inherits; its own `env` is laid over it. */
  readonly childVariables: Readonly<Record<string, string>>;
}

/** What `environmentOf` derives the rest from. */
export interface EnvironmentFacts {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDirectory: string;
  readonly platform: NodeJS.Platform;
  readonly processors?: number;
  readonly isTerminal?: Environment['isTerminal'];
}

const PRODUCT = 'mcp-optimizer';

/** Variables that say where and who, and hold no secret: inherited by children, and never redacted. */
const PLAIN_VARIABLES = [
  ...['HOME', 'LOGNAME', 'USER', 'SHELL', 'PATH', 'PWD', 'TERM', 'TZ', 'TMPDIR', 'LANG', 'LANGUAGE', 'HOSTNAME'],
  ...['LC_ALL', 'LC_CTYPE', 'LC_MESSAGES', 'LC_NUMERIC', 'LC_TIME', 'LC_COLLATE', 'LC_MONETARY'],
  ...['XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR'],
  ...['APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA', 'PROGRAMFILES', 'PROGRAMFILES(X86)', 'COMMONPROGRAMFILES'],
  ...['HOMEDRIVE', 'HOMEPATH', 'USERPROFILE', 'USERNAME', 'COMPUTERNAME', 'COMSPEC', 'PATHEXT', 'OS'],
  ...['SYSTEMDRIVE', 'SYSTEMROOT', 'WINDIR', 'TEMP', 'TMP', 'PROCESSOR_ARCHITECTURE', 'NUMBER_OF_PROCESSORS'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS', 'NO_PROXY'],
] as const;

/** Inherited as well, because without them a server behind a proxy reaches nothing; they may hold a password. */
const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'] as const;

const plainNames: ReadonlySet<string> = new Set(PLAIN_VARIABLES);
const inheritedNames: ReadonlySet<string> = new Set([...PLAIN_VARIABLES, ...PROXY_VARIABLES]);

/** Reads the process, once, at start. */
export function readEnvironment(): Environment {
  return environmentOf({
    variables: process.env,
    cwd: process.cwd(),
    homeDirectory: readHomeDirectory(),
    platform: process.platform,
    processors: availableParallelism(),
    // Asked of the descriptors: touching `process.stdin` would open a stream that somebody else may want to open.
    isTerminal: { stdin: isatty(0), stdout: isatty(1), stderr: isatty(2) },
  });
}

/** Completes an environment from its facts. Pure. */
export function environmentOf(facts: EnvironmentFacts): Environment {
  const paths = facts.platform === 'win32' ? win32 : posix;
  const variables: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(facts.variables)) {
    if (value !== undefined) variables[name] = value;
  }
  const directories = userDirectories(facts, variables, paths);
  return {
    variables: Object.freeze(variables),
    cwd: facts.cwd,
    homeDirectory: facts.homeDirectory,
    platform: facts.platform,
    paths,
    configDirectory: directories.config,
    stateDirectory: directories.state,
    processors: facts.processors ?? 1,
    isTerminal: facts.isTerminal ?? { stdin: false, stdout: false, stderr: false },
    childVariables: Object.freeze(inheritedBy(variables)),
  };
}

/** The value of a variable; names are compared without case on Windows, as the system itself does. */
export function variableOf(environment: Environment, name: string): string | undefined {
  const exact = environment.variables[name];
  if (exact !== undefined || environment.platform !== 'win32') return exact;
  const wanted = name.toUpperCase();
  const entry = Object.entries(environment.variables).find(([known]) => known.toUpperCase() === wanted);
  return entry?.[1];
}

/** True for a variable that says where and who (`HOME`, `PATH`, …) and is therefore never treated as a secret. */
export function isPlainVariable(name: string): boolean {
  return plainNames.has(name.toUpperCase());
}

function inheritedBy(variables: Readonly<Record<string, string>>): Record<string, string> {
  const inherited: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(variables)) {
    // A value that starts with `()` is a shell function that bash exported; a child has no use for it.
    if (inheritedNames.has(name.toUpperCase()) && !value.startsWith('()')) inherited[name] = value;
  }
  return inherited;
}

/** XDG on Linux and the like, the platform's own places on macOS and Windows. XDG paths must be absolute to count. */
function userDirectories(
  facts: EnvironmentFacts,
  variables: Readonly<Record<string, string>>,
  paths: PlatformPath,
): { config: string; state: string } {
  const absolute = (name: string): string | undefined => {
    const value = variables[name];
    return value !== undefined && paths.isAbsolute(value) ? value : undefined;
  };
  const inHome = (...parts: string[]): string => paths.join(facts.homeDirectory, ...parts);
  switch (facts.platform) {
    case 'win32':
      return {
        config: paths.join(absolute('APPDATA') ?? inHome('AppData', 'Roaming'), PRODUCT),
        state: paths.join(absolute('LOCALAPPDATA') ?? inHome('AppData', 'Local'), PRODUCT),
      };
    case 'darwin': {
      const support = inHome('Library', 'Application Support', PRODUCT);
      return { config: support, state: support };
    }
    default:
      return {
        config: paths.join(absolute('XDG_CONFIG_HOME') ?? inHome('.config'), PRODUCT),
        state: paths.join(absolute('XDG_STATE_HOME') ?? inHome('.local', 'state'), PRODUCT),
      };
  }
}

/** A container may run as a user without a home; the temporary folder stands in for it. */
function readHomeDirectory(): string {
  try {
    return homedir() || tmpdir();
  } catch {
    return tmpdir();
  }
}
