/**
 * What is done again and again: counts programs of one shape for each tenant, and at the third time proposes the intent,
 * ready to be saved. Also the one place that notes a completed run for `intents.save {executionId}`.
 *
 * Decisions: only programs that call tools count, since a sum is no habit. A proposal is made once for each shape, because a model
 * pays for reading it; it is kept under the run's id, so that saving that run saves the program with its parameters.
 */
import { LRUCache } from 'lru-cache';
import type { JsonObject } from '../../core/json.ts';
import type { Effect } from '../../upstream/server-spec.ts';
import type { CallRecord, IntentProposal } from '../outcome.ts';
import { type LiftedFrom, liftLiterals, schemaOfValues } from './lift-literals.ts';
import { shapeOf } from './program-shape.ts';
import type { RecentPrograms } from './recent-programs.ts';

/** A run that has completed. */
export interface CompletedRun {
  readonly tenant: string;
  readonly executionId: string;
  /** The caller's text, and the same with types blanked. */
  readonly code: string;
  readonly javascript: string;
  readonly params: JsonObject;
  readonly calls: readonly CallRecord[];
}

/** A program of the same shape has to run this often. */
export const PROPOSED_AT = 3;
/** Shapes that are remembered, all tenants together, and the longest program that is looked at. */
const SHAPES_MAX = 512;
const CODE_CHARS_MAX = 8 * 1024;

interface Seen {
  /** The programs so far; dropped when the proposal has been made. */
  programs: LiftedFrom[] | undefined;
}

export class Habits {
  readonly #recent: RecentPrograms;
  readonly #seen = new LRUCache<string, Seen>({ max: SHAPES_MAX });

  constructor(recent: RecentPrograms) {
    this.#recent = recent;
  }

  /** Notes the run; answers a proposal when it is time for one. */
  completed(run: CompletedRun): IntentProposal | undefined {
    const { tenant, executionId, code, params, calls } = run;
    const effect: Effect = calls.some((call) => call.effect === 'write') ? 'write' : 'read';
    const given = schemaOfValues(params);
    const proposal = calls.length === 0 ? undefined : this.#proposed(run, effect, given);
    const schema = proposal?.params ?? schemaOf(given);
    this.#recent.note(tenant, executionId, { code: proposal?.code ?? code, effect, params: schema });
    return proposal;
  }

  #proposed(run: CompletedRun, effect: Effect, given: Record<string, JsonObject>): IntentProposal | undefined {
    const { tenant, code, javascript, calls } = run;
    if (code.length !== javascript.length || code.length > CODE_CHARS_MAX) return undefined;
    const key = `${tenant}\n${shapeOf(code)}`;
    const seen = this.#seen.get(key);
    if (seen === undefined) {
      this.#seen.set(key, { programs: [{ code, javascript }] });
      return undefined;
    }
    if (seen.programs === undefined) return undefined;
    seen.programs.push({ code, javascript });
    if (seen.programs.length < PROPOSED_AT) return undefined;
    const { programs } = seen;
    seen.programs = undefined;
    const lifted = liftLiterals(programs, Object.keys(given));
    if (lifted === undefined) return undefined;
    const params = schemaOf({ ...given, ...lifted.properties });
    return { name: nameFor(calls), runs: PROPOSED_AT, params, effect, code: lifted.code };
  }
}

function schemaOf(properties: Readonly<Record<string, JsonObject>>): JsonObject {
  return { type: 'object', properties: { ...properties }, required: Object.keys(properties) };
}

/** After the tools: one by its name, several by the first and the last. */
function nameFor(calls: readonly CallRecord[]): string {
  const tools = [...new Set(calls.map(({ tool }) => tool.slice(tool.indexOf('.') + 1)))];
  const [first = 'program', last] = [tools[0], tools.length > 1 ? tools.at(-1) : undefined];
  const name = (last === undefined ? first : `${first}_and_${last}`).replace(/[^\w$]+/g, '_').slice(0, 64);
  return /^[A-Za-z_$]/.test(name) ? name : `_${name.slice(0, 63)}`;
}
