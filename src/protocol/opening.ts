/**
 * The first answer of a connection, given before the MCP SDK is loaded. Loading the SDK and building its schemas takes
 * some 35 ms in the packaged binary, more than the rest of the start together, and a client waits for nothing else. Decision:
 * only a plain 2025-era `initialize` is answered here; the SDK is given the same request afterwards, stays the authority
 * for everything that follows, and its own answer, which a test holds equal to this one, is not sent a second time.
 */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Mode } from '../core/mode.ts';
import type { RpcRequest } from './json-rpc.ts';

export interface ServerIdentity {
  readonly name: string;
  readonly version: string;
}

/** Revisions that begin with `initialize`, newest first; a test compares the list with the SDK's. */
export const HANDSHAKE_REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'] as const;

/**
 * What a connection offers. The list of tools never changes but in `direct`, where it is that of the servers; there, too,
 * the servers' log messages are passed on.
 */
export function capabilitiesOf(mode: Mode): JsonObject {
  const others = { resources: { subscribe: true, listChanged: true }, prompts: { listChanged: true }, completions: {} };
  return mode === 'direct' ? { tools: { listChanged: true }, ...others, logging: {} } : { tools: {}, ...others };
}

/** The answer to `request`, or undefined when only the SDK can give it. The parameters have been checked. */
export function greeting(
  request: RpcRequest,
  server: ServerIdentity,
  instructions: string,
  mode: Mode,
): JsonObject | undefined {
  // In `direct` the instructions are those of the servers, which are not known yet.
  if (mode === 'direct' || request.method !== 'initialize' || hasEnvelope(request.params?._meta)) return undefined;
  const asked = request.params?.protocolVersion;
  const protocolVersion = HANDSHAKE_REVISIONS.find((revision) => revision === asked) ?? HANDSHAKE_REVISIONS[0];
  return { protocolVersion, capabilities: capabilitiesOf(mode), serverInfo: { ...server }, instructions };
}

/** From 2026-07-28 on a request carries its revision in `_meta`. */
function hasEnvelope(meta: Json | undefined): boolean {
  return isJsonObject(meta) && Object.keys(meta).some((key) => key.startsWith('io.modelcontextprotocol/'));
}
