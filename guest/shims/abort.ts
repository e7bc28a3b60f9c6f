/**
 * `AbortController` and `AbortSignal` (DOM section 3) with as much of EventTarget as the one event, `abort`, needs.
 * An abort happens once, so a listener is a member of a set that is run and then dropped; `once` changes nothing.
 * Signals made by `AbortSignal.any` are held by their sources, not weakly: a guest has no WeakRef, and its run is short.
 */
import { apply, CapturedSet, domError, setAdd, setDelete, setForEach, shown } from './captured.ts';

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
  let abort: (signal: AbortSignal, reason: unknown) => void;
  let follow: (source: AbortSignal, dependent: AbortSignal) => void;

  class AbortSignal {
    #aborted = false;
    #reason: unknown;
    readonly #listeners = new CapturedSet();
    readonly #dependents = new CapturedSet();
    onabort: ((event: AbortEvent) => unknown) | null = null;

    static {
      follow = (source, dependent) => {
        setAdd(source.#dependents, dependent);
      };
      abort = (signal, reason) => {
        if (signal.#aborted) return;
        // Every dependent signal is aborted before the first listener runs, so that none sees half of it.
        const reached = new CapturedSet();
        const mark = (item: unknown): void => {
          const each = item as AbortSignal;
          if (each.#aborted) return;
          each.#aborted = true;
          each.#reason = reason === undefined ? domError('AbortError', 'This operation was aborted') : reason;
          reason = each.#reason;
          setAdd(reached, each);
          setForEach(each.#dependents, mark);
        };
        mark(signal);
        setForEach(reached, (item) => (item as AbortSignal).#dispatch());
      };
    }

    constructor(key?: unknown) {
      if (key !== ours) throw new TypeError('Illegal constructor: use new AbortController().signal');
    }

    static abort(reason?: unknown): AbortSignal {
      const signal = new AbortSignal(ours);
      abort(signal, reason);
      return signal;
    }

    static timeout(delayMs: number): AbortSignal {
      if (!(delayMs >= 0 && delayMs <= Number.MAX_SAFE_INTEGER)) {
        throw new RangeError(`AbortSignal.timeout: the delay must be 0 or more milliseconds, not ${String(delayMs)}`);
      }
      const signal = new AbortSignal(ours);
      setTimeout(() => abort(signal, domError('TimeoutError', 'The operation was aborted due to timeout')), delayMs);
      return signal;
    }

    static any(signals: Iterable<AbortSignal>): AbortSignal {
      const signal = new AbortSignal(ours);
      const sources = [...signals];
      for (const source of sources) {
        if (!(source instanceof AbortSignal)) throw new TypeError('AbortSignal.any: every item must be an AbortSignal');
        if (source.#aborted) abort(signal, source.#reason);
      }
      if (!signal.#aborted) for (const source of sources) follow(source, signal);
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
    addEventListener(
      type: string,
      listener: AbortListener | null,
      options?: { once?: boolean; signal?: AbortSignal } | boolean,
    ): void {
      if (type !== 'abort' || !listener || this.#aborted) return;
      const remover = typeof options === 'object' ? options?.signal : undefined;
      if (remover?.aborted) return;
      remover?.addEventListener('abort', () => this.removeEventListener(type, listener));
      setAdd(this.#listeners, listener);
    }

    removeEventListener(type: string, listener: AbortListener | null): void {
      if (type === 'abort') setDelete(this.#listeners, listener);
    }

    get [Symbol.toStringTag](): string {
      return 'AbortSignal';
    }

    [shown](): string {
      return `AbortSignal {aborted: ${this.#aborted}}`;
    }

    #dispatch(): void {
      const event: AbortEvent = { type: 'abort', target: this, currentTarget: this };
      const call = (listener: unknown): void => {
        try {
          if (typeof listener === 'function') apply(listener, this, [event]);
          else (listener as { handleEvent(event: AbortEvent): unknown } | null)?.handleEvent(event);
        } catch (error) {
          report(error);
        }
      };
      call(this.onabort);
      setForEach(this.#listeners, call);
    }
  }

  class AbortController {
    readonly #signal = new AbortSignal(ours);

    get signal(): AbortSignal {
      return this.#signal;
    }

    abort(reason?: unknown): void {
      abort(this.#signal, reason);
    }

    get [Symbol.toStringTag](): string {
      return 'AbortController';
    }
  }

  return { AbortController, AbortSignal };
}
