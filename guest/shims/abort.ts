/**
 * `AbortController` and `AbortSignal` (DOM section 3) with as much of EventTarget as the one event, `abort`, needs.
 * An abort happens once, so listeners are a set that is run once; `once` changes nothing, the option `signal` is not read.
 * Signals made by `AbortSignal.any` are held by their sources, not weakly: a guest has no WeakRef, and its run is short.
 */
import { domError } from './captured.ts';

/** What a listener is given. */
export interface AbortEvent {
  readonly type: 'abort';
  readonly target: object;
  readonly currentTarget: object;
}

export type AbortListener = ((event: AbortEvent) => unknown) | { handleEvent(event: AbortEvent): unknown };

/**
 * Makes the two classes. `setTimeout` serves `AbortSignal.timeout`; `report` is given what a listener throws, which
 * must not reach whoever called `abort()`.
 */
export function createAbort(
  setTimeout: (task: () => void, delayMs: number) => unknown,
  report: (error: unknown) => void = () => {},
) {
  const ours = {};
  let abort: (signal: AbortSignal, reason: unknown) => AbortSignal;

  class AbortSignal {
    #aborted = false;
    #reason: unknown;
    readonly #listeners = new Set<AbortListener>();
    readonly #dependents = new Set<AbortSignal>();
    onabort: ((event: AbortEvent) => unknown) | null = null;

    static {
      abort = (signal, reason = domError('AbortError', 'This operation was aborted')) => {
        // Every dependent signal is aborted before the first listener runs, so that none sees half of it.
        const reached = new Set<AbortSignal>();
        const mark = (each: AbortSignal): void => {
          if (each.#aborted) return;
          each.#aborted = true;
          each.#reason = reason;
          reached.add(each);
          each.#dependents.forEach(mark);
        };
        mark(signal);
        for (const each of reached) each.#dispatch();
        return signal;
      };
    }

    constructor(key?: unknown) {
      if (key !== ours) throw new TypeError('Illegal constructor: use AbortController');
    }

    static abort(reason?: unknown): AbortSignal {
      return abort(new AbortSignal(ours), reason);
    }

    static timeout(delayMs: number): AbortSignal {
      if (!(delayMs >= 0)) throw new RangeError('AbortSignal.timeout needs 0 or more milliseconds');
      const signal = new AbortSignal(ours);
      setTimeout(() => abort(signal, domError('TimeoutError', 'The operation was aborted due to timeout')), delayMs);
      return signal;
    }

    static any(signals: Iterable<AbortSignal>): AbortSignal {
      const signal = new AbortSignal(ours);
      const sources = [...signals];
      const aborted = sources.find((source) => source.#aborted);
      if (aborted !== undefined) return abort(signal, aborted.#reason);
      for (const source of sources) source.#dependents.add(signal);
      return signal;
    }

    get aborted(): boolean {
      return this.#aborted;
    }

    get reason(): unknown {
      return this.#reason;
    }

    throwIfAborted(): void {
      if (this.#aborted) throw this.#reason;
    }

    /** Other event names are accepted and never fire. A listener added after the abort is never called. */
    addEventListener(type: string, listener: AbortListener | null, _options?: unknown): void {
      if (type === 'abort' && listener !== null && !this.#aborted) this.#listeners.add(listener);
    }

    removeEventListener(type: string, listener: AbortListener | null): void {
      if (type === 'abort' && listener !== null) this.#listeners.delete(listener);
    }

    get [Symbol.toStringTag](): string {
      return 'AbortSignal';
    }

    #dispatch(): void {
      const event: AbortEvent = { type: 'abort', target: this, currentTarget: this };
      const call = (listener: AbortListener | null): void => {
        try {
          if (typeof listener === 'function') listener.call(this, event);
          else listener?.handleEvent(event);
        } catch (error) {
          report(error);
        }
      };
      call(this.onabort);
      // The set is read as it goes, so a listener that an earlier one removes is not called.
      this.#listeners.forEach(call);
    }
  }

  class AbortController {
    readonly signal = new AbortSignal(ours);

    abort(reason?: unknown): void {
      abort(this.signal, reason);
    }
  }

  return { AbortController, AbortSignal };
}
