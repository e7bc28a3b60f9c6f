import { describe, expect, it } from 'vitest';
import { Journal } from '../../src/engine/journal.ts';

describe('the journal', () => {
  it('numbers calls in the order in which they were asked for', () => {
    const journal = new Journal();
    journal.open('a.get', 'read', 'h1');
    journal.open('a.put', 'write', 'h2');
    expect(journal.calls).toMatchObject([
      { seq: 1, tool: 'a.get', status: 'denied' },
      { seq: 2, tool: 'a.put', status: 'denied' },
    ]);
  });

  it('knows of a write from the moment in which it leaves', () => {
    const journal = new Journal();
    const read = journal.open('a.get', 'read', 'h');
    const write = journal.open('a.put', 'write', 'h');
    journal.leave(read);
    expect(journal.wrote).toBe(false);
    journal.leave(write);
    expect(journal.wrote).toBe(true);
    journal.close(write, 'error', 3);
    expect(journal).toMatchObject({ wrote: true, calls: [{ status: 'unknown' }, { status: 'error', ms: 3 }] });
  });

  it('stays as it is once it is sealed', () => {
    const journal = new Journal();
    const record = journal.open('a.put', 'write', 'h');
    journal.leave(record);
    journal.seal();
    journal.close(record, 'ok', 5);
    journal.leave(journal.open('a.get', 'read', 'h'));
    expect(journal.calls).toMatchObject([{ tool: 'a.put', status: 'unknown', ms: 0 }]);
  });
});
