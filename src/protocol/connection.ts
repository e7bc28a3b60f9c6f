/** What a server for one connection is built from: the house behind it, and what is particular to the connection. */
import type { JsonObject } from '../core/json.ts';
import type { CheckMode } from '../engine/request.ts';
import type { Log } from '../telemetry/log.ts';
import type { KeptConversations } from './conversations.ts';
import type { EnginePort } from './engine-port.ts';
import type { Face } from './face.ts';
import type { ServerIdentity } from './opening.ts';
import type { PassThrough } from './pass-through.ts';
import type { Surface } from './surface.ts';

export type Sdk = typeof import('@modelcontextprotocol/server') & typeof import('@modelcontextprotocol/server/stdio');

export interface FaceDependencies {
  readonly engine: EnginePort;
  /** The servers themselves; asked for when a client first needs them. */
  readonly passThrough: () => Promise<PassThrough>;
  readonly surface: Surface;
  readonly server: ServerIdentity;
  readonly log: Log;
  /** How programs of a model are checked before they run. */
  readonly check: CheckMode;
  /** Resources of ours, listed before those of the servers; by default the manifest. */
  readonly ownResources?: OwnResources;
}

export interface OwnResources {
  /** As `resources/list` shows them. */
  list(): readonly JsonObject[];
  /** A result of `resources/read`, or undefined when `uri` is none of ours. */
  read(uri: string): Promise<JsonObject | undefined>;
}

export interface Connection {
  readonly face: Face;
  /** When news of servers may be told: after the client's hello, at once (2026-07-28), or not by this server. */
  readonly news: 'afterHello' | 'now' | 'never';
  /** Ends the calls that are under way; unlike cancelled ones they are answered. */
  readonly stop: AbortSignal;
  readonly instructions: string;
  /** Calls of this client, or of all clients of an address, that wait for an answer. */
  readonly kept: KeptConversations;
}
