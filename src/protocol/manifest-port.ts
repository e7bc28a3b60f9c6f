/** What the protocol needs for `optimizer/manifest` and the resource `optimizer://manifest`; `app` hands it in. */
import type { JsonObject } from '../core/json.ts';

export interface SignedManifest {
  /** What can be done here, in at most 200 tokens; docs/protocol.md has its members. */
  readonly manifest: JsonObject;
  /** Base64, over the canonical JSON (RFC 8785) of `manifest`. */
  readonly signature: string;
  /** Base64 of the DER form of the public key. */
  readonly publicKey: string;
  readonly algorithm: 'Ed25519';
}

export interface ManifestPort {
  /** Rejects with `state.unavailable` when the key cannot be had. */
  manifest(): Promise<SignedManifest>;
}
