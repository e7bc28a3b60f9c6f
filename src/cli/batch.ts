/** `batch FILE|-`: the steps of a file, and a line for each that says what became of it. */
import { EXIT, OptimizerError } from '../core/errors.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import type { BatchRequest, BatchResult } from '../engine/batch/run-batch.ts';
import { checkParams } from '../protocol/params.ts';
import { METHOD_SCHEMAS } from '../protocol/schema.ts';
import type { CommandContext } from './command-context.ts';
import { exitStatusOfCode } from './exit-status.ts';
import { limitsOf, readProgram, untilSignal } from './run.ts';
import { waitForServers, withApp } from './with-app.ts';

export interface BatchOptions {
  readonly readOnly?: boolean;
  readonly limit?: readonly string[];
}

const WAIT_MS = 10_000;

/** Exit status of the first step that failed. */
export async function batch(context: CommandContext, file: string, options: BatchOptions): Promise<number> {
  const asked = readBatch(await readProgram(file), file);
  const limits = { ...asked.limits, ...limitsOf(options.limit ?? []) };
  const request: BatchRequest = { ...asked, limits, readOnly: options.readOnly === true || asked.readOnly === true };
  return withApp(context, async (app) => {
    const { printer } = context;
    await waitForServers(context, app, WAIT_MS);
    const result = await untilSignal((signal) =>
      printer.during('running', () => app.engine.intents().executeBatch(request, { signal, onEvent: () => undefined })),
    );
    return print(context, result);
  });
}

function readBatch(text: string, file: string): BatchRequest {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new OptimizerError('request.command', `\`${file}\` is not JSON`, {
      hint: 'For example {"steps": [{"tool": "files.read_text_file", "params": {"path": "a.txt"}}]}.',
      cause,
    });
  }
  // A list of steps alone is clear enough.
  const request = Array.isArray(value) ? { steps: value } : value;
  checkParams(METHOD_SCHEMAS['optimizer/executeBatch'].params, isJsonObject(request) ? request : null);
  return request as unknown as BatchRequest;
}

function print({ printer }: CommandContext, result: BatchResult): number {
  const { steps, compensated = [] } = result;
  const rows = steps.map(({ id, status, value, error, usage }) => [
    id,
    status,
    `${usage.wallMs.toFixed(1)}`,
    printer.outside(error === undefined ? textOf(value) : `${error.code}: ${error.message}`),
  ]);
  printer.table(
    result,
    [{ header: 'STEP' }, { header: 'STATUS' }, { header: 'MS', align: 'end' }, { header: 'ANSWER', minWidth: 20 }],
    rows,
  );
  if (!printer.json) {
    for (const { id, status, error } of compensated) {
      if (status === 'completed') printer.note(`undone: ${id}`);
      else printer.warn(`not undone: ${id}${error === undefined ? '' : `: ${error.message}`}`, error?.hint);
    }
  }
  const failed = steps.find(({ error }) => error !== undefined && error.code !== 'request.skipped');
  return failed?.error === undefined ? EXIT.ok : exitStatusOfCode(failed.error.code);
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
