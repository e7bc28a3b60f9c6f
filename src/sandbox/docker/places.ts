/** So many at a time; who comes later waits in line, until it is called off or has waited long enough. */

/** `entered` goes with a `leave` of the one who got it; nobody else owes one. */
export type Entered = 'entered' | 'aborted' | 'late' | 'closed';

export class Places {
  #free: number;
  readonly #line: Array<(how: Entered) => void> = [];

  constructor(count: number) {
    this.#free = count;
  }

  get waiting(): number {
    return this.#line.length;
  }

  async enter(signal: AbortSignal, waitMs: number): Promise<Entered> {
    if (signal.aborted) return 'aborted';
    if (this.#free > 0) {
      this.#free--;
      return 'entered';
    }
    let timer: NodeJS.Timeout | undefined;
    let onAbort = (): void => undefined;
    const how = await new Promise<Entered>((resolve) => {
      const step = (as: Entered): void => {
        const at = this.#line.indexOf(step);
        if (at >= 0) this.#line.splice(at, 1);
        resolve(as);
      };
      this.#line.push(step);
      timer = setTimeout(() => step('late'), waitMs);
      onAbort = () => step('aborted');
      signal.addEventListener('abort', onAbort, { once: true });
    });
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    return how;
  }

  leave(): void {
    const [next] = this.#line;
    // The place goes from hand to hand, so that nobody who comes now can take it.
    if (next) next('entered');
    else this.#free++;
  }

  /** Everybody who waits goes home. */
  close(): void {
    for (const step of [...this.#line]) step('closed');
  }
}
