/** The shapes of `optimizer/manifest`. */
import { type MethodSchema, params, record, text } from './schema-parts.ts';

export const MANIFEST_SCHEMAS = {
  'optimizer/manifest': {
    params: params({}),
    result: record({
      manifest: { type: 'object' },
      signature: text,
      publicKey: text,
      algorithm: { const: 'Ed25519' },
    }),
  },
} as const satisfies Record<string, MethodSchema>;
