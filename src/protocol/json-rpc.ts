/**
 * JSON-RPC 2.0 as this room reads it: one line of bytes in, one tagged value out. Pure; nothing is answered here.
 * First step of the pipe. Decision: whatever has a readable id keeps it in the error answer, so that its sender does not
 * wait for ever; only where no id can be read is the answer's id null (JSON-RPC 2.0 section 5).
 */
import { isUtf8 } from 'node:buffer';
import { OptimizerError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';

/** A string or a safe integer; fractions cannot be matched safely and null is not an id. */
export type RpcId = string | number;

export interface RpcRequest {
  readonly jsonrpc: '2.0';
  readonly id: RpcId;
  readonly method: string;
  readonly params?: JsonObject;
}

export interface RpcNotification {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params?: JsonObject;
}

/** `error.data.code` is the stable code of docs/errors.md. */
export interface RpcErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data: JsonObject;
}

export type RpcAnswer =
  | { readonly jsonrpc: '2.0'; readonly id: RpcId; readonly result: Json }
  | { readonly jsonrpc: '2.0'; readonly id: RpcId | null; readonly error: RpcErrorBody };

export type Inbound =
  | { readonly kind: 'request'; readonly request: RpcRequest }
  | { readonly kind: 'notification'; readonly notification: RpcNotification }
  /** An answer to a request of ours; its shape is checked by whoever asked. */
  | { readonly kind: 'response'; readonly response: JsonObject }
  | { readonly kind: 'invalid'; readonly id: RpcId | null; readonly error: OptimizerError };

/** Key of a map over ids: the number 1 and the string "1" are two ids. */
export function idKey(id: RpcId): string {
  return typeof id === 'string' ? `s${id}` : `n${id}`;
}

/** Reads one line, without its line end. Never throws. */
export function readMessage(line: Buffer): Inbound {
  if (!isUtf8(line)) return invalid(null, new OptimizerError('request.parse', 'The line is not UTF-8.'));
  let value: Json;
  try {
    value = JSON.parse(line.toString('utf8')) as Json;
  } catch (error) {
    const reason = (error as Error).message.slice(0, 200);
    return invalid(null, new OptimizerError('request.parse', `The line is not JSON: ${reason}`));
  }
  if (!isJsonObject(value)) return invalid(null, notAnObject(value));
  return readObject(value);
}

function notAnObject(value: Json): OptimizerError {
  const found = Array.isArray(value) ? 'an array; batches are not accepted' : value === null ? 'null' : typeof value;
  return new OptimizerError('request.invalid', `A message must be one JSON object, got ${found}.`);
}

function readObject(message: JsonObject): Inbound {
  const hasId = Object.hasOwn(message, 'id');
  const id = readId(message.id);
  if (hasId && id === undefined) {
    const found = message.id === null ? 'null' : `${typeof message.id} ${JSON.stringify(message.id).slice(0, 40)}`;
    return refuse(null, `\`id\` must be a string or a whole number, got ${found}.`);
  }
  const echo = id ?? null;
  if (message.jsonrpc !== '2.0') {
    const found = message.jsonrpc === undefined ? 'nothing' : JSON.stringify(message.jsonrpc).slice(0, 40);
    return refuse(echo, `\`jsonrpc\` must be "2.0", got ${found}.`);
  }
  if (message.method === undefined && id !== undefined && ('result' in message || 'error' in message)) {
    return { kind: 'response', response: message };
  }
  const { method, params } = message;
  if (typeof method !== 'string') {
    return refuse(echo, `\`method\` must be a string, got ${method === undefined ? 'nothing' : typeof method}.`);
  }
  if (params !== undefined && !isJsonObject(params)) {
    const found = Array.isArray(params) ? 'array' : params === null ? 'null' : typeof params;
    const data = { path: 'params', expected: 'object', got: found };
    return invalid(echo, new OptimizerError('request.params', `\`params\` must be an object, got ${found}.`, { data }));
  }
  // Only the members that JSON-RPC knows go on: a stranger beside them must not make a strict reader drop the request.
  const head = { jsonrpc: '2.0' as const, method, ...(params === undefined ? {} : { params }) };
  return id === undefined
    ? { kind: 'notification', notification: head }
    : { kind: 'request', request: { ...head, id } };
}

function readId(value: Json | undefined): RpcId | undefined {
  return typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value)) ? value : undefined;
}

function refuse(id: RpcId | null, message: string): Inbound {
  return invalid(id, new OptimizerError('request.invalid', message));
}

function invalid(id: RpcId | null, error: OptimizerError): Inbound {
  return { kind: 'invalid', id, error };
}
