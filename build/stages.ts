/** How a build speaks: one calm line per stage, with what came of it and how long it took. Results are right-aligned times. */

export interface Stages {
  /** Runs `work` and prints `name`, the text that it answers, and the time. An error is passed on without a line. */
  stage<Result>(
    name: string,
    work: () => Result | Promise<Result>,
    describe?: (result: Result) => string,
  ): Promise<Result>;
  /** A line that is no stage: something the reader should know. */
  note(text: string): void;
}

export function printedStages(write: (line: string) => void): Stages {
  return {
    async stage(name, work, describe) {
      const started = performance.now();
      const result = await work();
      const seconds = ((performance.now() - started) / 1000).toFixed(2);
      write(`  ${name.padEnd(12)} ${(describe?.(result) ?? '').slice(0, 72).padEnd(72)} ${seconds.padStart(6)} s\n`);
      return result;
    },
    note(text) {
      write(`  ${''.padEnd(12)} ${text}\n`);
    },
  };
}

/** Bytes for people: 512 B, 54 KB, 117.4 MB (powers of 1000, as file managers show them). */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A failure that the reader can mend; printed without a stack. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}
