/**
 * The manifest, put together: catalogue, config and backends as they are, in the budget of `engine/manifest`, signed with
 * the key of the store. A file apart, loaded at the first question, because few processes are ever asked.
 */
import { INTERFACES } from '../bindings/generated/interfaces.ts';
import type { Config } from '../config/config.ts';
import { canonicalJson, type JsonObject } from '../core/json.ts';
import { MODES } from '../core/mode.ts';
import type { TokenCounter } from '../engine/ledger.ts';
import { createManifest, manifestJson } from '../engine/manifest.ts';
import type { Redactor } from '../policy/redaction.ts';
import { type KeyStore, SigningKey } from '../policy/signing-key.ts';
import type { SignedManifest } from '../protocol/manifest-port.ts';
import type { Catalog } from '../upstream/catalog.ts';
import type { UpstreamFleet } from '../upstream/fleet.ts';
import { topicsOf } from '../upstream/server-topics.ts';

/** As a search does: what has not been listed by then is told without its tools. */
const LIST_WAIT_MS = 2_000;

export interface ManifestParts {
  readonly config: Pick<Config, 'faces' | 'limits'>;
  readonly version: string;
  readonly backends: readonly string[];
  readonly catalog: Catalog;
  readonly fleet: Pick<UpstreamFleet, 'whenListed'>;
  readonly store: KeyStore;
  readonly tokens: TokenCounter;
  readonly redactor: Redactor;
}

export class ManifestSource {
  readonly #parts: ManifestParts;
  readonly #key: SigningKey;
  #last: { readonly text: string; readonly signed: SignedManifest } | undefined;

  constructor(parts: ManifestParts) {
    this.#parts = parts;
    this.#key = new SigningKey(parts.store);
  }

  /** Signed anew only when it has changed. Rejects with `state.unavailable` when the key cannot be had. */
  async signed(): Promise<SignedManifest> {
    await this.#parts.fleet.whenListed(LIST_WAIT_MS);
    const manifest = this.#manifest();
    const text = canonicalJson(manifest);
    if (this.#last?.text !== text) this.#last = { text, signed: { manifest, ...(await this.#key.sign(manifest)) } };
    return this.#last.signed;
  }

  #manifest(): JsonObject {
    const { config, version, backends, catalog, tokens, redactor } = this.#parts;
    const servers = catalog.servers().map(({ name }) => {
      const tools = catalog.toolsOf(name).filter(({ blocked }) => blocked === undefined);
      const names = tools.map((tool) => tool.name);
      return { name, tools: tools.length, ...topicsOf(name, names) };
    });
    const capabilities = Object.keys(INTERFACES);
    const facts = {
      version,
      mode: config.faces.usual.mode,
      modes: MODES,
      backends,
      capabilities,
      limits: config.limits,
      servers,
    };
    return redactor.json(manifestJson(createManifest(facts, tokens))) as JsonObject;
  }
}
