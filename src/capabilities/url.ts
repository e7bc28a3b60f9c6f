/**
 * Host side of `wit/url.wit`: the host's own URL parser, lent to the guest. Pure; inputs longer than the limit are not
 * URLs that anyone means.
 */
import type { UrlHost } from '../bindings/generated/interfaces.ts';
import type { Json } from '../core/json.ts';

/** Longest input that is parsed, in UTF-16 units. */
const URL_CHARS_MAX = 64 * 1024;
const WRITABLE = [
  'href',
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
] as const;

export const urlCapability: UrlHost = {
  parse(input, base) {
    if (input.length > URL_CHARS_MAX || (base?.length ?? 0) > URL_CHARS_MAX) return null;
    return partsOf(URL.parse(input, base));
  },
  update(href, property, value) {
    const name = WRITABLE.find((known) => known === property);
    const url = URL.parse(href);
    if (!name || !url || value.length > URL_CHARS_MAX) return null;
    try {
      url[name] = value;
    } catch {
      return null;
    }
    return partsOf(url);
  },
};

function partsOf(url: URL | null): Json {
  if (!url) return null;
  const { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash } = url;
  return { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash };
}
