/**
 * The requests that have been read and not been answered: who is waiting, how to stop the work, when all is answered.
 * Kept by the pipe. Decision: an answer goes out only for an id that is in here, and takes it out, so that no request is
 * answered twice and none after it was cancelled.
 */
import { idKey, type RpcId } from './json-rpc.ts';

export type InFlightRequest =
  | { readonly owner: 'optimizer'; readonly id: RpcId; readonly controller: AbortController }
  /** `standing`: a subscription, open until the connection ends; nobody waits for it. */
  | { readonly owner: 'mcp'; readonly id: RpcId; readonly standing: boolean };

export class InFlight {
  readonly #requests = new Map<string, InFlightRequest>();
  readonly #waiters = new Set<() => void>();

  get size(): number {
    return this.#requests.size;
  }

  get(id: RpcId): InFlightRequest | undefined {
    return this.#requests.get(idKey(id));
  }

  add(request: InFlightRequest): void {
    this.#requests.set(idKey(request.id), request);
  }

  /** Takes the request out; false when it was not in flight. */
  settle(id: RpcId): boolean {
    const found = this.#requests.delete(idKey(id));
    if (found && this.awaited().length === 0) {
      for (const resolve of this.#waiters) resolve();
      this.#waiters.clear();
    }
    return found;
  }

  /** Requests that somebody waits for. */
  awaited(): InFlightRequest[] {
    return [...this.#requests.values()].filter((request) => request.owner === 'optimizer' || !request.standing);
  }

  /** Resolves when every awaited request is answered, or after `timeoutMs`. */
  async answered(timeoutMs: number): Promise<void> {
    if (this.awaited().length === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#waiters.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
