/**
 * What servers say by themselves, told to the client of one connection: changed lists, log messages, a finished visit of an
 * address. Each only where the connection's mode has promised it.
 */
import type { Server } from '@modelcontextprotocol/server';
import type { JsonObject } from '../core/json.ts';
import type { Mode } from '../core/mode.ts';
import type { FaceDependencies } from './connection.ts';
import type { Conversations } from './conversations.ts';
import type { PassThrough } from './pass-through.ts';

export interface NewsConnection {
  readonly server: Server;
  /** Whose subscriptions end with the connection. */
  readonly client: object;
  readonly mode: Mode;
  readonly news: 'afterHello' | 'now' | 'never';
  readonly dependencies: Pick<FaceDependencies, 'passThrough' | 'log'>;
  readonly conversations: Conversations;
}

/** Quietest last. */
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** Many servers that list their tools one after the other are one change to the client. */
const CHANGE_WAIT_MS = 100;

/** Begins as `connection.news` says, ends with the connection. Returns the setter of the client's log level. */
export function forwardNotifications(connection: NewsConnection): (level: LogLevel) => Promise<void> {
  const { server, client, mode, dependencies } = connection;
  const news = new News(connection);
  const ends: Array<() => void> = [];
  let ended = false;
  const begin = (passThrough: PassThrough): void => {
    if (ended) return;
    const { port, subscriptions } = passThrough;
    ends.push(port.onNotification((_server, method, params) => news.tell(method, params)));
    if (mode === 'direct') ends.push(port.onToolsChanged(() => news.toolsChanged()));
    ends.push(port.onConnected((name) => void setLevelOf(passThrough, name, news.level)));
    ends.push(() => void subscriptions.removeAll(client));
  };
  // Without a house there is no news; the log has said why.
  const start = (): void => void dependencies.passThrough().then(begin, () => {});
  if (connection.news === 'now') start();
  if (connection.news === 'afterHello') server.oninitialized = start;
  server.onclose = () => {
    ended = true;
    for (const end of ends.splice(0)) end();
  };
  return async (level) => {
    news.level = level;
    const passThrough = await dependencies.passThrough();
    const names = await passThrough.port.offering('logging');
    await Promise.all(names.map((name) => setLevelOf(passThrough, name, level)));
  };
}

class News {
  level: LogLevel | undefined;
  readonly #connection: NewsConnection;
  #changing: NodeJS.Timeout | undefined;

  constructor(connection: NewsConnection) {
    this.#connection = connection;
  }

  toolsChanged(): void {
    this.#changing ??= setTimeout(() => {
      this.#changing = undefined;
      this.#send('notifications/tools/list_changed', {});
    }, CHANGE_WAIT_MS);
  }

  tell(method: string, params: JsonObject): void {
    switch (method) {
      case 'notifications/resources/list_changed':
      case 'notifications/prompts/list_changed':
      case 'notifications/elicitation/complete':
        this.#send(method, params);
        break;
      case 'notifications/message':
        if (this.#connection.mode === 'direct') this.#tellMessage(params);
        break;
      default:
        // Updates of resources go to who has subscribed; whatever else there is was not asked for.
        break;
    }
  }

  #tellMessage(params: JsonObject): void {
    const weight = LEVELS.indexOf(params.level as LogLevel);
    if (this.level !== undefined && weight < LEVELS.indexOf(this.level)) return;
    const newest = this.#connection.conversations.newest();
    if (newest?.mcpReq.envelope === undefined) {
      this.#send('notifications/message', params);
      return;
    }
    // Since 2026-07-28 a message belongs to a request, which says how loud it may be.
    const logger = typeof params.logger === 'string' ? params.logger : undefined;
    newest.mcpReq.log(params.level as LogLevel, params.data, logger).catch(() => {});
  }

  #send(method: string, params: JsonObject): void {
    const message = Object.keys(params).length === 0 ? { method } : { method, params };
    // One that the connection's revision does not know is not sent, which is right.
    this.#connection.server.notification(message as never).catch(() => {});
  }
}

async function setLevelOf({ port }: PassThrough, server: string, level: LogLevel | undefined): Promise<void> {
  if (level === undefined || !port.isReady(server)) return;
  const context = { signal: AbortSignal.timeout(LEVEL_WAIT_MS) };
  await port.request(server, 'logging/setLevel', { level }, context).catch(() => {});
}

/** A server that does not answer only stays as loud as it is. */
const LEVEL_WAIT_MS = 5_000;
