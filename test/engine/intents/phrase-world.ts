/** Intents of a small company, for the tests of routing: some are close to each other on purpose. */
import { type Intent, NO_PARAMS } from '../../../src/engine/intents/intent.ts';

const PROGRAM = { source: '', javascript: '', lines: 1, insertions: [] };

export function intentOf(
  name: string,
  description: string,
  aliases: readonly string[] = [],
  more: Partial<Intent> = {},
): Intent {
  return {
    name,
    description,
    aliases,
    params: NO_PARAMS,
    effect: 'read',
    source: 'folder',
    code: '',
    program: PROGRAM,
    ...more,
  };
}

export const INTENTS: readonly Intent[] = [
  intentOf('list_errors', 'List the latest errors of the services, the most frequent ones first.', [
    'recent errors',
    'what is broken',
  ]),
  intentOf('analyze_error', 'Analyze one error: where it comes from and how often it happens.', [
    'explain an error',
    'root cause of an error',
  ]),
  intentOf('create_fix', 'Create a fix for an error in the tracker.', ['open a fix', 'fix an error'], {
    effect: 'write',
  }),
  intentOf('weekly_sales', 'Report what was sold in the last week, by product.', [
    'sales report',
    'how much did we sell',
  ]),
  intentOf('send_invoice', 'Send an invoice to a customer by mail.', ['bill a customer'], { effect: 'write' }),
  intentOf('backup_database', 'Make a backup of the database.', ['back up the db'], { effect: 'write' }),
  intentOf('restore_database', 'Restore the database from a backup.', [], { effect: 'write' }),
  intentOf('find_duplicates', 'Find customers that are there twice.', ['dedupe customers']),
  intentOf('translate_text', 'Translate a text into another language.', []),
];
