/**
 * The calls of one run, from an agent's frame to the gate and back into the container. What a guest's own thread looks at
 * before a call leaves (grant, size, whether it is JSON at all) is looked at here, since nothing in a container is ours.
 */
import { ERROR_TABLE, type ErrorCode, errorKind } from '../../core/errors.ts';
import type { ContainerLanguage, HostReply, RunRequest } from '../backend.ts';
import { replyMessage } from './dialect.ts';

/** Calls that may be without an answer, and their arguments together; an honest program is far below. */
const WAITING_MAX = 20_000;
const WAITING_CHARS_MAX = 128 * 1024 * 1024;
/** Calls beyond the run's limit are refused one by one; so many of them, and the program only keeps the host busy. */
const CALLS_BEYOND_MAX = 10_000;

/** What a frame costs that is no call, besides its bytes. */
const WASTE_BYTES = 64;

export interface CallBridgeOptions {
  readonly request: RunRequest;
  readonly language: ContainerLanguage;
  inventory(): Readonly<Record<string, readonly string[]>>;
  /** Into the container; does nothing once the run is over. */
  write(text: string): void;
  /** Waits until there is room for one more answer; false = the run is over. */
  mayCall(): Promise<boolean>;
  /** So many bytes were no call. */
  onWaste(bytes: number): void;
  /** More calls than anybody serves. */
  onFlood(): void;
}

export class CallBridge {
  readonly #options: CallBridgeOptions;
  #shellCalls = 0;
  made = 0;
  /** Calls that were refused here and never reached the host, by number: how an uncaught refusal is known by its code. */
  readonly refused = new Map<number, ErrorCode>();
  /** Calls without an answer. */
  waiting = 0;
  #waitingChars = 0;
  /** Calls that are on their way to the host or back; further ones wait, as calls that came together see no answer unread. */
  #underWay = 0;
  readonly #queue: Array<() => void> = [];

  constructor(options: CallBridgeOptions) {
    this.#options = options;
  }

  /** `NUMBER INTERFACE FUNCTION ARGUMENTS`; what cannot be read was made by nobody who waits for an answer. */
  hear(text: string): void {
    const match = /^(\d{1,15}) ([a-z-]{1,40}) ([a-z-]{1,40}) /.exec(text);
    if (!match) {
      this.#options.onWaste(WASTE_BYTES + text.length);
      return;
    }
    const [head, number, interfaceName = '', functionName = ''] = match;
    void this.#serve(Number(number), interfaceName, functionName, text.slice(head.length));
  }

  /** `SERVER LF NAME LF JSON`: a shell makes one call at a time and is answered in the order of its calls. */
  hearShell(text: string): void {
    const [server = '', name = '', ...rest] = text.split('\n');
    const call = ++this.#shellCalls;
    let given: unknown;
    try {
      given = JSON.parse(rest.join('\n'));
    } catch (error) {
      const message = `tool ${server} ${name}: the argument is not JSON: ${(error as Error).message}`;
      this.#reply(call, refusal('program.error', message));
      return;
    }
    void this.#serve(call, 'tools', 'call', JSON.stringify([server, name, given, false]));
  }

  async #serve(call: number, interfaceName: string, functionName: string, argumentsText: string): Promise<void> {
    const { request, inventory, mayCall, onFlood } = this.#options;
    this.made++;
    this.waiting++;
    this.#waitingChars += argumentsText.length;
    if (
      this.waiting > WAITING_MAX ||
      this.#waitingChars > WAITING_CHARS_MAX ||
      this.made > request.limits.calls + CALLS_BEYOND_MAX
    ) {
      onFlood();
      return;
    }
    await this.#turn();
    let reply: HostReply;
    try {
      if (!(await mayCall())) {
        this.#leave();
        return;
      }
      const refused = this.#refused(interfaceName, argumentsText);
      if (refused) {
        this.refused.set(call, refused.code);
        reply = refusal(refused.code, refused.message);
      } else if (interfaceName === 'tools' && functionName === 'names') reply = namesReply(inventory(), argumentsText);
      else reply = await request.hostCall({ call, interfaceName, functionName, argumentsText });
    } catch {
      reply = refusal('internal.error', 'an internal failure of the host');
    }
    this.waiting--;
    this.#waitingChars -= argumentsText.length;
    this.#reply(call, reply);
    this.#leave();
  }

  /** At most `callsInFlight` calls between the question and the answer. */
  async #turn(): Promise<void> {
    if (this.#underWay >= this.#options.request.limits.callsInFlight) {
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.#underWay++;
  }

  #leave(): void {
    this.#underWay--;
    this.#queue.shift()?.();
  }

  #refused(interfaceName: string, argumentsText: string): { code: ErrorCode; message: string } | undefined {
    const { grants, limits } = this.#options.request;
    if (!grants.includes(interfaceName)) {
      const message = `the capability \`${interfaceName}\` is not granted to this run`;
      return { code: 'denied.capability', message };
    }
    if (Buffer.byteLength(argumentsText) > limits.argumentBytes) {
      const message = `the arguments are ${argumentsText.length} characters; the limit is ${limits.argumentBytes} bytes`;
      return { code: 'limit.argument', message };
    }
    try {
      JSON.parse(argumentsText);
      return undefined;
    } catch {
      return { code: 'program.error', message: 'the arguments of a call are not JSON' };
    }
  }

  #reply(call: number, reply: HostReply): void {
    this.#options.write(replyMessage(this.#options.language, call, reply));
  }
}

function namesReply(inventory: Readonly<Record<string, readonly string[]>>, argumentsText: string): HostReply {
  const [server] = JSON.parse(argumentsText) as unknown[];
  const known = typeof server === 'string' && Object.hasOwn(inventory, server) ? inventory[server] : [];
  const names = server === null || server === undefined ? Object.keys(inventory) : known;
  return { ok: true, text: JSON.stringify(names) };
}

function refusal(code: ErrorCode, message: string): HostReply {
  const { retryable } = ERROR_TABLE[code];
  return { ok: false, text: JSON.stringify({ code, kind: errorKind(code), message, retryable, issues: [] }) };
}
