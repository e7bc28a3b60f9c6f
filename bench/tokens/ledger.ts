/**
 * What a conversation costs, turn by turn, in o200k_base tokens. A turn sends the fixed part (definitions and
 * instructions) and all that was said before; what the model writes is output now and input from the next turn on.
 * Decision: four numbers, never one; the cache-weighted cost says what a cache of prompts makes of the repetition.
 */
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

export interface Cost {
  readonly turns: number;
  /** Tokens that the model was sent, summed over the turns. */
  readonly input: number;
  /** Tokens that the model wrote, calls and programs and the last answer. */
  readonly output: number;
  /** The longest prompt of any turn, with what was written in it. */
  readonly peak: number;
  /** 1.25 for each fresh input token, 0.1 for each that the turn before had sent already, 5 for each of output. */
  readonly weighted: number;
}

/** An image is no text; this many tokens stand for it, in every mode. */
export const IMAGE_TOKENS = 85;
const FRESH = 1.25;
const CACHED = 0.1;
const WRITTEN = 5;

export type Block = { readonly type: string; readonly text?: string } & Record<string, unknown>;

export function tokensOf(text: string): number {
  return countTokens(text);
}

export function blocksTokens(blocks: readonly Block[]): number {
  return blocks.reduce((sum, block) => {
    if (block.type === 'image') return sum + IMAGE_TOKENS;
    return sum + tokensOf(block.type === 'text' ? (block.text ?? '') : JSON.stringify(block));
  }, 0);
}

export class Conversation {
  #context: number;
  #sentBefore = 0;
  #turns = 0;
  #input = 0;
  #output = 0;
  #peak = 0;
  #weighted = 0;

  /** `fixed` is sent with every turn, `prompt` is what the user asks. */
  constructor(fixed: readonly string[], prompt: string) {
    this.#context = [...fixed, prompt].reduce((sum, text) => sum + tokensOf(text), 0);
  }

  /** One turn: what the model wrote, and what it will read in the next one. */
  turn(written: readonly string[], read: readonly (readonly Block[])[]): void {
    const output = written.reduce((sum, text) => sum + tokensOf(text), 0);
    this.#turns += 1;
    this.#input += this.#context;
    this.#output += output;
    this.#weighted += FRESH * (this.#context - this.#sentBefore) + CACHED * this.#sentBefore + WRITTEN * output;
    this.#sentBefore = this.#context;
    this.#peak = Math.max(this.#peak, this.#context + output);
    this.#context += output + read.reduce((sum, blocks) => sum + blocksTokens(blocks), 0);
  }

  get cost(): Cost {
    return {
      turns: this.#turns,
      input: this.#input,
      output: this.#output,
      peak: this.#peak,
      weighted: Math.round(this.#weighted),
    };
  }
}

export function totalOf(cost: Cost): number {
  return cost.input + cost.output;
}
