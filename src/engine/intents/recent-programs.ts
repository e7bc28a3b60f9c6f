/**
 * The programs that worked lately, by execution id, so that one of them can be saved as an intent afterwards, also by
 * another process. Noting one is a write into memory; what is new goes to the store shortly after, off the run's path.
 *
 *   run completes ─▶ memory (newest of all tenants) ─ every second, the newest ─▶ store, by slot, for a day
 *
 * Decision: the store has a fixed number of slots for each tenant, chosen by the id, so that it never grows and two
 * processes need no agreement. Seldom one program takes another's place before its day is over.
 */
import { LRUCache } from 'lru-cache';
import { OptimizerError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Store } from '../../state/store.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Effect } from '../../upstream/server-spec.ts';

/** A program as it may be saved: its text, and what is known of its parameters from the run. */
export interface RecentProgram {
  readonly code: string;
  readonly effect: Effect;
  readonly params: JsonObject;
}

export interface RecentProgramsOptions {
  readonly store: Store;
  readonly log: Log;
  /** A program that holds a secret of the config is not kept. */
  isSecret(text: string): boolean;
}

export const RECENT_TTL_MS = 24 * 60 * 60_000;
/** Programs in memory, and their characters. */
const KEPT_MAX = 512;
const KEPT_CHARS_MAX = 4 * 1024 * 1024;
/** A longer program is not kept; it can be saved by its text. */
const CODE_CHARS_MAX = 16 * 1024;
/** Hex digits of an id that choose its slot: 4,096 slots. */
const SLOT_DIGITS = 3;
const WRITE_AFTER_MS = 1_000;
/** Programs that one write takes to the store; of a busier second the newest. */
const WRITTEN_AT_ONCE = 32;

interface Noted {
  readonly tenant: string;
  readonly executionId: string;
  readonly program: RecentProgram;
}

export class RecentPrograms {
  readonly #options: RecentProgramsOptions;
  readonly #kept = new LRUCache<string, Noted>({
    max: KEPT_MAX,
    maxSize: KEPT_CHARS_MAX,
    sizeCalculation: ({ program }) => program.code.length + 1,
  });
  #unwritten: Noted[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: RecentProgramsOptions) {
    this.#options = options;
  }

  /** Notes a program that completed. Never throws. */
  note(tenant: string, executionId: string, program: RecentProgram): void {
    if (program.code.length > CODE_CHARS_MAX || this.#options.isSecret(program.code)) return;
    const noted = { tenant, executionId, program };
    this.#kept.set(executionId, noted);
    this.#unwritten.push(noted);
    if (this.#unwritten.length > WRITTEN_AT_ONCE) this.#unwritten.shift();
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.settled(), WRITE_AFTER_MS);
    this.#timer.unref();
  }

  /** Rejects with `state.missing` when nothing is known of the run, or it is another tenant's. */
  async find(tenant: string, executionId: string): Promise<RecentProgram> {
    const kept = this.#kept.get(executionId);
    if (kept !== undefined && kept.tenant === tenant) return kept.program;
    const entry =
      kept === undefined ? await this.#options.store.get(namespaceOf(tenant), slotOf(executionId)) : undefined;
    const stored = entry === undefined ? undefined : (JSON.parse(entry.text) as Noted);
    if (stored?.executionId === executionId) return stored.program;
    throw new OptimizerError('state.missing', `no program is kept of the run \`${executionId.slice(0, 60)}\``, {
      hint: 'Only runs that completed are kept, for a day; save the program by its text (`code`).',
    });
  }

  /** Resolves when what is new is in the store; a store that cannot be reached costs a line in the log. */
  settled(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const noted = this.#unwritten;
    this.#unwritten = [];
    if (noted.length > 0) this.#writing = this.#writing.then(() => this.#write(noted));
    return this.#writing;
  }

  async #write(noted: readonly Noted[]): Promise<void> {
    const { store, log } = this.#options;
    try {
      for (const one of noted) {
        await store.set(namespaceOf(one.tenant), slotOf(one.executionId), JSON.stringify(one), RECENT_TTL_MS);
      }
    } catch (error) {
      log.warn({ error: String(error) }, 'recent programs could not be kept');
    }
  }
}

function namespaceOf(tenant: string): string {
  return `programs/${tenant}`;
}

/** Ids are random, so their first digits spread evenly. */
function slotOf(executionId: string): string {
  return executionId.replace(/^ex_/, '').slice(0, SLOT_DIGITS);
}
