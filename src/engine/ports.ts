/** What the engine needs of the floor below, as the few functions that it calls; `app` hands in catalogue and fleet. */

import type { OptimizerError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Asker } from '../upstream/asker.ts';
import type { ResultBlob } from '../upstream/results.ts';
import type { Effect } from '../upstream/server-spec.ts';

/** A tool as the gate sees it. */
export interface GateTool {
  readonly server: string;
  readonly name: string;
  readonly effect: Effect;
  /** One line, shown beside a refused call. */
  readonly signature: string;
  /** What a client would put into a model's prompt for this tool: the text behind `withoutOptimizer`. */
  readonly promptText: string;
  /** Why nothing may call it, whoever asks; the gate throws it. */
  readonly refusal?: OptimizerError | undefined;
}

export interface ArgumentIssue {
  readonly path: string;
  readonly message: string;
}

export interface ToolSource {
  /**
   * By original name or alias on both levels; waits for a server that is still listing. Rejects with `request.server` or
   * `request.tool` and the nearest names, or with the reason why the server cannot be listed.
   */
  require(server: string, tool: string): GateTool | Promise<GateTool>;
  /** Empty when the arguments fit the tool's input schema. */
  validate(tool: GateTool, args: Json): readonly ArgumentIssue[];
  search(query: string, limit: number | undefined, tenant: string | undefined): Promise<Json>;
}

export interface CallProgress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  onProgress(progress: CallProgress): void;
  /** Who answers when the server asks something meanwhile. */
  readonly asker?: Asker;
  /** Whose call it is; left out = nobody's in particular. */
  readonly tenant?: string;
  /** On whose behalf within the tenant; left out = the tenant itself. */
  readonly principal?: string;
  /** Canonical JSON of the arguments, where the caller has it already. */
  readonly argumentsText?: string;
  /** The answer is the server's result, untouched and with its bytes, in `raw`; nothing is taken apart, learned or kept. */
  readonly verbatim?: { readonly meta?: JsonObject };
}

/** The data of a tool's result, taken apart from its envelope; `raw` is the envelope, in both with handles for bytes. */
export type ToolAnswer = (
  | { readonly ok: true; readonly value: Json; readonly raw: Json }
  | { readonly ok: false; readonly message: string; readonly raw: Json }
) & {
  /** The bytes behind the handles. */
  readonly blobs?: readonly ResultBlob[];
  /** Not asked for now, but kept from a call before, or shared with one that was under way. */
  readonly cached?: boolean;
};

export interface ToolCaller {
  /** Rejects with an `upstream.*` or `limit.toolResult` OptimizerError. */
  call(server: string, tool: string, args: Json, options: CallOptions): Promise<ToolAnswer>;
}
