/**
 * The intents that one tenant can call, as a table of names and an index of words. Pure and made anew when a set changes;
 * what is asked by name, by alias or in plain words is decided here.
 *
 * Decision: words are scored by the search of tools, and the best intent is taken only when it is good by itself and
 * clearly better than the next. Two that are close are offered, never chosen between: one of them may write.
 */
import type { JsonObject } from '../../core/json.ts';
import { editDistance } from '../../core/nearest.ts';
import { camelCase, nameParts } from '../../upstream/names.ts';
import { SearchIndex } from '../../upstream/search.ts';
import { declarationOf, type NamedTool, signatureOf } from '../../upstream/signature.ts';
import type { CheckIntent } from '../check/finding.ts';
import type { Intent } from './intent.ts';
import { isMeant } from './meant.ts';

export interface RankedIntent {
  readonly intent: Intent;
  readonly score: number;
}

/** Below it a search shows no intent at all: the words say something else. */
const SHOWN_SCORE_MIN = 0.8;
/** One that is much worse than the best is not shown beside it. */
const SHOWN_SHARE = 0.5;
/** What the best must have to be run for words alone. */
const TAKEN_SCORE_MIN = 0.8;
/** How much better than the next it must be. */
const MARGIN_MIN = 1.25;
/** Another one that scores less than this share of the best does not answer the words. */
const ALONE_SHARE = 0.25;

/** The name under which intents stand beside servers, in a search and for `describe`. */
export const INTENTS_SERVER = 'intents';

export class NamedIntents {
  readonly all: readonly Intent[];
  readonly #byName: ReadonlyMap<string, Intent>;
  /** Alias or camelCase to the one intent that it means; undefined where it would mean several. */
  readonly #byAlias = new Map<string, Intent | undefined>();
  #index: SearchIndex | undefined;

  constructor(intents: readonly Intent[]) {
    this.all = intents;
    this.#byName = new Map(intents.map((intent) => [intent.name, intent]));
    for (const intent of intents) {
      for (const alias of new Set([camelCase(intent.name), plainWords(intent.name), ...aliasForms(intent)])) {
        if (this.#byName.has(alias)) continue;
        const other = this.#byAlias.has(alias);
        this.#byAlias.set(alias, other && this.#byAlias.get(alias) !== intent ? undefined : intent);
      }
    }
  }

  /** By own name, camelCase or alias, exactly or but for case and punctuation. */
  named(asked: string): Intent | undefined {
    return this.#byName.get(asked) ?? this.#byAlias.get(asked) ?? this.#byAlias.get(plainWords(asked));
  }

  /** Those that answer the words at all, best first. */
  rank(words: string, limit: number): RankedIntent[] {
    const named = this.named(words.trim());
    if (named !== undefined) return [{ intent: named, score: Number.POSITIVE_INFINITY }];
    const scored = this.#scored(words);
    const least = Math.max(SHOWN_SCORE_MIN, SHOWN_SHARE * (scored[0]?.score ?? 0));
    return scored.filter(({ score }) => score >= least).slice(0, limit);
  }

  /** The one intent that is meant, or the nearest three. */
  route(asked: string): { readonly intent: Intent } | { readonly nearest: readonly Intent[] } {
    const named = this.named(asked.trim());
    if (named !== undefined) return { intent: named };
    const scored = this.#scored(asked);
    const [best, next] = scored;
    const isClear =
      best !== undefined &&
      best.score >= TAKEN_SCORE_MIN &&
      best.score >= MARGIN_MIN * (next?.score ?? 0) &&
      isMeant(asked, best.intent, this.all, (next?.score ?? 0) < ALONE_SHARE * best.score);
    if (isClear) return { intent: best.intent };
    const close = new Set([...scored.map(({ intent }) => intent), ...this.#nearSpelled(asked)]);
    return { nearest: [...close].slice(0, 3) };
  }

  #scored(words: string): RankedIntent[] {
    if (this.all.length === 0) return [];
    if (this.#index === undefined) {
      this.#index = new SearchIndex();
      this.#index.setServer(INTENTS_SERVER, this.all.map(asTool));
    }
    return this.#index.rank(words, 10).flatMap(({ tool, score }) => {
      const intent = this.#byName.get(tool.name);
      return intent === undefined ? [] : [{ intent, score }];
    });
  }

  #nearSpelled(asked: string): Intent[] {
    const wanted = plainWords(asked).slice(0, 100);
    return [...this.all]
      .map((intent) => ({ intent, distance: editDistance(wanted, plainWords(intent.name)) }))
      .sort((a, b) => a.distance - b.distance)
      .slice(0, 3)
      .map(({ intent }) => intent);
  }
}

/** `intents.list_errors(params: {since?: string}): Promise<unknown> // List the latest errors.` */
export function intentSignature(intent: Intent): string {
  return signatureOf(asTool(intent)).replace(/^tools\.intents(.*?)\(args/s, 'intents$1(params');
}

/** Complete types that stand alone: `declare const intents` with this one intent. */
export function intentDeclaration(intent: Intent): string {
  const text = declarationOf(asTool(intent)).replace(/\(args(\??): /g, '(params$1: ');
  const at = text.lastIndexOf('declare const tools: {');
  // The one member of `tools` is `intents`; what stands in it is all that is shown.
  const body = text
    .slice(at)
    .replace(/^declare const tools: \{\n {2}intents: \{\n/, '')
    .replace(/\n {2}\};\n\};$/, '');
  return `${text.slice(0, at)}declare const intents: {\n${body.replace(/^ {2}/gm, '')}\n};`;
}

/** As the check knows tools: by every name that a program may write. */
export function asCheckIntent(intent: Intent): CheckIntent {
  const names = [...new Set([intent.name, camelCase(intent.name), ...intent.aliases])];
  return { ...asTool(intent), effect: intent.effect, signature: intentSignature(intent), names };
}

/** As the search and the writer of signatures know tools. Aliases are words to be found by. */
function asTool({ name, description, params, aliases, effect }: Intent): NamedTool {
  return {
    server: INTENTS_SERVER,
    serverAlias: INTENTS_SERVER,
    name,
    alias: name,
    definition: {
      name,
      description,
      inputSchema: params as JsonObject,
      annotations: { title: aliases.join('. '), readOnlyHint: effect === 'read' },
      ...(aliases.length === 0 ? {} : { title: `${aliases.join('. ')}.` }),
    },
  };
}

function aliasForms({ aliases }: Intent): string[] {
  return aliases.flatMap((alias) => [alias, plainWords(alias)]);
}

/** Words in lower case with one blank between them. */
function plainWords(text: string): string {
  return nameParts(text).join(' ').toLowerCase();
}
