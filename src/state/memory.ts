/**
 * The store that forgets: entries live in the process and end with it. It serves `state: "memory"`, tests, and a machine
 * whose disk cannot be written.
 * The decision to know: expiry is checked when an entry is read, and sweeping happens on writes, so there is no timer.
 */
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import { assertStorable, expiryOf, SWEEP_INTERVAL_MS } from './entry.ts';
import type { Store, StoredEntry } from './store.ts';

export class MemoryStore implements Store {
  readonly name = 'memory';
  readonly #clock: Clock;
  readonly #namespaces = new Map<string, Map<string, StoredEntry>>();
  #sweptAtMs: number;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sweptAtMs = clock.nowMs();
  }

  async get(namespace: string, key: string): Promise<StoredEntry | undefined> {
    this.#assertOpen();
    assertStorable({ namespace, key });
    const entry = this.#namespaces.get(namespace)?.get(key);
    return entry !== undefined && this.#isAlive(entry) ? entry : undefined;
  }

  async set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void> {
    this.#assertOpen();
    assertStorable({ namespace, key, text });
    const updatedAtMs = this.#clock.nowMs();
    const entry = Object.freeze({ text, expiresAtMs: expiryOf(updatedAtMs, ttlMs), updatedAtMs });
    const entries = this.#namespaces.get(namespace) ?? new Map<string, StoredEntry>();
    this.#namespaces.set(namespace, entries.set(key, entry));
    if (updatedAtMs - this.#sweptAtMs >= SWEEP_INTERVAL_MS) this.#sweep(updatedAtMs);
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    this.#assertOpen();
    assertStorable({ namespace, key });
    const entry = this.#namespaces.get(namespace)?.get(key);
    this.#namespaces.get(namespace)?.delete(key);
    return entry !== undefined && this.#isAlive(entry);
  }

  async list(namespace: string, prefix = ''): Promise<string[]> {
    this.#assertOpen();
    assertStorable({ namespace, key: prefix });
    const keys: string[] = [];
    for (const [key, entry] of this.#namespaces.get(namespace) ?? []) {
      if (key.startsWith(prefix) && this.#isAlive(entry)) keys.push(key);
    }
    return keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
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

  #isAlive(entry: StoredEntry): boolean {
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
