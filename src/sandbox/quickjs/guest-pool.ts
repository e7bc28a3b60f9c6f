/**
 * The guests of one worker. A used guest goes back only to the tenant that used it; a fresh one serves anybody, once.
 * Making and resetting happen off a run's path where that is possible: a reset runs after the end has been sent.
 */
import type { Guest } from './guest.ts';
import type { GuestMaker } from './guest-maker.ts';
import type { WorkerStats } from './messages.ts';

export class GuestPool {
  readonly #maker: GuestMaker;
  readonly #warmWanted: number;
  readonly #idleMax: number;
  readonly #nowMs: () => number;
  readonly #fresh: Guest[] = [];
  readonly #used = new Map<string, Guest[]>();
  readonly #discarded: Record<string, number> = {};
  #usedCount = 0;
  #leased = 0;
  #made = 0;
  #resets = 0;
  #resetMs = 0;
  #makeMs = 0;

  constructor(maker: GuestMaker, warmWanted: number, idleMax: number, nowMs: () => number) {
    this.#maker = maker;
    this.#warmWanted = warmWanted;
    this.#idleMax = idleMax;
    this.#nowMs = nowMs;
  }

  /** A guest that no other tenant has ever used. The caller gives it back with `giveBack`, once. */
  lease(tenant: string): Guest {
    this.#leased++;
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
      this.#discard(reason);
      return;
    }
    const start = this.#nowMs();
    guest.reset();
    this.#resetMs += this.#nowMs() - start;
    this.#resets++;
    const own = this.#used.get(tenant);
    if (own) own.push(guest);
    else this.#used.set(tenant, [guest]);
    this.#usedCount++;
    this.#trim();
  }

  /** Makes one fresh guest if fewer than wanted are ready; false when enough are. One at a time, between messages. */
  warmOne(): boolean {
    if (this.#fresh.length + this.#usedCount + this.#leased >= this.#warmWanted) return false;
    this.#fresh.push(this.#make());
    return true;
  }

  /** Guests made so far. */
  get made(): number {
    return this.#made;
  }

  stats(): WorkerStats {
    return {
      warm: this.#fresh.length + this.#usedCount,
      leased: this.#leased,
      made: this.#made,
      discarded: { ...this.#discarded },
      resets: this.#resets,
      resetMsTotal: this.#resetMs,
      makeMsTotal: this.#makeMs,
    };
  }

  #make(): Guest {
    const start = this.#nowMs();
    const guest = this.#maker.make();
    this.#makeMs += this.#nowMs() - start;
    this.#made++;
    return guest;
  }

  /** Drops the guests of the tenant that has waited longest (a Map keeps the order of insertion). */
  #trim(): void {
    while (this.#fresh.length + this.#usedCount > this.#idleMax) {
      const oldest = this.#used.entries().next().value;
      if (!oldest) return;
      const [tenant, guests] = oldest;
      guests.pop();
      this.#usedCount--;
      this.#discard('idle');
      if (guests.length === 0) this.#used.delete(tenant);
    }
  }

  #discard(reason: string): void {
    this.#discarded[reason] = (this.#discarded[reason] ?? 0) + 1;
  }
}
