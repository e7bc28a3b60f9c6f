/**
 * What the main process and a sandbox process say to each other. Messages of one turn travel as one batch, see frames.ts.
 * What comes up is looked at field by field before anyone uses it: `readUp` answers only what has the right form.
 */
import { ERROR_TABLE, type ErrorCode } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { HostReply, LogLevel, RunFailure, RunRequest, RunUsage } from '../backend.ts';

/** The first message to a child: what it needs to build its workers. */
export interface ChildBoot {
  readonly kind: 'boot';
  readonly settings: Json;
}

export type DownMessage =
  | ChildBoot
  | {
      readonly kind: 'start';
      readonly run: number;
      readonly request: Omit<RunRequest, 'signal' | 'deadline' | 'hostCall' | 'onLog'>;
    }
  | { readonly kind: 'settle'; readonly run: number; readonly call: number; readonly reply: HostReply }
  | { readonly kind: 'cancel'; readonly run: number }
  /** The run's deadline moves by so many milliseconds, also back. */
  | { readonly kind: 'extend'; readonly run: number; readonly byMs: number }
  | { readonly kind: 'inventory'; readonly names: Readonly<Record<string, readonly string[]>> }
  | { readonly kind: 'stats'; readonly request: number };

/** The end of a run without its logs, which have been sent before it. */
export interface UpEnd {
  readonly valueText: string | undefined;
  readonly failure: RunFailure | undefined;
  readonly logsDropped: number;
  readonly callsLeft: number;
  readonly usage: RunUsage;
  /** What the session keeps; the image as Base64, since what comes up is JSON. */
  readonly session?: { readonly image: string | undefined; readonly bytes: number; readonly namesText: string };
}

export type UpMessage =
  /** The child has proven that it is confined, and takes runs. */
  | { readonly kind: 'ready' }
  /** It has not, or cannot build its workers; it ends after saying so. */
  | { readonly kind: 'refused'; readonly message: string }
  | {
      readonly kind: 'call';
      readonly run: number;
      readonly call: number;
      readonly interfaceName: string;
      readonly functionName: string;
      readonly argumentsText: string;
    }
  | { readonly kind: 'log'; readonly run: number; readonly level: LogLevel; readonly text: string }
  | { readonly kind: 'end'; readonly run: number; readonly end: UpEnd }
  | { readonly kind: 'stats'; readonly request: number; readonly stats: Json };

const LEVELS: ReadonlySet<unknown> = new Set<LogLevel>(['debug', 'info', 'warn', 'error']);
const USAGE: ReadonlyArray<keyof RunUsage> = [
  'wallMs',
  'guestCpuMs',
  'queueMs',
  'memoryPeakBytes',
  'hostCalls',
  'bytesIn',
  'bytesOut',
];

/** The messages of one body. Throws when it is not JSON, or when any of them has another form. */
export function readUp(body: Buffer): UpMessage[] {
  const batch = JSON.parse(body.toString('utf8')) as unknown;
  if (!Array.isArray(batch)) throw new TypeError('not a batch of messages');
  return batch.map(readMessage);
}

function readMessage(said: unknown): UpMessage {
  const message = record(said);
  const text = (key: string): string => typed(message, key, 'string') as string;
  const whole = (key: string): number => typed(message, key, 'number') as number;
  switch (message.kind) {
    case 'ready':
      return { kind: 'ready' };
    case 'refused':
      return { kind: 'refused', message: text('message') };
    case 'call':
      return {
        kind: 'call',
        run: whole('run'),
        call: whole('call'),
        interfaceName: text('interfaceName'),
        functionName: text('functionName'),
        argumentsText: text('argumentsText'),
      };
    case 'log':
      if (!LEVELS.has(message.level)) throw new TypeError('an unknown level');
      return { kind: 'log', run: whole('run'), level: message.level as LogLevel, text: text('text') };
    case 'end':
      return { kind: 'end', run: whole('run'), end: readEnd(record(message.end)) };
    case 'stats':
      return { kind: 'stats', request: whole('request'), stats: (message.stats ?? null) as Json };
    default:
      throw new TypeError('a message of an unknown kind');
  }
}

function readEnd(end: Record<string, unknown>): UpEnd {
  const usage = record(end.usage);
  return {
    valueText: optional(end, 'valueText', 'string') as string | undefined,
    failure: end.failure === undefined ? undefined : readFailure(record(end.failure)),
    logsDropped: typed(end, 'logsDropped', 'number') as number,
    callsLeft: typed(end, 'callsLeft', 'number') as number,
    usage: Object.fromEntries(USAGE.map((key) => [key, typed(usage, key, 'number')])) as unknown as RunUsage,
    ...(end.session === undefined ? {} : { session: readSession(record(end.session)) }),
  };
}

function readSession(session: Record<string, unknown>): NonNullable<UpEnd['session']> {
  return {
    image: optional(session, 'image', 'string') as string | undefined,
    bytes: typed(session, 'bytes', 'number') as number,
    namesText: typed(session, 'namesText', 'string') as string,
  };
}

function readFailure(failure: Record<string, unknown>): RunFailure {
  const { code } = failure;
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_TABLE, code)) throw new TypeError('an unknown code');
  const numbers = (['line', 'column', 'call'] as const).flatMap((key) => {
    const value = optional(failure, key, 'number');
    return value === undefined ? [] : [[key, value]];
  });
  return {
    code: code as ErrorCode,
    message: typed(failure, 'message', 'string') as string,
    ...(Object.fromEntries(numbers) as { line?: number; column?: number; call?: number }),
  };
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new TypeError('not a message');
}

function typed(from: Record<string, unknown>, key: string, type: 'string' | 'number'): unknown {
  const value = from[key];
  if (typeof value === type) return value;
  throw new TypeError(`\`${key}\` is not a ${type}`);
}

function optional(from: Record<string, unknown>, key: string, type: 'string' | 'number'): unknown {
  return from[key] === undefined ? undefined : typed(from, key, type);
}
