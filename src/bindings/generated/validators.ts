// Generated from wit/ by build/wit; do not edit.
import type { Json, JsonObject } from '../../core/json.ts';
import { BoundaryError } from '../boundary-error.ts';
import { absent, boolean, bytesToWire, count, float, integer, json, list, oneOf, record, text } from '../checks.ts';
import { lookupTable } from '../lookup-table.ts';
import type { LogLevel } from './interfaces.ts';

type Checks<Check> = { readonly [name: string]: { readonly [name: string]: Check } };

/**
 * Checks the parsed argument array of one call and answers the arguments as the host function takes them.
 * Throws `BoundaryError` with code `program.error`, also for names that no interface has.
 */
export function checkArguments(interfaceName: string, functionName: string, args: unknown): unknown[] {
  return find(ARGUMENTS, interfaceName, functionName)(args);
}

/**
 * Checks what a host function returned (awaited) and answers it as it goes on the wire, `null` for nothing.
 * Throws `BoundaryError` with code `internal.error`: a wrong result is a fault of ours.
 */
export function checkResult(interfaceName: string, functionName: string, value: unknown): Json {
  const check = find(RESULTS, interfaceName, functionName);
  try {
    return check(value);
  } catch (error) {
    throw error instanceof BoundaryError ? error.asInternal() : error;
  }
}

function find<Check>(checks: Checks<Check>, interfaceName: string, functionName: string): Check {
  const functions = checks[oneOf(interfaceName, 'interface', Object.keys(checks))] as Checks<Check>[string];
  return functions[oneOf(functionName, 'function', Object.keys(functions))] as Check;
}

/** Checks an error record on its way into the guest. Throws `BoundaryError` with code `internal.error`. */
export function checkHostError(value: unknown): JsonObject {
  try {
    return outHostError(value, 'error');
  } catch (error) {
    throw error instanceof BoundaryError ? error.asInternal() : error;
  }
}

const LOG_LEVEL_CASES = ['debug', 'info', 'warn', 'error'] as const;
function inLogLevel(value: unknown, path: string): LogLevel {
  return oneOf(value, path, LOG_LEVEL_CASES);
}

function outHostError(value: unknown, path: string): JsonObject {
  const fields = record(value, path, ['code', 'kind', 'message', 'retryable', 'issues'], ['tool', 'hint', 'data']);
  return {
    code: text(fields['code'], `${path}.code`),
    kind: text(fields['kind'], `${path}.kind`),
    message: text(fields['message'], `${path}.message`),
    ...(absent(fields['tool']) ? {} : { tool: text(fields['tool'], `${path}.tool`) }),
    ...(absent(fields['hint']) ? {} : { hint: text(fields['hint'], `${path}.hint`) }),
    retryable: boolean(fields['retryable'], `${path}.retryable`),
    issues: list(fields['issues'], `${path}.issues`, (item, at) => text(item, at)),
    ...(absent(fields['data']) ? {} : { data: json(fields['data'], `${path}.data`) }),
  };
}

function argumentsOfBlobsLoad(args: unknown): unknown[] {
  const items = count(args, 1, 1);
  return [
    text(items[0], 'handle'),
  ];
}

function resultOfBlobsLoad(value: unknown): Json {
  return json(value, 'result');
}

function argumentsOfClockNow(args: unknown): unknown[] {
  count(args, 0, 0);
  return [];
}

function resultOfClockNow(value: unknown): Json {
  return float(value, 'result', 'f64');
}

function argumentsOfClockMonotonic(args: unknown): unknown[] {
  count(args, 0, 0);
  return [];
}

function resultOfClockMonotonic(value: unknown): Json {
  return float(value, 'result', 'f64');
}

function argumentsOfConsoleWrite(args: unknown): unknown[] {
  const items = count(args, 2, 2);
  return [
    inLogLevel(items[0], 'level'),
    text(items[1], 'text'),
  ];
}

function resultOfConsoleWrite(): Json {
  return null;
}

function argumentsOfContentEmit(args: unknown): unknown[] {
  const items = count(args, 1, 1);
  return [
    json(items[0], 'block'),
  ];
}

function resultOfContentEmit(): Json {
  return null;
}

function argumentsOfContextGet(args: unknown): unknown[] {
  const items = count(args, 1, 1);
  return [
    text(items[0], 'key'),
  ];
}

function resultOfContextGet(value: unknown): Json {
  return json(value, 'result');
}

function argumentsOfContextSet(args: unknown): unknown[] {
  const items = count(args, 2, 4);
  return [
    text(items[0], 'key'),
    json(items[1], 'value'),
    (absent(items[2]) ? undefined : float(items[2], 'ttlMs', 'f64')),
    (absent(items[3]) ? undefined : integer(items[3], 'ifVersion', 'u32', 0, 4294967295)),
  ];
}

function resultOfContextSet(value: unknown): Json {
  return json(value, 'result');
}

function argumentsOfContextIncrement(args: unknown): unknown[] {
  const items = count(args, 2, 3);
  return [
    text(items[0], 'key'),
    float(items[1], 'by', 'f64'),
    (absent(items[2]) ? undefined : float(items[2], 'ttlMs', 'f64')),
  ];
}

function resultOfContextIncrement(value: unknown): Json {
  return json(value, 'result');
}

function argumentsOfContextDelete(args: unknown): unknown[] {
  const items = count(args, 1, 1);
  return [
    text(items[0], 'key'),
  ];
}

function resultOfContextDelete(value: unknown): Json {
  return boolean(value, 'result');
}

function argumentsOfContextList(args: unknown): unknown[] {
  const items = count(args, 0, 1);
  return [
    (absent(items[0]) ? undefined : text(items[0], 'prefix')),
  ];
}

function resultOfContextList(value: unknown): Json {
  return json(value, 'result');
}

function argumentsOfIntentsCall(args: unknown): unknown[] {
  const items = count(args, 2, 2);
  return [
    text(items[0], 'name'),
    json(items[1], 'params'),
  ];
}

function resultOfIntentsCall(value: unknown): Json {
  return json(value, 'result');
}

function argumentsOfRandomBytes(args: unknown): unknown[] {
  const items = count(args, 1, 1);
  return [
    integer(items[0], 'length', 'u32', 0, 4294967295),
  ];
}

function resultOfRandomBytes(value: unknown): Json {
  return bytesToWire(value, 'result');
}

function argumentsOfRandomUuid(args: unknown): unknown[] {
  count(args, 0, 0);
  return [];
}

function resultOfRandomUuid(value: unknown): Json {
  return text(value, 'result');
}

function argumentsOfTimersSleep(args: unknown): unknown[] {
  const items = count(args, 1, 1);
  return [
    float(items[0], 'ms', 'f64'),
  ];
}

function resultOfTimersSleep(): Json {
  return null;
}

function argumentsOfToolsCall(args: unknown): unknown[] {
  const items = count(args, 4, 4);
  return [
    text(items[0], 'server'),
    text(items[1], 'tool'),
    json(items[2], 'arguments'),
    boolean(items[3], 'raw'),
  ];
}

function resultOfToolsCall(value: unknown): Json {
  return json(value, 'result');
}

function argumentsOfToolsNames(args: unknown): unknown[] {
  const items = count(args, 0, 1);
  return [
    (absent(items[0]) ? undefined : text(items[0], 'server')),
  ];
}

function resultOfToolsNames(value: unknown): Json {
  return list(value, 'result', (item, at) => text(item, at));
}

function argumentsOfToolsSearch(args: unknown): unknown[] {
  const items = count(args, 1, 2);
  return [
    text(items[0], 'query'),
    (absent(items[1]) ? undefined : integer(items[1], 'limit', 'u32', 0, 4294967295)),
  ];
}

function resultOfToolsSearch(value: unknown): Json {
  return json(value, 'result');
}

function argumentsOfUrlParse(args: unknown): unknown[] {
  const items = count(args, 1, 2);
  return [
    text(items[0], 'input'),
    (absent(items[1]) ? undefined : text(items[1], 'base')),
  ];
}

function resultOfUrlParse(value: unknown): Json {
  return json(value, 'result');
}

function argumentsOfUrlUpdate(args: unknown): unknown[] {
  const items = count(args, 3, 3);
  return [
    text(items[0], 'href'),
    text(items[1], 'property'),
    text(items[2], 'value'),
  ];
}

function resultOfUrlUpdate(value: unknown): Json {
  return json(value, 'result');
}

const ARGUMENTS: Checks<(args: unknown) => unknown[]> = lookupTable({
  blobs: lookupTable({
    load: argumentsOfBlobsLoad,
  }),
  clock: lookupTable({
    now: argumentsOfClockNow,
    monotonic: argumentsOfClockMonotonic,
  }),
  console: lookupTable({
    write: argumentsOfConsoleWrite,
  }),
  content: lookupTable({
    emit: argumentsOfContentEmit,
  }),
  context: lookupTable({
    get: argumentsOfContextGet,
    set: argumentsOfContextSet,
    increment: argumentsOfContextIncrement,
    delete: argumentsOfContextDelete,
    list: argumentsOfContextList,
  }),
  intents: lookupTable({
    call: argumentsOfIntentsCall,
  }),
  random: lookupTable({
    bytes: argumentsOfRandomBytes,
    uuid: argumentsOfRandomUuid,
  }),
  timers: lookupTable({
    sleep: argumentsOfTimersSleep,
  }),
  tools: lookupTable({
    call: argumentsOfToolsCall,
    names: argumentsOfToolsNames,
    search: argumentsOfToolsSearch,
  }),
  url: lookupTable({
    parse: argumentsOfUrlParse,
    update: argumentsOfUrlUpdate,
  }),
});

const RESULTS: Checks<(value: unknown) => Json> = lookupTable({
  blobs: lookupTable({
    load: resultOfBlobsLoad,
  }),
  clock: lookupTable({
    now: resultOfClockNow,
    monotonic: resultOfClockMonotonic,
  }),
  console: lookupTable({
    write: resultOfConsoleWrite,
  }),
  content: lookupTable({
    emit: resultOfContentEmit,
  }),
  context: lookupTable({
    get: resultOfContextGet,
    set: resultOfContextSet,
    increment: resultOfContextIncrement,
    delete: resultOfContextDelete,
    list: resultOfContextList,
  }),
  intents: lookupTable({
    call: resultOfIntentsCall,
  }),
  random: lookupTable({
    bytes: resultOfRandomBytes,
    uuid: resultOfRandomUuid,
  }),
  timers: lookupTable({
    sleep: resultOfTimersSleep,
  }),
  tools: lookupTable({
    call: resultOfToolsCall,
    names: resultOfToolsNames,
    search: resultOfToolsSearch,
  }),
  url: lookupTable({
    parse: resultOfUrlParse,
    update: resultOfUrlUpdate,
  }),
});
