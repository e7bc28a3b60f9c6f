/**
 * The guests of one worker. A used guest goes back only to the tenant that used it; a fresh one serves anybody, once.
 * Making and resetting happen off a run's path where that is possible: a reset runs after the end has been sent.
 * A burst leaves many guests idle; those that no run needed between two clean-ups go, down to the number kept warm.
 */
import { Durations } from '../../core/durations.ts';
import type { Guest } from './guest.ts';
import type { GuestMaker } from './guest-maker.ts';
import type { WorkerBoot, WorkerStats } from './messages.ts';

/** Four guests as they begin, or one that has filled its memory: with the next one at its limit, twice 64 MiB at most. */
const GARBAGE_BYTES_MAX = 64 * 1024 * 1024;

export interface PoolMeans {
  readonly nowMs: () => number;
  /** Frees the memories of guests that nobody holds any more; takes some milliseconds. */
  readonly collect: () => void;
}

export type PoolSizes = Pick<WorkerBoot, 'warmGuests' | 'idleGuestsMax' | 'idleGuestsKept'>;

export class GuestPool {
  readonly #maker: GuestMaker;
  readonly #sizes: PoolSizes;
  readonly #nowMs: () => number;
  readonly #collect: () => void;
  readonly #fresh: Guest[] = [];
  readonly #used = new Map<string, Guest[]>();
  readonly #discarded: Record<string, number> = {};
  #usedCount = 0;
  /** Memories of guests that were given up and may still be there. */
  #garbageBytes = 0;
  #leased = 0;
  #made = 0;
  readonly #resetTimes = new Durations();
  readonly #makeTimes = new Durations();
  /** Fewest guests that were idle at any time since the last clean-up: so many were not needed. */
  #leastIdle = 0;

  constructor(maker: GuestMaker, sizes: PoolSizes, { nowMs, collect }: PoolMeans) {
    this.#maker = maker;
    this.#sizes = sizes;
    this.#nowMs = nowMs;
    this.#collect = collect;
  }

  /** A guest that no other tenant has ever used. The caller gives it back with `giveBack`, once. */
  lease(tenant: string): Guest {
    this.#leased++;
    this.#leastIdle = Math.max(0, Math.min(this.#leastIdle, this.#idle - 1));
    const own = this.#used.get(tenant);
    const reused = own?.pop();
    if (reused) {
      this.#usedCount--;
      if (own?.length === 0) this.#used.delete(tenant);
      return reused;
    }
    return this.#fresh.pop() ?? this.#make();
  }

  /** Takes a guest back after its run. `reason` names why it cannot be used again; `undefined` = it is clean. */
  giveBack(guest: Guest, tenant: string, reason: string | undefined): void {
    this.#leased--;
    if (reason !== undefined) {
      this.#discard(reason, guest);
      return;
    }
    const start = this.#nowMs();
    guest.reset();
    this.#resetTimes.add(this.#nowMs() - start);
    const own = this.#used.get(tenant);
    if (own) own.push(guest);
    else this.#used.set(tenant, [guest]);
    this.#usedCount++;
    this.#trim(this.#sizes.idleGuestsMax);
  }

  /** Lets go of the guests that have been idle since the last time, but for those that are kept. */
  cleanUp(): void {
    const { warmGuests, idleGuestsKept } = this.#sizes;
    this.#trim(Math.max(warmGuests, idleGuestsKept, this.#idle - this.#leastIdle));
    this.#leastIdle = this.#idle;
    if (this.#garbageBytes > 0) this.#collectNow();
  }

  /** Frees what guests left behind that were given up, when it is worth the while; between messages. */
  collectGarbage(): void {
    if (this.#garbageBytes >= GARBAGE_BYTES_MAX) this.#collectNow();
  }

  #collectNow(): void {
    this.#garbageBytes = 0;
    this.#collect();
  }

  /** Makes one fresh guest if fewer than wanted are ready; false when enough are. One at a time, between messages. */
  warmOne(): boolean {
    if (this.#idle + this.#leased >= this.#sizes.warmGuests) return false;
    this.#fresh.push(this.#make());
    return true;
  }

  /** Guests made so far. */
  get made(): number {
    return this.#made;
  }

  stats(): WorkerStats {
    return {
      warm: this.#idle,
      leased: this.#leased,
      made: this.#made,
      discarded: { ...this.#discarded },
      reset: this.#resetTimes.figures(),
      make: this.#makeTimes.figures(),
    };
  }

  get #idle(): number {
    return this.#fresh.length + this.#usedCount;
  }

  #make(): Guest {
    const start = this.#nowMs();
    const guest = this.#maker.make();
    this.#makeTimes.add(this.#nowMs() - start);
    this.#made++;
    return guest;
  }

  /** Drops guests until `most` are idle: first those of the tenant that has waited longest (a Map keeps the order), then fresh ones. */
  #trim(most: number): void {
    while (this.#idle > most) {
      const oldest = this.#used.entries().next().value;
      if (!oldest) {
        this.#discard('idle', this.#fresh.pop());
        continue;
      }
      const [tenant, guests] = oldest;
      this.#usedCount--;
      this.#discard('idle', guests.pop());
      if (guests.length === 0) this.#used.delete(tenant);
    }
  }

  #discard(reason: string, guest: Guest | undefined): void {
    this.#garbageBytes += guest?.memoryBytes ?? 0;
    this.#discarded[reason] = (this.#discarded[reason] ?? 0) + 1;
  }
}
