/**
 * What a server offers beside tools, in one word each: enough to know whom to ask without starting anybody. Kept with the
 * last good list of tools, so that a client that lists prompts at its start does not start forty servers.
 */
import type { Json } from '../core/json.ts';

const OFFERS = ['resources', 'subscribe', 'prompts', 'completions', 'logging'] as const;

/** `subscribe`: changes of single resources are told. */
export type Offer = (typeof OFFERS)[number];

/** From the `capabilities` of a handshake. */
export function offersOf(capabilities: Readonly<Record<string, unknown>>): Offer[] {
  const has = (name: string): boolean => typeof capabilities[name] === 'object' && capabilities[name] !== null;
  const subscribes = (capabilities.resources as { subscribe?: unknown } | undefined)?.subscribe === true;
  return OFFERS.filter((offer) => (offer === 'subscribe' ? subscribes : has(offer)));
}

/** As it was kept; undefined when it was not. */
export function readOffers(kept: Json | undefined): Offer[] | undefined {
  return Array.isArray(kept) ? OFFERS.filter((offer) => kept.includes(offer)) : undefined;
}
