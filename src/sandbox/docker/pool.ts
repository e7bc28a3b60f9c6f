/**
 * The containers of this process: of each language a few that wait with their agent ready, those that are being made, and
 * those that serve a run. A container serves once; another takes its place after the answer has left, because making one
 * costs some 200 ms of the machine.
 *
 *   fill ─▶ starting ─▶ waiting ─take─▶ leased ─▶ leaving ─▶ gone
 *                          └─ ended by itself ──────┘
 */
import type { ContainerLanguage } from '../backend.ts';
import { CONTAINER_LANGUAGES } from '../backend.ts';
import type { AgentContainer } from './agent-container.ts';

/** A warm answer takes about a millisecond: by then it has left, and the new container disturbs nobody. */
const REFILL_DELAY_MS = 25;
/** Before the refill, which would take the processor from it. */
const REMOVE_DELAY_MS = 10;
/** After a start that failed nothing is tried for the pool for this time; a run still tries for itself. */
const PAUSE_MS = 10_000;

export interface PoolOptions {
  /** Waiting containers of each language; 0 = none, every run makes its own. */
  readonly size: number;
  /** Makes one that is ready; rejects with `sandbox.unavailable`. */
  start(language: ContainerLanguage): Promise<AgentContainer>;
  /** A container that could not be taken away; the sweep finds it again. */
  onRemoveFailed(error: unknown): void;
}

interface Shelf {
  readonly waiting: AgentContainer[];
  readonly starting: Set<Promise<void>>;
  used: boolean;
  notBeforeMs: number;
}

export interface Taken {
  readonly container: AgentContainer;
  readonly isWarm: boolean;
}

export class ContainerPool {
  readonly #options: PoolOptions;
  readonly #shelves: Readonly<Record<ContainerLanguage, Shelf>>;
  readonly #alive = new Set<AgentContainer>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #closed = false;
  made = 0;
  warm = 0;
  cold = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
    const shelf = (): Shelf => ({ waiting: [], starting: new Set(), used: false, notBeforeMs: 0 });
    this.#shelves = Object.fromEntries(CONTAINER_LANGUAGES.map((language) => [language, shelf()])) as Record<
      ContainerLanguage,
      Shelf
    >;
  }

  /** Names of all containers that this process has, whatever they do. */
  get ids(): ReadonlySet<string> {
    return new Set([...this.#alive].map(({ id }) => id));
  }

  /** One for a run, to be given to `give` afterwards. Rejects with `sandbox.unavailable`. */
  async take(language: ContainerLanguage): Promise<Taken> {
    const shelf = this.#shelves[language];
    shelf.used = true;
    for (let container = shelf.waiting.pop(); container; container = shelf.waiting.pop()) {
      if (!container.hasEnded) {
        this.warm++;
        this.#refillLater(language);
        return { container, isWarm: true };
      }
      this.give(container);
    }
    const container = await this.#start(language);
    this.cold++;
    this.#refillLater(language);
    return { container, isWarm: false };
  }

  /**
   * Takes a container away; it does not serve again. Returns at once. One whose program has ended by itself can wait until
   * the answer has left: asking the engine costs as much time here as the rest of a warm run.
   */
  give(container: AgentContainer, canWait = false): void {
    if (canWait && !this.#closed) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.give(container);
      }, REMOVE_DELAY_MS);
      this.#timers.add(timer);
      return;
    }
    const leaving = container
      .remove()
      .catch((error: unknown) => this.#options.onRemoveFailed(error))
      .finally(() => {
        this.#alive.delete(container);
        this.#leaving.delete(leaving);
      });
    this.#leaving.add(leaving);
  }

  /** Starts what is missing of a language, without waiting for it. */
  fill(language: ContainerLanguage): void {
    const shelf = this.#shelves[language];
    while (
      !this.#closed &&
      performance.now() >= shelf.notBeforeMs &&
      shelf.waiting.length + shelf.starting.size < this.#options.size
    ) {
      const starting = this.#start(language)
        .then((container) => {
          if (this.#closed) this.give(container);
          else shelf.waiting.unshift(container);
        })
        .catch(() => {
          shelf.notBeforeMs = performance.now() + PAUSE_MS;
        })
        .finally(() => shelf.starting.delete(starting));
      shelf.starting.add(starting);
    }
  }

  /** Puts away what ended by itself; lets go what nobody has used since the last time, unless it is to be kept. */
  tidy(keep: boolean): void {
    for (const language of CONTAINER_LANGUAGES) {
      const shelf = this.#shelves[language];
      const waiting = shelf.waiting.splice(0);
      const letGo = !keep && !shelf.used;
      for (const container of waiting) {
        if (letGo || container.hasEnded) this.give(container);
        else shelf.waiting.push(container);
      }
      if (!letGo && (shelf.used || keep)) this.fill(language);
      shelf.used = false;
    }
  }

  waiting(): Record<ContainerLanguage, number> {
    return Object.fromEntries(
      CONTAINER_LANGUAGES.map((language) => [language, this.#shelves[language].waiting.length]),
    ) as Record<ContainerLanguage, number>;
  }

  /** Takes everything away. Resolves when nothing is left, or cannot be reached. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { starting } of Object.values(this.#shelves)) await Promise.all(starting);
    for (const container of this.#alive) this.give(container);
    await Promise.all(this.#leaving);
  }

  async #start(language: ContainerLanguage): Promise<AgentContainer> {
    const container = await this.#options.start(language);
    this.#alive.add(container);
    this.made++;
    return container;
  }

  #refillLater(language: ContainerLanguage): void {
    if (this.#options.size === 0 || this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.fill(language);
    }, REFILL_DELAY_MS);
    this.#timers.add(timer);
  }
}
