/** The handler of `optimizer/manifest`. */

import type { Handler } from './handler.ts';
import type { ManifestPort } from './manifest-port.ts';
import type { MANIFEST_SCHEMAS } from './schema-manifest.ts';

export function manifestHandlers(engine: ManifestPort): Readonly<Record<keyof typeof MANIFEST_SCHEMAS, Handler>> {
  return { 'optimizer/manifest': async () => ({ ...(await engine.manifest()) }) };
}
