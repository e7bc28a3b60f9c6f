/**
 * Whether staying awake for an answer is worth it. Waking a sleeping thread costs ten times more than the answer, but
 * staying awake in vain costs a core. Four times in vain, and only every sixteenth time is tried as a sample, until one
 * succeeds again (docs/adr/0007).
 */
const CREDIT = 4;
const SAMPLE = 16;

export class PollCredit {
  #left = CREDIT;
  #skipped = 0;

  /** True when the next wait should be spent awake; `settle` must follow then. */
  granted(): boolean {
    return this.#left > 0 || ++this.#skipped % SAMPLE === 0;
  }

  settle(succeeded: boolean): void {
    this.#left = succeeded ? CREDIT : Math.max(0, this.#left - 1);
  }
}
