/**
 * The life of a sandbox process on its own side: frames in, runs on the backend that lives here, frames out. It ends with its
 * pipe: a child whose parent is gone has nobody to answer.
 */
import type { Socket } from 'node:net';
import type { Json } from '../../core/json.ts';
import type { GuestBackend, HostReply, RunEnd } from '../backend.ts';
import { MovableDeadline } from '../deadline.ts';
import { decodeDown, encodeUp, FrameReader, Outbox } from './frames.ts';
import type { DownMessage, UpEnd, UpMessage } from './messages.ts';

export interface ServeOptions {
  readonly channel: Socket;
  /** Why this process takes no work; undefined when it may. */
  readonly refusal: () => string | undefined;
  /** Builds and starts the backend from what the parent sent. */
  readonly open: (settings: Json) => GuestBackend;
  /** Ends the process. */
  readonly exit: (status: number) => void;
}

interface ServedRun {
  readonly abort: AbortController;
  readonly deadline: MovableDeadline;
  readonly calls: Map<number, (reply: HostReply) => void>;
}

/** Serves until the channel closes. The parent is trusted: what it sends is not looked at. */
export function serveRuns({ channel, refusal, open, exit }: ServeOptions): void {
  const outbox = new Outbox((batch) => channel.write(encodeUp(batch)), true);
  const send = (message: UpMessage, chars?: number): void => outbox.send(message, chars);
  let server: RunServer | undefined;
  const boot = (settings: Json): void => {
    try {
      // Opened before the proof: what may still be read in development is read by then.
      const backend = open(settings);
      const refused = refusal();
      if (refused !== undefined) throw new Error(refused);
      server = new RunServer(backend, send);
      send({ kind: 'ready' });
    } catch (error) {
      channel.end(encodeUp([{ kind: 'refused', message: (error as Error).message } satisfies UpMessage]), () =>
        exit(1),
      );
    }
  };
  const reader = new FrameReader(Number.POSITIVE_INFINITY, (body) => {
    for (const message of decodeDown(body) as DownMessage[]) {
      if (message.kind === 'boot') boot(message.settings);
      else server?.take(message);
    }
  });
  channel.on('data', (chunk: Buffer) => reader.push(chunk));
  channel.on('error', () => exit(0));
  channel.on('close', () => exit(0));
  channel.on('end', () => exit(0));
}

class RunServer {
  readonly #backend: GuestBackend;
  readonly #send: (message: UpMessage, chars?: number) => void;
  readonly #runs = new Map<number, ServedRun>();
  /** Grants and limits by their text: the backend knows again what it has seen, if it is the same object. */
  readonly #seen = new Map<string, unknown>();

  constructor(backend: GuestBackend, send: (message: UpMessage, chars?: number) => void) {
    this.#backend = backend;
    this.#send = send;
  }

  take(message: Exclude<DownMessage, { kind: 'boot' }>): void {
    switch (message.kind) {
      case 'start':
        void this.#start(message);
        break;
      case 'settle': {
        const { calls } = this.#runs.get(message.run) ?? {};
        calls?.get(message.call)?.(message.reply);
        calls?.delete(message.call);
        break;
      }
      case 'cancel':
        this.#runs.get(message.run)?.abort.abort();
        break;
      case 'extend':
        this.#runs.get(message.run)?.deadline.move(message.byMs);
        break;
      case 'inventory':
        this.#backend.setInventory(message.names);
        break;
      case 'stats':
        void this.#backend
          .refreshStats()
          .then(() => this.#send({ kind: 'stats', request: message.request, stats: this.#backend.stats() }));
        break;
    }
  }

  async #start({ run, request }: Extract<DownMessage, { kind: 'start' }>): Promise<void> {
    const served: ServedRun = {
      abort: new AbortController(),
      deadline: new MovableDeadline(() => performance.now()),
      calls: new Map(),
    };
    this.#runs.set(run, served);
    const end = await this.#backend.run({
      ...request,
      grants: this.#known(request.grants),
      limits: this.#known(request.limits),
      signal: served.abort.signal,
      deadline: served.deadline,
      hostCall: (call) =>
        new Promise((resolve) => {
          served.calls.set(call.call, resolve);
          this.#send({ kind: 'call', run, ...call }, call.argumentsText.length);
        }),
      onLog: ({ level, text }) => this.#send({ kind: 'log', run, level, text }, text.length),
    });
    this.#runs.delete(run);
    const chars = (end.valueText?.length ?? 0) + (end.session?.bytes ?? 0);
    this.#send({ kind: 'end', run, end: withoutLogs(end) }, chars);
  }

  #known<Value>(value: Value): Value {
    const text = JSON.stringify(value);
    const seen = this.#seen.get(text);
    if (seen !== undefined) return seen as Value;
    if (this.#seen.size < SEEN_MAX) this.#seen.set(text, value);
    return value;
  }
}

const SEEN_MAX = 64;

function withoutLogs({ valueText, failure, logsDropped, callsLeft, usage, session }: RunEnd): UpEnd {
  const end = { valueText, failure, logsDropped, callsLeft, usage };
  if (session === undefined) return end;
  const image = session.image && Buffer.from(session.image).toString('base64');
  return { ...end, session: { ...session, image } };
}
