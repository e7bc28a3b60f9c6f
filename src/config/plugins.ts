/**
 * The plugins of the file: each becomes a `PluginSpec`, which says what runs, and a server of the same name, which says how
 * it is called. A plugin without a digest is refused here, because the digest is what the operator agrees to.
 */
import { PLUGIN_DEFAULTS, type PluginHost, type PluginSpec } from '../plugins/plugin-spec.ts';
import type { PluginServerSpec } from '../upstream/server-spec.ts';
import { SERVER_DEFAULTS } from './config.ts';
import type { Environment } from './environment.ts';
import { resolvePath } from './locate.ts';
import type { Places } from './places.ts';
import type { Path, Problem } from './problem.ts';
import type { PluginValue } from './schema.ts';

export interface PluginsContext {
  readonly environment: Environment;
  /** Folder of the config file: a relative `path` starts there. */
  readonly baseDirectory: string;
  readonly places: Places;
  /** Names that are taken. */
  readonly serverNames: ReadonlySet<string>;
  readonly toolTimeoutMs: number;
  readonly problems: Problem[];
}

export interface ReadPlugins {
  readonly plugins: readonly PluginSpec[];
  readonly servers: readonly PluginServerSpec[];
}

/** As for servers: longer names only make signatures unreadable. */
const NAME_CHARS_MAX = 128;

export function readPlugins(
  section: Readonly<Record<string, PluginValue>> | undefined,
  context: PluginsContext,
): ReadPlugins {
  const plugins: PluginSpec[] = [];
  const servers: PluginServerSpec[] = [];
  for (const [name, value] of Object.entries(section ?? {})) {
    if (value.disabled === true) continue;
    const path: Path = ['plugins', name];
    checkName(name, path, context);
    if (value.path === undefined) complain(context, path, 'the plugin has no `path`', 'Name the component’s file.');
    if (value.sha256 === undefined) {
      const hint = '`mcp-optimizer plugins verify FILE` prints it.';
      complain(context, path, 'the plugin has no `sha256`, and only a component that is pinned is loaded', hint);
    }
    const hosts = readHosts(value, path, context);
    if (value.path === undefined || value.sha256 === undefined) continue;
    const sha256 = value.sha256.toLowerCase();
    plugins.push({
      name,
      path: resolvePath(value.path, context.baseDirectory, context.environment),
      sha256,
      hosts,
      memoryBytes: value.memoryBytes ?? PLUGIN_DEFAULTS.memoryBytes,
    });
    servers.push({
      name,
      transport: 'plugin',
      sha256,
      timeoutMs: value.timeoutMs ?? context.toolTimeoutMs,
      startTimeoutMs: value.startTimeoutMs ?? SERVER_DEFAULTS.startTimeoutMs,
      toolTimeoutsMs: Object.assign(Object.create(null), value.tools?.timeoutsMs),
      include: value.tools?.include,
      exclude: value.tools?.exclude ?? [],
      effects: Object.assign(Object.create(null), value.effects),
      era: 'legacy',
    });
  }
  return { plugins, servers };
}

/** `api.example.com` is `https://api.example.com`; anything else is written with its scheme. */
function readHosts(value: PluginValue, path: Path, context: PluginsContext): PluginHost[] {
  const hosts = (value.hosts ?? []).map((text, index) => {
    const origin = originOf(text);
    if (origin === undefined) {
      const hint = 'Write `api.example.com`, or scheme, host and port: `http://localhost:8080`.';
      complain(context, [...path, 'hosts', index], 'this is no host', hint);
    }
    return { text, origin };
  });
  for (const text of Object.keys(value.headers ?? {})) {
    if (hosts.some((host) => host.text === text)) continue;
    const hint = 'Add it to `hosts`, spelt the same.';
    complain(context, [...path, 'headers', text], 'headers are given for a host that `hosts` does not name', hint);
  }
  return hosts.flatMap(({ text, origin }) => {
    const headers = Object.entries(value.headers?.[text] ?? {}).map(([name, header]) => [name, String(header)]);
    return origin === undefined ? [] : [{ origin, headers: Object.fromEntries(headers) }];
  });
}

function originOf(text: string): string | undefined {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return undefined;
  return url.pathname === '/' && !text.includes('*') ? url.origin : undefined;
}

function checkName(name: string, path: Path, context: PluginsContext): void {
  const problem = { code: 'config.key' as const, path, place: context.places.ofKey(path) };
  if (name === '' || name.length > NAME_CHARS_MAX || /\p{Cc}/u.test(name)) {
    const message = `the name of a plugin has 1 to ${NAME_CHARS_MAX} characters, none of them a control character`;
    context.problems.push({ ...problem, message });
  } else if (context.serverNames.has(name)) {
    const message = `a server is called \`${name}\` as well, and programs know both by their name`;
    context.problems.push({ ...problem, message, hint: 'Call one of them something else.' });
  }
}

function complain(context: PluginsContext, path: Path, message: string, hint: string): void {
  context.problems.push({ code: 'config.value', message, path, place: context.places.ofValue(path), hint });
}
