/**
 * The manifest as a resource of MCP: what a client reads that knows nothing of `optimizer/*`. The text is the signed
 * document of `optimizer/manifest`, so that it can be verified wherever it is carried.
 */
import type { JsonObject } from '../core/json.ts';
import type { ManifestPort } from './manifest-port.ts';

export const MANIFEST_URI = 'optimizer://manifest';

/** Its entry in `resources/list`. */
export const MANIFEST_RESOURCE = {
  uri: MANIFEST_URI,
  name: 'manifest',
  title: 'What can be done here',
  description: 'Servers, capabilities, modes, limits and backends in at most 200 tokens, signed.',
  mimeType: 'application/json',
} as const;

/** The answer to `resources/read`. Rejects with `state.unavailable` when it cannot be signed. */
export async function readManifestResource(engine: ManifestPort): Promise<{ contents: JsonObject[] }> {
  const text = JSON.stringify(await engine.manifest());
  return { contents: [{ uri: MANIFEST_URI, mimeType: MANIFEST_RESOURCE.mimeType, text }] };
}
