/**
 * The servers as this room sees them when their own words are wanted and not what a program makes of them: lists, calls and
 * requests as they are. `app` hands it in; nothing here knows how a server is reached.
 */
import type { JsonObject } from '../core/json.ts';
import type { DirectCall, DirectContext } from '../engine/direct-calls.ts';
import type { Offer } from '../upstream/offers.ts';

/** A tool as its server defines it. */
export interface ListedTool {
  readonly server: string;
  readonly tool: string;
  /** The definition without its name: title, description, schemas, annotations, `_meta`, … */
  readonly definition: JsonObject;
  readonly effect: 'read' | 'write';
}

export interface UpstreamPort {
  /** In the order of the config. */
  serverNames(): readonly string[];
  /** The tools of all servers; waits up to `waitMs` for those that are still listing. Never rejects for a server. */
  tools(waitMs: number): Promise<readonly ListedTool[]>;
  /** The tools of one server; starts it if its list is not known. Empty, and logged, when it cannot be listed in `waitMs`. */
  toolsOf(server: string, waitMs: number): Promise<readonly ListedTool[]>;
  /** One call through the gate. Rejects with a `ServerError` or an `OptimizerError`. */
  call(call: DirectCall, context: DirectContext): Promise<JsonObject>;
  /** Any other request of MCP, answered as the server does, less secrets. Rejects as `call` does. */
  request(server: string, method: string, params: JsonObject, context: DirectContext): Promise<JsonObject>;
  /** Servers that offer it, in the order of the config. Whoever has never been asked is started and waited for, shortly. */
  offering(offer: Offer): Promise<readonly string[]>;
  /** What the servers say of themselves, as far as it is known. */
  instructions(): Promise<ReadonlyArray<{ readonly server: string; readonly text: string }>>;
  /** A server is connected now: a request would start nothing. */
  isReady(server: string): boolean;
  /** Lists of tools that have changed. Returns the function that ends it, as the two below do. */
  onToolsChanged(listener: () => void): () => void;
  /** What servers say by themselves, less secrets. */
  onNotification(listener: (server: string, method: string, params: JsonObject) => void): () => void;
  /** A server has been connected, perhaps anew. */
  onConnected(listener: (server: string) => void): () => void;
}
