/**
 * The manifest as a resource of MCP: what a client reads that knows nothing of `optimizer/*`. The text is the signed
 * document of `optimizer/manifest`, so that it can be verified wherever it is carried.
 */
import type { JsonObject } from '../core/json.ts';
import type { OwnResources } from './connection.ts';
import type { ManifestPort } from './manifest-port.ts';

export const MANIFEST_URI = 'optimizer://manifest';

const ENTRY = {
  uri: MANIFEST_URI,
  name: 'manifest',
  title: 'What can be done here',
  description: 'Servers, capabilities, modes, limits and backends in at most 200 tokens, signed.',
  mimeType: 'application/json',
};

/** Reading it rejects with `state.unavailable` when it cannot be signed. */
export function manifestResources(engine: ManifestPort): OwnResources {
  return {
    list: () => [ENTRY],
    async read(uri): Promise<JsonObject | undefined> {
      if (uri !== MANIFEST_URI) return undefined;
      const text = JSON.stringify(await engine.manifest());
      return { contents: [{ uri: MANIFEST_URI, mimeType: ENTRY.mimeType, text }] };
    },
  };
}
