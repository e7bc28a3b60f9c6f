import { describe, expect, it } from 'vitest';
import { type OutputStream, Printer, type PrinterOptions } from '../../src/cli/printer.ts';
import { OptimizerError } from '../../src/core/errors.ts';

class Recorder implements OutputStream {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 30;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

function scene(options: Partial<PrinterOptions> & { terminal?: boolean } = {}) {
  const stdout = new Recorder(options.terminal ?? false);
  const stderr = new Recorder(options.terminal ?? false);
  const printer = new Printer({ stdout, stderr, variables: {}, ticker: () => () => {}, ...options });
  return { stdout, stderr, printer };
}

describe('the printer', () => {
  it('puts data on stdout and words on stderr', () => {
    const { stdout, stderr, printer } = scene();
    printer.result({ a: 1 }, () => 'one');
    printer.note('a note');
    printer.warn('a warning', 'do this');
    expect(stdout.text).toBe('one\n');
    expect(stderr.text).toBe('a note\nwarning: a warning\nhint: do this\n');
  });

  it('ends data with exactly one line break', () => {
    const { stdout, printer } = scene();
    printer.result(null, () => 'a\n');
    printer.result(null, () => 'b');
    printer.result(null, () => '');
    expect(stdout.text).toBe('a\nb\n');
  });

  it('prints one JSON value in place of text with --json, and does not make the text', () => {
    const { stdout, printer } = scene({ json: true });
    printer.result({ a: 1 }, () => {
      throw new Error('the text was made');
    });
    expect(stdout.text).toBe('{"a":1}\n');
  });

  it('says nothing but data and errors when quiet', () => {
    const { stdout, stderr, printer } = scene({ verbosity: 'quiet' });
    printer.note('n');
    printer.warn('w', 'h');
    printer.detail('d');
    printer.result(1, () => 'data');
    expect(stderr.text).toBe('');
    printer.failure(new OptimizerError('request.tool', 'No.', { hint: 'h' }));
    expect(stdout.text).toBe('data\n');
    expect(stderr.text).toBe('error: No.\nhint: h\ncode: request.tool\n');
  });

  it('shows details only when verbose', () => {
    const normal = scene();
    normal.printer.detail('d');
    expect(normal.stderr.text).toBe('');
    const verbose = scene({ verbosity: 'verbose' });
    verbose.printer.detail('d');
    expect(verbose.stderr.text).toBe('d\n');
  });

  it('colours on a terminal, and not with NO_COLOR, TERM=dumb or in a pipe', () => {
    const painted = (options: Parameters<typeof scene>[0]) => {
      const { stderr, printer } = scene(options);
      printer.warn('w');
      return stderr.text.includes('\u001b[');
    };
    expect(painted({ terminal: true })).toBe(true);
    expect(painted({ terminal: true, variables: { NO_COLOR: '' } })).toBe(true);
    expect(painted({ terminal: true, variables: { NO_COLOR: '1' } })).toBe(false);
    expect(painted({ terminal: true, variables: { TERM: 'dumb' } })).toBe(false);
    expect(painted({ terminal: false })).toBe(false);
  });

  it('cuts a table to the terminal and not for a pipe', () => {
    const rows = [['github', 'a description that is rather long']];
    const columns = [{ header: 'server' }, { header: 'about' }];
    const terminal = scene({ terminal: true, variables: { NO_COLOR: '1' } });
    terminal.printer.table(rows, columns, rows);
    expect(terminal.stdout.text).toBe('server  about\ngithub  a description that is…\n');
    const pipe = scene();
    pipe.printer.table(rows, columns, rows);
    expect(pipe.stdout.text).toBe('server  about\ngithub  a description that is rather long\n');
    const json = scene({ json: true });
    json.printer.table({ servers: 1 }, columns, rows);
    expect(json.stdout.text).toBe('{"servers":1}\n');
  });

  it('hands text from outside through to a pipe unchanged and to a terminal without control characters', () => {
    expect(scene().printer.outside('a\u001b[31mb')).toBe('a\u001b[31mb');
    expect(scene({ terminal: true }).printer.outside('a\u001b[31mb')).toBe('ab');
  });

  it('answers the exit status and puts a failure on stdout with --json', () => {
    const { stdout, stderr, printer } = scene({ json: true });
    const { exitStatus, failure } = printer.failure(new OptimizerError('config.key', 'No.'));
    expect(exitStatus).toBe(3);
    expect(failure.code).toBe('config.key');
    expect(JSON.parse(stdout.text).error.code).toBe('config.key');
    expect(stderr.text).toBe('');
  });

  it('wipes the spinner when the work settles, whatever way', async () => {
    const { stderr, printer } = scene({ terminal: true, variables: { NO_COLOR: '1' } });
    expect(await printer.during('working', async () => 7)).toBe(7);
    await expect(printer.during('working', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(stderr.text).toBe(`\r\u001b[2K⠋ working\r\u001b[2K`.repeat(2));
    expect(printer.spinner.isSpinning).toBe(false);
  });

  it('shows no spinner in a pipe, when quiet, or on a dumb terminal', () => {
    for (const options of [
      {},
      { terminal: true, verbosity: 'quiet' as const },
      { terminal: true, variables: { TERM: 'dumb' } },
    ]) {
      const { stderr, printer } = scene(options);
      printer.spinner.start('x');
      expect(stderr.text).toBe('');
    }
  });

  it('keeps words and data out of the spinner line', () => {
    const { stdout, stderr, printer } = scene({ terminal: true, variables: { NO_COLOR: '1' } });
    printer.spinner.start('busy');
    stderr.text = '';
    printer.note('words');
    printer.result(1, () => 'data');
    expect(stderr.text).toBe('\r\u001b[2Kwords\n\r\u001b[2K⠋ busy\r\u001b[2K\r\u001b[2K⠋ busy');
    expect(stdout.text).toBe('data\n');
    printer.failure(new OptimizerError('request.tool', 'No.'));
    expect(printer.spinner.isSpinning).toBe(false);
  });
});
