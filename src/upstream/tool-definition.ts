/** A tool as a server lists it, after the lenient reading of `upstream/list-tools`. */
import type { JsonObject } from '../core/json.ts';

export interface ToolAnnotations {
  readonly title?: string;
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

export interface ToolDefinition {
  /** The server's own name of the tool. */
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  /** As the server sent it, when it was an object; `{}` when it was not. */
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly annotations: ToolAnnotations;
  /** Members that nothing here reads (`_meta`, `icons`, …), as the server sent them, for whoever shows the definition on. */
  readonly extra?: JsonObject;
  /** What was wrong with the definition, in one sentence; the tool stays callable. */
  readonly problem?: string;
}
