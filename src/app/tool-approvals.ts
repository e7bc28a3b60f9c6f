/**
 * Where lists of tools, approvals and the catalogue meet. Every list passes here on its way into the catalogue; a tool
 * whose definition is not the approved one goes in with the old one in the place of the new, so that no model reads a
 * word that nobody has looked at, and the gate refuses to call it.
 *
 *   server ─list─▶ fleet ─▶ judge ─▶ catalogue ─▶ search, describe, types (approved texts only)
 *                              └─ blocked ─▶ gate: `denied.changed`
 *
 * Decision to know: approvals made by another process are noticed by asking the store when a blocked tool is called or
 * searched for. A call of an approved tool asks nobody.
 */
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import { jsonHash } from '../core/json.ts';
import { type PendingTool, PinBook, type PinStore } from '../policy/pin-book.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { BlockReason, PinnedDefinition } from '../policy/tool-pins.ts';
import type { Log } from '../telemetry/log.ts';
import type { Catalog, CatalogTool } from '../upstream/catalog.ts';
import { listKey } from '../upstream/list-cache.ts';
import type { ServerSpec } from '../upstream/server-spec.ts';
import type { ToolDefinition } from '../upstream/tool-definition.ts';

export interface ToolApprovalsOptions {
  readonly servers: readonly ServerSpec[];
  /** Path of the config file; pins belong to a server's name in it. */
  readonly configPath: string | undefined;
  readonly catalog: Catalog;
  readonly store: PinStore;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when the catalogue has got the tools of a server anew. Must not throw. */
  onShown(server: string): void;
}

/** A store on this machine has answered long before. */
const LOAD_WAIT_MS = 250;

/** What a model reads first of a blocked tool. */
const NOTES: Readonly<Record<BlockReason, string>> = {
  changed: 'Changed since it was approved; calls are refused until a person approves it.',
  full: 'Not approved: too many tools; calls are refused until a person approves it.',
  unknown: 'Approvals cannot be read; calls are refused until they can be.',
};

export class ToolApprovals {
  readonly #options: ToolApprovalsOptions;
  readonly #book: PinBook;
  readonly #effects: ReadonlyMap<string, ServerSpec['effects']>;
  /** The last list of each server as it came. */
  readonly #lists = new Map<string, readonly ToolDefinition[]>();
  readonly #listeners = new Set<() => void>();
  /** The server whose list is being judged: it is shown once, afterwards. */
  #taking: string | undefined;

  constructor(options: ToolApprovalsOptions) {
    const { servers, configPath, store, redactor, clock, log } = options;
    this.#options = options;
    this.#effects = new Map(servers.map(({ name, effects }) => [name, effects]));
    this.#book = new PinBook(
      servers.map((spec) => ({ name: spec.name, start: listKey(spec) })),
      {
        store,
        clock,
        log,
        scope: jsonHash(configPath ?? ''),
        redact: (value) => redactor.json(value),
        onVerdict: (server) => {
          if (server !== this.#taking) this.#show(server);
          for (const listener of this.#listeners) listener();
        },
      },
    );
  }

  /**
   * Reads what has been approved; before the first list comes. Never rejects. A store that does not answer is not waited
   * for: lists that come before it does are judged when it has.
   */
  async load(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LOAD_WAIT_MS);
    });
    await Promise.race([this.#book.load(), late]);
    clearTimeout(timer);
  }

  /** Takes the list of a server, and puts into the catalogue what may be shown of it. */
  listed(server: string, tools: readonly ToolDefinition[]): void {
    this.#lists.set(server, tools);
    this.#taking = server;
    this.#book.judge(server, tools);
    this.#taking = undefined;
    this.#show(server);
  }

  /** Tells `listener` that a tool was blocked or is free again. Must not throw. Returns the function that ends it. */
  onVerdict(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Why a blocked tool is not called. */
  refusalOf({ server, name, blocked }: CatalogTool): OptimizerError | undefined {
    if (blocked === undefined) return undefined;
    const id = `${server}.${name}`;
    const data = { tool: id };
    if (blocked === 'unknown') {
      const message = `the approvals of \`${server}\` cannot be read, so nothing of it is called; \`${id}\` was not called`;
      return new OptimizerError('state.unavailable', message, { data });
    }
    const what = blocked === 'changed' ? 'has changed its definition since it was approved' : 'is one tool too many';
    return new OptimizerError('denied.changed', `\`${id}\` ${what}; it was not called`, {
      hint: `A person looks at the difference and approves it: \`mcp-optimizer servers approve ${server}\`.`,
      data,
    });
  }

  /** A blocked tool as it is after another look at the store. */
  async lookAgain({ server, name }: CatalogTool): Promise<CatalogTool> {
    await this.#book.refresh(server);
    return this.#options.catalog.requireTool(server, name);
  }

  /** Another look at the store for all servers with a blocked tool; returns at once when there is none. */
  async lookAgainAtAll(): Promise<void> {
    const servers = this.#book.blockedServers();
    if (servers.length > 0) await Promise.all(servers.map((server) => this.#book.refresh(server)));
  }

  /** The tools of a server that wait for a person, by name. */
  waiting(server: string): string[] {
    return [...this.#book.blocked(server)].flatMap(([tool, reason]) => (reason === 'unknown' ? [] : [tool]));
  }

  /** What people are told of a server. */
  problems(server: string): string[] {
    const said: string[] = [];
    const waiting = this.waiting(server);
    if (waiting.length > 0) {
      const shown = waiting.slice(0, 5).map((tool) => `\`${tool}\``);
      const rest = waiting.length > shown.length ? ` and ${waiting.length - shown.length} more` : '';
      said.push(
        `changed since approved, not callable: ${shown.join(', ')}${rest} (mcp-optimizer servers approve ${server})`,
      );
    }
    if (this.#book.blocked(server).size > waiting.length)
      said.push('its approvals cannot be read; nothing of it is called');
    for (const { tool, changes } of this.#book.flipped(server).slice(0, 5)) {
      said.push(`\`${tool}\` has changed its definition ${changes} times since it was approved`);
    }
    return said;
  }

  /** What waits for a person, with both texts. */
  pending(server: string): Promise<PendingTool[]> {
    return this.#book.pending(server);
  }

  /** Approves what a person has seen, whatever is listed by now. Rejects with `state.unavailable` when it cannot be kept. */
  approve(server: string, seen: readonly PendingTool[]): Promise<void> {
    return this.#book.approve(
      server,
      seen.map((tool) => tool.new),
    );
  }

  /** Resolves when everything that was begun has been kept, or could not be. */
  close(): Promise<void> {
    return this.#book.close();
  }

  #show(server: string): void {
    const tools = this.#lists.get(server);
    if (tools === undefined) return;
    const blocked = this.#book.blocked(server);
    this.#put(server, tools, blocked, new Map());
    if (blocked.size > 0) void this.#showApproved(server, tools, blocked);
  }

  /** The approved texts come from the store, a moment later. */
  async #showApproved(
    server: string,
    tools: readonly ToolDefinition[],
    blocked: ReadonlyMap<string, BlockReason>,
  ): Promise<void> {
    const approved = await this.#book.approved(server);
    if (approved.size === 0 || this.#lists.get(server) !== tools || this.#book.blocked(server) !== blocked) return;
    this.#put(server, tools, blocked, approved);
  }

  #put(
    server: string,
    tools: readonly ToolDefinition[],
    blocked: ReadonlyMap<string, BlockReason>,
    approved: ReadonlyMap<string, PinnedDefinition>,
  ): void {
    const shown = blocked.size === 0 ? tools : tools.map((tool) => harmless(tool, blocked, approved));
    this.#options.catalog.setServer(server, shown, { effects: this.#effects.get(server) ?? {}, blocked });
    this.#options.onShown(server);
  }
}

/** The definition itself, or for a blocked tool the approved one under a note; without one, the name and the note. */
function harmless(
  tool: ToolDefinition,
  blocked: ReadonlyMap<string, BlockReason>,
  approved: ReadonlyMap<string, PinnedDefinition>,
): ToolDefinition {
  const reason = blocked.get(tool.name);
  if (reason === undefined) return tool;
  const note = NOTES[reason];
  const old = approved.get(tool.name);
  if (old === undefined) return { name: tool.name, description: note, inputSchema: {}, annotations: {} };
  const description = old.description === undefined ? note : `${note} ${old.description}`;
  return { ...(old as ToolDefinition), name: tool.name, description };
}
