/**
 * Node's own notices about experimental features, which say nothing to a person who runs the binary: the Node inside it is
 * pinned, and the tests run on it. Every other warning is still printed.
 */
export function quietWarnings(): void {
  const emit = process.emitWarning.bind(process) as (warning: string | Error, ...rest: unknown[]) => void;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    const [options] = rest;
    const type = typeof options === 'string' ? options : (options as { type?: string } | undefined)?.type;
    const name = warning instanceof Error ? warning.name : type;
    if (name !== 'ExperimentalWarning') emit(warning, ...rest);
  };
}
