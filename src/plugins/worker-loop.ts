/**
 * The worker of one plugin: takes calls from the main thread, runs each in an instance of its own, hands requests for HTTP
 * and lines for the log back. Knows no deadline: the main thread ends the whole worker when a call does not let go.
 *
 *   main ──call──▶ idle instance, or a new one ──▶ end ──▶ main
 *                     ⇅ fetch (suspends this instance only), log
 */
import { ComponentInstance, type InstanceHost, type InstanceOptions, wordsOf } from './component-instance.ts';
import type { CallEnd, FromPlugin, HttpAnswer, HttpRequest, HttpResponse, LogLevel, ToPlugin } from './messages.ts';
import { LOG_LINE_CHARS_MAX, LOG_LINES_MAX } from './plugin-spec.ts';

export type Post = (message: FromPlugin) => void;

/** What one call has used and waits for. */
interface CallState {
  lines: number;
  dropped: number;
  cancelled: boolean;
}

export class PluginWorkerLoop {
  readonly #post: Post;
  readonly #options: Omit<InstanceOptions, 'host'>;
  readonly #idle: ComponentInstance[] = [];
  readonly #calls = new Map<number, CallState>();
  readonly #http = new Map<number, { readonly call: number; settle(answer: HttpAnswer): void }>();
  readonly #host: InstanceHost;
  #nextHttp = 1;

  constructor(options: Omit<InstanceOptions, 'host'>, post: Post) {
    this.#options = options;
    this.#post = post;
    this.#host = {
      fetch: (call, request) => this.#fetch(call, request),
      log: (call, level, message) => this.#log(call, level, message),
    };
  }

  /** Makes the first instance and says how it went. */
  async start(): Promise<void> {
    try {
      this.#idle.push(await this.#make());
      this.#post({ kind: 'ready' });
    } catch (error) {
      this.#post({ kind: 'unfit', words: wordsOf(error) });
    }
  }

  receive(message: ToPlugin): void {
    switch (message.kind) {
      case 'list':
        void this.#list(message.id);
        return;
      case 'call':
        void this.#call(message.id, message.tool, message.args);
        return;
      case 'cancel':
        this.#cancel(message.id);
        return;
      case 'http':
        this.#http.get(message.id)?.settle(message.answer);
        return;
    }
  }

  #make(): Promise<ComponentInstance> {
    return ComponentInstance.make({ ...this.#options, host: this.#host });
  }

  async #list(id: number): Promise<void> {
    try {
      const instance = this.#idle.pop() ?? (await this.#make());
      const tools = await instance.listTools();
      this.#idle.push(instance);
      this.#post({ kind: 'tools', id, tools });
    } catch (error) {
      this.#post({ kind: 'listFailed', id, words: wordsOf(error) });
    }
  }

  async #call(id: number, tool: string, args: string): Promise<void> {
    const state: CallState = { lines: 0, dropped: 0, cancelled: false };
    this.#calls.set(id, state);
    let end: CallEnd;
    try {
      const instance = this.#idle.pop() ?? (await this.#make());
      end = await instance.callTool(id, tool, args);
      if (end.ok || end.reason === 'size') this.#idle.push(instance);
    } catch (error) {
      end = { ok: false, reason: 'trap', words: wordsOf(error) };
    }
    this.#calls.delete(id);
    if (state.dropped > 0) this.#post({ kind: 'logDropped', lines: state.dropped });
    this.#post({ kind: 'end', id, end });
  }

  /** A call that waits for HTTP gets an answer now and can come to its end. */
  #cancel(call: number): void {
    const state = this.#calls.get(call);
    if (state === undefined) return;
    state.cancelled = true;
    for (const waiting of this.#http.values()) {
      if (waiting.call === call) waiting.settle({ ok: false, failure: 'timeout' });
    }
  }

  #fetch(call: number, request: HttpRequest): Promise<HttpResponse> {
    const state = this.#calls.get(call);
    // Neither at its start nor for a call that nobody waits for.
    if (state === undefined || state.cancelled) return refused(state === undefined ? 'denied' : 'timeout');
    const id = this.#nextHttp;
    this.#nextHttp += 1;
    const { method, url, headers, body } = request;
    this.#post({ kind: 'http', id, call, request: { method, url, headers, body } });
    return new Promise((resolve, reject) => {
      this.#http.set(id, {
        call,
        settle: (answer) => {
          this.#http.delete(id);
          if (answer.ok) resolve(answer.response);
          else reject(answer.failure);
        },
      });
    });
  }

  #log(call: number, level: LogLevel, message: string): void {
    const state = this.#calls.get(call);
    // Its start has no call to count on, and says nothing that anybody needs.
    if (state === undefined) return;
    state.lines += 1;
    if (state.lines > LOG_LINES_MAX) {
      state.dropped += 1;
      return;
    }
    const cut = message.length > LOG_LINE_CHARS_MAX ? `${message.slice(0, LOG_LINE_CHARS_MAX - 1)}…` : message;
    this.#post({ kind: 'log', level, message: cut });
  }
}

/** The glue code takes a case of the variant as it is, and an `Error` as a fault of the host. */
function refused(failure: string): Promise<never> {
  return Promise.reject(failure);
}
