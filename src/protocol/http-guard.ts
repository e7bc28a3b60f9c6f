/**
 * Who may speak to us over HTTP, decided before a request is read: the name under which we were called, the page that calls,
 * and the token. Pure but for the answer that it writes. The first two keep web pages out that a browser was led to
 * (DNS rebinding); the token keeps everybody else out.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sha256Hex } from '../core/crypto.ts';

export interface GuardOptions {
  /** Host names under which we may be called, without ports; IPv6 in brackets. */
  readonly hosts: readonly string[];
  /** Host names of pages that may call. */
  readonly origins: readonly string[];
  /** Undefined = none is asked for. */
  readonly token: string | undefined;
}

/** Of `@modelcontextprotocol/node`: answers 403 by itself when it says no. */
export interface HeaderChecks {
  hostHeaderValidation(names: string[]): (request: IncomingMessage, response: ServerResponse) => boolean;
  originValidation(names: string[]): (request: IncomingMessage, response: ServerResponse) => boolean;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'] as const;

export type Guard = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Says whether the request may go on; when not, it has been answered. */
export function createGuard(checks: HeaderChecks, { hosts, origins, token }: GuardOptions): Guard {
  const hostIsKnown = checks.hostHeaderValidation([...new Set([...LOOPBACK, ...hosts])]);
  const originIsKnown = checks.originValidation([...new Set([...LOOPBACK, ...origins])]);
  return (request, response) => {
    if (!hostIsKnown(request, response) || !originIsKnown(request, response)) return false;
    if (token === undefined || isBearer(request.headers.authorization, token)) return true;
    response.setHeader('WWW-Authenticate', 'Bearer');
    refuse(response, 401, 'A bearer token is needed.');
    return false;
  };
}

/** A JSON-RPC error without an id, as MCP answers what is no request yet. */
export function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_000, message } }));
}

/** Hashes are compared, so that the time of the comparison says nothing about the token. */
function isBearer(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  return given !== undefined && sha256Hex(given) === sha256Hex(token);
}
