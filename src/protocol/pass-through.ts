/**
 * What all clients of the process share when they see the servers themselves: tools under exposed names, resources, prompts,
 * subscriptions. Built once, by `app`, when the first client needs it.
 */
import type { JsonObject } from '../core/json.ts';
import type { Log } from '../telemetry/log.ts';
import { exposeAll } from './exposed-names.ts';
import { Offerings } from './offerings.ts';
import { Subscriptions } from './subscriptions.ts';
import type { ListedTool, UpstreamPort } from './upstream-port.ts';

/** Servers that are still listing are waited for this long; what comes later is told by `list_changed`. */
const LIST_WAIT_MS = 10_000;

export interface HotTool {
  readonly server: string;
  readonly tool: string;
}

/** Tools as a client sees them. */
export interface ExposedTools {
  /** In the order of the servers, then of their lists. */
  readonly byName: ReadonlyMap<string, ListedTool>;
  /** As `tools/list` answers it. */
  readonly list: readonly JsonObject[];
}

export class PassThrough {
  readonly port: UpstreamPort;
  readonly offerings: Offerings;
  readonly subscriptions: Subscriptions;
  readonly #prefix: string;
  readonly #log: Log;
  /** Collisions and missing tools that have been said. */
  readonly #said = new Set<string>();

  /** `prefix` stands before every exposed name. */
  constructor(port: UpstreamPort, prefix: string, log: Log) {
    this.port = port;
    this.#prefix = prefix;
    this.#log = log;
    this.offerings = new Offerings(port, prefix, log);
    this.subscriptions = new Subscriptions(port, this.offerings, log);
  }

  /** The tools of all servers. Two that would have one name are both left out, which is an error in the log. */
  async tools(): Promise<ExposedTools> {
    return this.#exposed(await this.port.tools(LIST_WAIT_MS));
  }

  /** The tools of `hotSet`, in its order; one that its server does not have is left out, which is said in the log. */
  async hotTools(hotSet: readonly HotTool[]): Promise<ExposedTools> {
    const servers = [...new Set(hotSet.map(({ server }) => server))];
    const lists = new Map(
      await Promise.all(
        servers.map(async (server) => [server, await this.port.toolsOf(server, LIST_WAIT_MS)] as const),
      ),
    );
    const found = hotSet.flatMap(({ server, tool }) => {
      const listed = lists.get(server)?.find((candidate) => candidate.tool === tool);
      if (listed === undefined) this.#say(`${server}.${tool}`, {}, 'a tool of the hot set is not there');
      return listed === undefined ? [] : [listed];
    });
    return this.#exposed(found);
  }

  #exposed(listed: readonly ListedTool[]): ExposedTools {
    const { byName, collisions } = exposeAll(
      listed.map((tool) => ({ ...tool, name: tool.tool })),
      this.#prefix,
    );
    for (const collision of collisions) {
      this.#say(collision.name, collision, 'tools that would have one name are not shown; rename a server');
    }
    const list = [...byName].map(([name, { definition }]) => ({ name, ...definition }));
    return { byName, list };
  }

  #say(key: string, fields: Record<string, unknown>, message: string): void {
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#log.error({ name: key, ...fields }, message);
  }
}
