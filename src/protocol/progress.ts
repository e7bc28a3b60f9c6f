/**
 * The one sentence that a run event becomes in `notifications/progress`, for MCP and for `optimizer/*` alike.
 * Console lines are not progress and give nothing.
 */
import type { RunEvent } from '../engine/request.ts';

/** Undefined when the event is nothing that a waiting client should be told. */
export function progressOf(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'console':
      return undefined;
    case 'state':
      return event.state;
    case 'progress':
      return callSentence(event);
  }
}

function callSentence(event: Extract<RunEvent, { type: 'progress' }>): string {
  switch (event.step) {
    case 'call':
      return `call ${event.calls}: ${event.tool}`;
    case 'answer':
      return `call ${event.calls}: ${event.tool} ${event.status ?? 'ok'}`;
    case 'progress': {
      const share = event.total === undefined ? `${event.progress ?? ''}` : `${event.progress ?? 0}/${event.total}`;
      return [event.tool, share, event.message].filter((part) => part !== undefined && part !== '').join(' ');
    }
  }
}
