/**
 * The intents that tenants have saved, in the store: one entry for each, compiled when it is first used and kept until its
 * entry changes. Another process may change it at any time, so each use looks at the store; that costs a read, not a parse.
 */
import { LRUCache } from 'lru-cache';
import { OptimizerError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Store } from '../../state/store.ts';
import type { Log } from '../../telemetry/log.ts';
import type { TypeEraser } from '../type-eraser.ts';
import { type Intent, type IntentDefinition, readDefinition } from './intent.ts';
import { readIntentText } from './read-intent.ts';

export interface SavedIntentsOptions {
  readonly store: Store;
  readonly sourceBytesMax: number;
  /** Of one tenant. */
  readonly intentsMax: number;
  readonly types: Pick<TypeEraser, 'erase'>;
  readonly log: Log;
}

interface Compiled {
  readonly text: string;
  readonly intent: Intent;
}

/** Compiled programs kept in memory, all tenants together. */
const COMPILED_MAX = 1_000;

export class SavedIntents {
  readonly #options: SavedIntentsOptions;
  readonly #compiled = new LRUCache<string, Compiled>({ max: COMPILED_MAX });

  constructor(options: SavedIntentsOptions) {
    this.#options = options;
  }

  /** By its own name. Rejects with `state.unavailable`. */
  async find(tenant: string, name: string): Promise<Intent | undefined> {
    const entry = await this.#options.store.get(namespaceOf(tenant), name);
    if (entry === undefined) return undefined;
    const key = JSON.stringify([tenant, name]);
    const known = this.#compiled.get(key);
    if (known?.text === entry.text) return known.intent;
    const intent = await this.#read(entry.text, name);
    if (intent !== undefined) this.#compiled.set(key, { text: entry.text, intent });
    return intent;
  }

  /** All of a tenant, in the order of their names. */
  async list(tenant: string): Promise<Intent[]> {
    const names = await this.#options.store.list(namespaceOf(tenant));
    const found = await Promise.all(names.map((name) => this.find(tenant, name)));
    return found.filter((intent) => intent !== undefined);
  }

  /** Keeps or replaces an intent. Rejects with `limit.intents` when the tenant has too many. */
  async save(tenant: string, { name, ...rest }: IntentDefinition, code: string): Promise<void> {
    const { store, intentsMax } = this.#options;
    const text = JSON.stringify({ ...rest, code });
    const result = await store.put(namespaceOf(tenant), name, text, { entriesMax: intentsMax });
    if (result.status !== 'full') return;
    throw new OptimizerError(
      'limit.intents',
      `the tenant has ${result.entries} saved intents (limit \`savedIntents\` = ${intentsMax}); \`${name}\` was not saved`,
      { hint: 'Delete one that nobody needs.' },
    );
  }

  delete(tenant: string, name: string): Promise<boolean> {
    return this.#options.store.delete(namespaceOf(tenant), name);
  }

  /** Undefined, with a line in the log, for an entry that this version cannot read. */
  async #read(text: string, name: string): Promise<Intent | undefined> {
    const { sourceBytesMax, types, log } = this.#options;
    try {
      const { code, ...said } = JSON.parse(text) as { code: string } & Record<string, Json>;
      const { program } = await readIntentText(code, sourceBytesMax, types);
      return { ...readDefinition({ ...said, name }, 'intent'), source: 'saved', code, program };
    } catch (error) {
      log.warn({ intent: name, error: String(error) }, 'a saved intent cannot be read');
      return undefined;
    }
  }
}

function namespaceOf(tenant: string): string {
  return `intents/${tenant}`;
}
