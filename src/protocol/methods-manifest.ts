/** The handler of `optimizer/manifest`. */
import type { ManifestPort } from './manifest-port.ts';
import type { Handler } from './methods.ts';
import type { MANIFEST_SCHEMAS } from './schema-manifest.ts';

export function manifestHandlers(engine: ManifestPort): Readonly<Record<keyof typeof MANIFEST_SCHEMAS, Handler>> {
  return { 'optimizer/manifest': async () => ({ ...(await engine.manifest()) }) };
}
