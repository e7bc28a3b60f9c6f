/**
 * One budget for all the text that a model is shown of a run: `answerChars`. What is more important goes first and takes
 * what it needs: the error or the value, then emitted text, then the logs; a part is kept back for the run report and the
 * notes. The value is cut structurally before it comes here (shape.ts); texts keep head and tail, logs lose their middle.
 */
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { LogLine } from '../sandbox/backend.ts';
import type { Outcome } from './outcome.ts';
import { cutString } from './shape.ts';

/** Characters kept back for the report, the note on what was cut and the list of what took effect. */
const RESERVE_CHARS = 1_000;
/** Of the text of an emitted block, whatever the value has left. */
const TEXT_CHARS_MIN = 64;
/** What a line of a cut text costs beside the text itself. */
const CUT_NOTE_CHARS = 64;
/** `[error] ` and the line break. */
const LOG_FRAME_CHARS = 9;

/** What the value, or the words of an error, may take. */
export function valueCharsOf(answerChars: number): number {
  return answerChars - Math.min(RESERVE_CHARS, Math.floor(answerChars / 4));
}

/** Cuts everything but the value of an outcome to what the value leaves. Changes `outcome`. */
export function fitAnswer(outcome: Outcome, answerChars: number): void {
  let left = valueCharsOf(answerChars);
  const { error, value } = outcome;
  if (error !== undefined) {
    const hintChars = Math.min(error.hint?.length ?? 0, Math.floor(left / 4));
    error.message = cutTo(error.message, left - hintChars);
    if (error.hint !== undefined) error.hint = cutTo(error.hint, hintChars);
    left -= error.message.length + hintChars;
  } else if (value !== undefined) {
    left -= typeof value === 'string' ? value.length : JSON.stringify(value).length;
  }
  if (outcome.content !== undefined) {
    outcome.content = outcome.content.map((block) => {
      if (!isJsonObject(block)) return block;
      const fitted = fitBlock(block, Math.max(left, TEXT_CHARS_MIN));
      left -= textChars(fitted);
      return fitted;
    });
  }
  const { kept, dropped } = fitLogs(outcome.logs, left);
  outcome.logs = kept;
  outcome.logsDropped += dropped;
}

function fitBlock(block: JsonObject, charsMax: number): JsonObject {
  const { text, resource } = block;
  if (typeof text === 'string') return { ...block, text: cutTo(text, charsMax) };
  if (!isJsonObject(resource) || typeof resource.text !== 'string') return block;
  return { ...block, resource: { ...resource, text: cutTo(resource.text, charsMax) } };
}

function textChars({ text, resource }: JsonObject): number {
  const shown = isJsonObject(resource) ? resource.text : text;
  return typeof shown === 'string' ? shown.length : 0;
}

/** The first and the last lines that fit; a single line that is too long is cut. */
function fitLogs(logs: readonly LogLine[], charsMax: number): { kept: LogLine[]; dropped: number } {
  const cost = logs.reduce((sum, { text }) => sum + text.length + LOG_FRAME_CHARS, 0);
  if (cost <= charsMax) return { kept: [...logs], dropped: 0 };
  const lineMax = Math.floor(charsMax / 4);
  if (lineMax < TEXT_CHARS_MIN) return { kept: [], dropped: logs.length };
  const lines = logs.map(({ level, text }) => ({ level, text: cutTo(text, lineMax) }));
  const head: LogLine[] = [];
  const tail: LogLine[] = [];
  let left = charsMax;
  while (lines.length > 0) {
    const isHead = head.length <= tail.length;
    const line = (isHead ? lines.shift() : lines.pop()) as LogLine;
    left -= line.text.length + LOG_FRAME_CHARS;
    if (left < 0) break;
    if (isHead) head.push(line);
    else tail.unshift(line);
  }
  return { kept: [...head, ...tail], dropped: logs.length - head.length - tail.length };
}

/** `text` with head and tail in at most `charsMax` characters, the note on what is missing included. */
function cutTo(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  return charsMax <= 2 * CUT_NOTE_CHARS ? cutHead(text, charsMax) : cutString(text, charsMax - CUT_NOTE_CHARS);
}

function cutHead(text: string, charsMax: number): string {
  const short = text.slice(0, Math.max(0, charsMax - 1));
  return `${/[\uD800-\uDBFF]$/.test(short) ? short.slice(0, -1) : short}…`;
}
