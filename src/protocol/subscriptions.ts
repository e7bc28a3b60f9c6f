/**
 * Who wants to hear of which resource. A server is subscribed to once, however many clients want it, and again after it has
 * been restarted; the last client that leaves ends it.
 */
import type { JsonObject } from '../core/json.ts';
import type { DirectContext } from '../engine/direct-calls.ts';
import type { Log } from '../telemetry/log.ts';
import type { Offerings, Place } from './offerings.ts';
import type { UpstreamPort } from './upstream-port.ts';

/** Told with the URI under which it subscribed. Must not throw. */
export type UpdateListener = (uri: string, params: JsonObject) => void;

interface Subscription {
  readonly place: Place;
  /** Client, and the URI under which it knows the resource. */
  readonly listeners: Map<object, { readonly uri: string; readonly listener: UpdateListener }>;
}

export class Subscriptions {
  readonly #port: UpstreamPort;
  readonly #offerings: Offerings;
  readonly #log: Log;
  readonly #byPlace = new Map<string, Subscription>();

  constructor(port: UpstreamPort, offerings: Offerings, log: Log) {
    this.#port = port;
    this.#offerings = offerings;
    this.#log = log;
    port.onNotification((server, method, params) => {
      if (method === 'notifications/resources/updated') this.#tell(server, params);
    });
    port.onConnected((server) => this.#renew(server));
  }

  /** Rejects when no server has the resource or its server refuses. `client` subscribes to one URI once. */
  async add(client: object, uri: string, listener: UpdateListener, context: DirectContext): Promise<void> {
    const place = await this.#offerings.placeOf(uri, context);
    const key = keyOf(place);
    const subscription = this.#byPlace.get(key) ?? { place, listeners: new Map() };
    const isFirst = subscription.listeners.size === 0;
    subscription.listeners.set(client, { uri, listener });
    this.#byPlace.set(key, subscription);
    if (!isFirst) return;
    try {
      await this.#port.request(place.server, 'resources/subscribe', { uri: place.uri }, context);
    } catch (error) {
      this.#byPlace.delete(key);
      throw error;
    }
  }

  /** Nothing happens when `client` has not subscribed to it. */
  async remove(client: object, uri: string, context: DirectContext): Promise<void> {
    for (const [key, subscription] of this.#byPlace) {
      if (subscription.listeners.get(client)?.uri !== uri) continue;
      await this.#leave(key, subscription, client, context);
    }
  }

  /** The client is gone. Never rejects. */
  async removeAll(client: object): Promise<void> {
    const context = { signal: AbortSignal.timeout(FAREWELL_MS) };
    for (const [key, subscription] of this.#byPlace) {
      if (subscription.listeners.has(client)) await this.#leave(key, subscription, client, context).catch(() => {});
    }
  }

  async #leave(key: string, subscription: Subscription, client: object, context: DirectContext): Promise<void> {
    subscription.listeners.delete(client);
    if (subscription.listeners.size > 0) return;
    this.#byPlace.delete(key);
    const { server, uri } = subscription.place;
    if (this.#port.isReady(server)) await this.#port.request(server, 'resources/unsubscribe', { uri }, context);
  }

  #tell(server: string, params: JsonObject): void {
    const found = this.#byPlace.get(keyOf({ server, uri: String(params.uri) }));
    for (const { uri, listener } of found?.listeners.values() ?? []) listener(uri, { ...params, uri });
  }

  #renew(server: string): void {
    const context = { signal: AbortSignal.timeout(RENEW_MS) };
    for (const { place } of this.#byPlace.values()) {
      if (place.server !== server) continue;
      this.#port.request(server, 'resources/subscribe', { uri: place.uri }, context).catch((error: unknown) => {
        this.#log.warn({ server, reason: String(error) }, 'a subscription could not be renewed');
      });
    }
  }
}

/** A server that does not answer must not hold the end of a connection. */
const FAREWELL_MS = 1_000;
const RENEW_MS = 30_000;

function keyOf({ server, uri }: Place): string {
  return `${server}\0${uri}`;
}
