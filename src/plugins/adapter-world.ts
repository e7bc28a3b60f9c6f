/**
 * What a component may import and must export: the names of wit/adapter.wit, and the few interfaces of WASI that a
 * language runtime asks for and that are answered with nothing (no files, no variables, no arguments, no network).
 *
 * Decision to know: this is an allow-list. Whatever is not named is refused before anything of the component runs.
 */

/** The package of our world, and the version that is spoken. A component for 1.0 may name any patch of it. */
export const ADAPTER_PACKAGE = 'mcp-optimizer:adapter';
const VERSION = /^1\.0\.\d+$/;

const OURS: ReadonlySet<string> = new Set(['host-http', 'host-log', 'types']);

/** WASI 0.2 without sockets and http. */
const WASI: ReadonlySet<string> = new Set([
  'wasi:cli/environment',
  'wasi:cli/exit',
  'wasi:cli/stderr',
  'wasi:cli/stdin',
  'wasi:cli/stdout',
  'wasi:cli/terminal-input',
  'wasi:cli/terminal-output',
  'wasi:cli/terminal-stderr',
  'wasi:cli/terminal-stdin',
  'wasi:cli/terminal-stdout',
  'wasi:clocks/monotonic-clock',
  'wasi:clocks/wall-clock',
  'wasi:filesystem/preopens',
  'wasi:filesystem/types',
  'wasi:io/error',
  'wasi:io/poll',
  'wasi:io/streams',
  'wasi:random/insecure',
  'wasi:random/insecure-seed',
  'wasi:random/random',
]);

/** The functions that a component must export, as the component spells them. */
export const ADAPTER_EXPORTS = ['list-tools', 'call-tool'] as const;

/** Why a component with these imports is refused, in one sentence; undefined when all are allowed. */
export function importsProblem(imports: readonly string[]): string | undefined {
  const refused = imports.filter((name) => !isAllowed(name)).sort();
  if (refused.length === 0) return undefined;
  const shown = refused.slice(0, 10).map((name) => JSON.stringify(name.slice(0, 200)));
  const more = refused.length > shown.length ? ` and ${refused.length - shown.length} more` : '';
  return `It imports ${shown.join(', ')}${more}, which no plugin is given.`;
}

/** Why a component with these exports is no adapter; undefined when it is one. Exports beside the two are ignored. */
export function exportsProblem(exports: ReadonlyArray<readonly [string, string]>): string | undefined {
  const functions = new Set(exports.filter(([, kind]) => kind === 'function').map(([name]) => kebab(name)));
  const missing = ADAPTER_EXPORTS.filter((name) => !functions.has(name));
  if (missing.length === 0) return undefined;
  return `It does not export ${missing.map((name) => `\`${name}\``).join(' and ')} of the world \`${ADAPTER_PACKAGE}/adapter\`.`;
}

function isAllowed(name: string): boolean {
  const { path, version } = splitVersion(name);
  if (path.startsWith(`${ADAPTER_PACKAGE}/`)) {
    const ours = OURS.has(path.slice(ADAPTER_PACKAGE.length + 1));
    return ours && (version === undefined || VERSION.test(version));
  }
  return WASI.has(path) && (version === undefined || /^0\.2\.\d+$/.test(version));
}

function splitVersion(name: string): { path: string; version: string | undefined } {
  const at = name.indexOf('@');
  return at < 0 ? { path: name, version: undefined } : { path: name.slice(0, at), version: name.slice(at + 1) };
}

/** `listTools` → `list-tools`: the translator names exports as JavaScript does. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
