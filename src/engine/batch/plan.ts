/**
 * From the steps of a request to a plan: every step has an id and one kind of work, every reference names an earlier step,
 * and what a step waits for is known before anything runs. Pure. A batch that cannot be planned is refused as a whole.
 */
import { OptimizerError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { nearest } from '../../core/nearest.ts';
import { type Reference, referencesIn } from './references.ts';

/** What a step does: exactly one of the three. */
export interface BatchWork {
  readonly code?: string;
  /** Name, alias or plain words. */
  readonly intent?: string;
  /** `server.tool`. */
  readonly tool?: string;
  readonly params?: JsonObject;
}

export interface BatchStep extends BatchWork {
  /** Default `step1`, `step2`, … by its place. */
  readonly id?: string;
  /** Undoes the step when a later one fails in an atomic batch; may refer to the step's own result. */
  readonly compensate?: BatchWork;
}

export type PlannedWork = { readonly params: JsonObject; readonly at: string } & (
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'intent'; readonly intent: string }
  | { readonly kind: 'tool'; readonly server: string; readonly tool: string }
);

export interface PlannedStep {
  readonly id: string;
  readonly work: PlannedWork;
  readonly compensate: PlannedWork | undefined;
  /** Places of the earlier steps that it refers to, also in its compensation. */
  readonly needs: readonly number[];
}

const ID = /^[A-Za-z_][\w-]{0,63}$/;

/** Throws `request.params` with the path of what is wrong, or `limit.batch`. */
export function planBatch(steps: readonly BatchStep[], stepsMax: number): PlannedStep[] {
  if (steps.length > stepsMax) {
    throw new OptimizerError(
      'limit.batch',
      `the batch has ${steps.length} steps (limit \`batchSteps\` = ${stepsMax}); none ran`,
      { data: { path: 'params.steps' } },
    );
  }
  if (steps.length === 0) throw wrong('params.steps', 'expected at least one step');
  const places = new Map<string, number>();
  const ids = steps.map(({ id }, index) => {
    const at = `params.steps[${index}].id`;
    const named = id ?? `step${index + 1}`;
    if (!ID.test(named)) throw wrong(at, 'expected letters, digits, `_` and `-`, at most 64, as in `find_user`');
    if (places.has(named)) throw wrong(at, `another step is called \`${named}\``);
    places.set(named, index);
    return named;
  });
  return steps.map((step, index) => {
    const at = `params.steps[${index}]`;
    const work = planWork(step, at);
    const compensate = step.compensate === undefined ? undefined : planWork(step.compensate, `${at}.compensate`);
    const needs = new Set<number>();
    const need = (references: readonly Reference[], last: number): void => {
      for (const { step: named, at: place } of references) {
        const other = places.get(named);
        if (other === undefined) {
          const [near] = nearest(named, ids, 1);
          throw wrong(
            place,
            `no step is called \`${named}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`,
          );
        }
        if (other > last) throw wrong(place, `\`${named}\` comes later; a step refers to earlier ones only`);
        if (other < index) needs.add(other);
      }
    };
    need(referencesIn(work.params, `${at}.params`), index - 1);
    // An undoing may use what the step itself has made.
    if (compensate !== undefined) need(referencesIn(compensate.params, `${at}.compensate.params`), index);
    return { id: ids[index] as string, work, compensate, needs: [...needs] };
  });
}

function planWork({ code, intent, tool, params = {} }: BatchWork, at: string): PlannedWork {
  const given = Object.entries({ code, intent, tool }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    const got = given.length === 0 ? 'none of them' : given.map(([name]) => `\`${name}\``).join(' and ');
    throw wrong(at, `expected one of \`code\`, \`intent\` and \`tool\`, got ${got}`);
  }
  if (code !== undefined) return { kind: 'code', code, params, at };
  if (intent !== undefined) return { kind: 'intent', intent, params, at };
  const [server = '', ...rest] = (tool as string).split('.');
  const name = rest.join('.');
  if (server === '' || name === '') throw wrong(`${at}.tool`, 'expected `server.tool`');
  return { kind: 'tool', server, tool: name, params, at };
}

function wrong(path: string, message: string): OptimizerError {
  return new OptimizerError('request.params', `\`${path}\`: ${message}; nothing ran`, { data: { path } });
}
