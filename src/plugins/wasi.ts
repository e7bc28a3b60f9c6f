/**
 * WASI with nothing behind it: what a language runtime inside a component asks for at its start, answered from memory. No
 * variables, no arguments, no files, no network; the clock and random numbers are real; what it prints goes to our log.
 * Lives in the plugin's worker.
 *
 * Decision to know: this is the browser build of preview2-shim (build/plugin-workers.ts sees to it). The Node build would
 * hand out the environment, open TCP connections, print to our stdout, which is the protocol's, and `exit` would end us.
 */
import { cli, clocks, filesystem, io, random } from '@bytecodealliance/preview2-shim';

export interface WasiSink {
  /** One line that the component printed. */
  print(stream: 'stdout' | 'stderr', line: string): void;
}

/** A line without an end is cut here, so that it does not grow without bound. */
const LINE_BYTES_MAX = 8_192;

/** Objects for the import names, without versions, as the glue code asks for them. */
export function deniedWasi(sink: WasiSink): Record<string, unknown> {
  // The declared type is that of the Node build, which has no such function.
  const { createCli } = cli as unknown as { createCli(config: object): Record<string, unknown> };
  const made = createCli({
    environment: {},
    arguments: [],
    initialCwd: '/',
    stdout: lineStream((line) => sink.print('stdout', line)),
    stderr: lineStream((line) => sink.print('stderr', line)),
  });
  const { createFilesystem } = filesystem as unknown as {
    createFilesystem(config: object): { types: unknown; preopens: unknown };
  };
  const files = createFilesystem({ preopens: {} });
  const ios = io as unknown as Record<string, unknown>;
  return {
    'wasi:cli/environment': made.environment,
    'wasi:cli/exit': { exit: refuseExit, exitWithCode: refuseExit },
    'wasi:cli/stderr': made.stderr,
    'wasi:cli/stdin': made.stdin,
    'wasi:cli/stdout': made.stdout,
    'wasi:cli/terminal-input': made.terminalInput,
    'wasi:cli/terminal-output': made.terminalOutput,
    'wasi:cli/terminal-stderr': made.terminalStderr,
    'wasi:cli/terminal-stdin': made.terminalStdin,
    'wasi:cli/terminal-stdout': made.terminalStdout,
    'wasi:clocks/monotonic-clock': clocks.monotonicClock,
    'wasi:clocks/wall-clock': clocks.wallClock,
    'wasi:filesystem/preopens': files.preopens,
    'wasi:filesystem/types': files.types,
    'wasi:io/error': ios.error,
    'wasi:io/poll': ios.poll,
    'wasi:io/streams': ios.streams,
    'wasi:random/insecure': random.insecure,
    'wasi:random/insecure-seed': random.insecureSeed,
    'wasi:random/random': random.random,
  };
}

/** Thrown through the component when it ends itself; it ends its instance and nothing else. */
export class ComponentExit extends Error {
  override readonly name = 'ComponentExit';
}

function refuseExit(): never {
  throw new ComponentExit('The component ended itself.');
}

function lineStream(writeLine: (line: string) => void): object {
  const decoder = new TextDecoder();
  let pending = '';
  const emit = (isEnd: boolean): void => {
    const lines = pending.split('\n');
    pending = isEnd ? '' : (lines.pop() ?? '');
    for (const line of lines) if (line.trim() !== '') writeLine(line);
    if (pending.length > LINE_BYTES_MAX) {
      writeLine(pending);
      pending = '';
    }
  };
  return {
    write(bytes: Uint8Array): void {
      pending += decoder.decode(bytes, { stream: true });
      emit(false);
    },
    flush(): void {},
    blockingFlush(): void {},
    drop(): void {
      emit(true);
    },
  };
}
