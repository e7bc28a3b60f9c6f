/**
 * The store that forgets: entries live in the process and end with it. It serves `state: "memory"`, tests, and a machine
 * whose disk cannot be written.
 * The decision to know: expiry is checked when an entry is read, and sweeping happens on writes, so there is no timer.
 */
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import {
  assertStorable,
  assertWritable,
  expiryOf,
  numberOf,
  refusalOf,
  SWEEP_INTERVAL_MS,
  sizeOf,
  sumOf,
  type Usage,
} from './entry.ts';
import type {
  EntryFacts,
  IncrementResult,
  PutResult,
  Store,
  StoredBytes,
  StoredEntry,
  WriteConditions,
} from './store.ts';

interface Kept {
  readonly value: string | Uint8Array;
  readonly size: number;
  readonly version: number;
  readonly expiresAtMs: number | undefined;
  readonly updatedAtMs: number;
}

export class MemoryStore implements Store {
  readonly name = 'memory';
  readonly #clock: Clock;
  readonly #namespaces = new Map<string, Map<string, Kept>>();
  #sweptAtMs: number;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sweptAtMs = clock.nowMs();
  }

  async get(namespace: string, key: string): Promise<StoredEntry | undefined> {
    assertStorable({ namespace, key });
    const kept = this.#living(namespace, key);
    if (typeof kept?.value !== 'string') return undefined;
    const { value, version, expiresAtMs, updatedAtMs } = kept;
    return { text: value, version, expiresAtMs, updatedAtMs };
  }

  async set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void> {
    this.#write(namespace, key, text, ttlMs === undefined ? {} : { ttlMs });
  }

  async getBytes(namespace: string, key: string): Promise<StoredBytes | undefined> {
    assertStorable({ namespace, key });
    const kept = this.#living(namespace, key);
    if (kept === undefined || typeof kept.value === 'string') return undefined;
    const { value, version, expiresAtMs, updatedAtMs } = kept;
    return { bytes: value.slice(), version, expiresAtMs, updatedAtMs };
  }

  async setBytes(namespace: string, key: string, bytes: Uint8Array, ttlMs?: number): Promise<void> {
    this.#write(namespace, key, bytes, ttlMs === undefined ? {} : { ttlMs });
  }

  async put(
    namespace: string,
    key: string,
    value: string | Uint8Array,
    conditions: WriteConditions = {},
  ): Promise<PutResult> {
    return this.#write(namespace, key, value, conditions);
  }

  async increment(
    namespace: string,
    key: string,
    by: number,
    conditions: WriteConditions = {},
  ): Promise<IncrementResult> {
    assertStorable({ namespace, key });
    const kept = this.#living(namespace, key);
    const { ifVersion } = conditions;
    if (ifVersion !== undefined && ifVersion !== (kept?.version ?? 0)) {
      return { status: 'conflict', version: kept?.version ?? 0 };
    }
    const found = kept === undefined ? undefined : typeof kept.value === 'string' ? kept.value : null;
    const value = sumOf(key, numberOf(key, found), by);
    const done = this.#write(namespace, key, JSON.stringify(value), conditions, kept?.expiresAtMs);
    return done.status === 'ok' ? { ...done, value } : done;
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    assertStorable({ namespace, key });
    const kept = this.#living(namespace, key);
    this.#namespaces.get(namespace)?.delete(key);
    return kept !== undefined;
  }

  async list(namespace: string, prefix = ''): Promise<string[]> {
    return (await this.entries(namespace, prefix)).map(({ key }) => key);
  }

  async entries(namespace: string, prefix = ''): Promise<EntryFacts[]> {
    this.#assertOpen();
    assertStorable({ namespace, key: prefix });
    const facts: EntryFacts[] = [];
    for (const [key, kept] of this.#namespaces.get(namespace) ?? []) {
      if (!key.startsWith(prefix) || !this.#isAlive(kept)) continue;
      const { size, version, expiresAtMs, updatedAtMs } = kept;
      facts.push({ key, bytes: size, version, expiresAtMs, updatedAtMs });
    }
    return facts.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  async clear(namespace: string): Promise<number> {
    this.#assertOpen();
    assertStorable({ namespace });
    const { entries } = this.#usageOf(namespace);
    this.#namespaces.delete(namespace);
    return entries;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#namespaces.clear();
  }

  /** How many entries occupy memory, expired ones that are not yet swept included. */
  get entryCount(): number {
    let count = 0;
    for (const entries of this.#namespaces.values()) count += entries.size;
    return count;
  }

  /** `keptExpiryMs` is used when the conditions have no `ttlMs`. */
  #write(
    namespace: string,
    key: string,
    value: string | Uint8Array,
    conditions: WriteConditions,
    keptExpiryMs?: number,
  ): PutResult {
    assertWritable(namespace, key, value);
    const current = this.#living(namespace, key);
    const updatedAtMs = this.#clock.nowMs();
    const expiresAtMs = expiryOf(updatedAtMs, conditions.ttlMs) ?? keptExpiryMs;
    const size = sizeOf(key, value);
    const refusal = refusalOf(conditions, size, current, () => this.#usageOf(namespace));
    if (refusal) return refusal;
    const version = (current?.version ?? 0) + 1;
    const own = typeof value === 'string' ? value : value.slice();
    const kept: Kept = Object.freeze({ value: own, size, version, expiresAtMs, updatedAtMs });
    const entries = this.#namespaces.get(namespace) ?? new Map<string, Kept>();
    this.#namespaces.set(namespace, entries.set(key, kept));
    if (updatedAtMs - this.#sweptAtMs >= SWEEP_INTERVAL_MS) this.#sweep(updatedAtMs);
    return { status: 'ok', version };
  }

  #living(namespace: string, key: string): Kept | undefined {
    this.#assertOpen();
    const kept = this.#namespaces.get(namespace)?.get(key);
    return kept !== undefined && this.#isAlive(kept) ? kept : undefined;
  }

  #usageOf(namespace: string): Usage {
    let [bytes, entries] = [0, 0];
    for (const kept of this.#namespaces.get(namespace)?.values() ?? []) {
      if (!this.#isAlive(kept)) continue;
      bytes += kept.size;
      entries++;
    }
    return { bytes, entries };
  }

  #isAlive(entry: Kept): boolean {
    return entry.expiresAtMs === undefined || entry.expiresAtMs > this.#clock.nowMs();
  }

  #sweep(nowMs: number): void {
    this.#sweptAtMs = nowMs;
    for (const [namespace, entries] of this.#namespaces) {
      for (const [key, entry] of entries) {
        if (!this.#isAlive(entry)) entries.delete(key);
      }
      if (entries.size === 0) this.#namespaces.delete(namespace);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new OptimizerError('state.unavailable', 'The memory store is closed.');
  }
}
