/** Tasks over git and SQLite, the two servers that the bench installs for itself. */
import type { Data } from './data.ts';
import { call, type Task } from './task.ts';

const sql = (text: string) => call('dbhub', 'execute_sql', { sql: text });
const LOG = { path: '/data/repo', maxCount: 30 };
const TOP =
  "SELECT customer_id, SUM(cents) AS total FROM orders WHERE status = 'paid' GROUP BY customer_id ORDER BY total DESC, customer_id LIMIT 3";
/** Answers of a database tool as rows; it wraps them. */
const rowsOf = (text: string): Array<Record<string, unknown>> => JSON.parse(text).data.rows;

export function installedTasks(data: Data): Task[] {
  const paid = new Map<string, number>();
  for (const { customer, cents, status } of data.orders)
    if (status === 'paid') paid.set(customer, (paid.get(customer) ?? 0) + cents);
  const top = [...paid]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, 3)
    .map(([id]) => id);
  const open = data.orders.filter(({ status }) => status === 'open').map(({ id }) => id);
  return [
    {
      id: 'commits-by-person',
      shape: 'reduction',
      servers: ['git'],
      prompt: 'How many of the last 30 commits of /data/repo did each person make? Answer as JSON, names sorted.',
      queries: ['git log of a repository'],
      needs: ['git.git_log'],
      async direct(turn) {
        const [log] = await turn(call('git', 'git_log', LOG));
        return JSON.stringify(authorsIn(log?.text ?? ''));
      },
      programs: (run) =>
        run(`const { commits } = await tools.git.gitLog({ path: '/data/repo', maxCount: 30 });
const counts = {};
for (const c of commits) counts[c.author] = (counts[c.author] ?? 0) + 1;
return Object.fromEntries(Object.entries(counts).sort());`),
      mistake: `const { commits } = await tools.git.gitLog({ path: '/data/repo', limit: 30 });
return commits.length`,
      check: (answer) => answer.includes('{"Ada":10,"Bo":20}'),
    },
    {
      id: 'top-customers',
      shape: 'below break-even',
      servers: ['dbhub'],
      prompt:
        'The ids of the three customers with the largest sum of cents over paid orders; table orders(id, customer_id, cents, status).',
      queries: ['run an SQL query'],
      needs: ['dbhub.execute_sql'],
      async direct(turn) {
        const [result] = await turn(sql(TOP));
        return rowsOf(result?.text ?? '')
          .map(({ customer_id }) => customer_id)
          .join(', ');
      },
      programs: (run) => run(`return tools.dbhub.executeSql({ sql: ${JSON.stringify(TOP)} })`),
      guess: `return tools.dbhub.query({ sql: ${JSON.stringify(TOP)} })`,
      mistake: `return tools.dbhub.executeSql({ query: ${JSON.stringify(TOP)} })`,
      check: (answer) => top.every((id) => answer.includes(id)),
    },
    {
      id: 'open-orders-in-files',
      shape: 'join',
      servers: ['dbhub', 'filesystem'],
      prompt:
        'How many orders that are open in the database (table orders: id, status) also stand in /data/orders/*.json (as "id": "…")?',
      queries: ['run an SQL query', 'list a directory', 'read a text file'],
      needs: ['dbhub.execute_sql', 'filesystem.list_directory', 'filesystem.read_text_file'],
      async direct(turn) {
        const [result, folder] = await turn(
          sql("SELECT id FROM orders WHERE status = 'open'"),
          call('filesystem', 'list_directory', { path: '/data/orders' }),
        );
        const found = [...(folder?.text ?? '').matchAll(/^\[FILE\] (.+)$/gm)].map((match) => match[1]);
        const texts = await turn(
          ...found.map((name) => call('filesystem', 'read_text_file', { path: `/data/orders/${name}` })),
        );
        const all = texts.map(({ text }) => text).join('');
        return String(rowsOf(result?.text ?? '').filter(({ id }) => all.includes(`"id": "${id}"`)).length);
      },
      programs: (run) =>
        run(`const { rows } = (await tools.dbhub.executeSql({ sql: "SELECT id FROM orders WHERE status = 'open'" })).data;
const { content } = await tools.filesystem.listDirectory({ path: '/data/orders' });
const texts = await Promise.all([...content.matchAll(/^\\[FILE\\] (.+)$/gm)].map((m) => tools.filesystem.readTextFile({ path: '/data/orders/' + m[1] })));
const all = texts.map((t) => t.content).join('');
return rows.filter((r) => all.includes('"id": "' + r.id + '"')).length`),
      mistake: `const { rows } = await tools.dbhub.executeSql({ sql: "SELECT id FROM orders WHERE status = 'open'" });
return rows.length`,
      check: (answer) => answer.includes(String(open.length)),
    },
  ];
}

function authorsIn(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [, name = ''] of text.matchAll(/"?\*{0,2}author"?\*{0,2}"?: "?([A-Z][a-z]+)/gi))
    counts[name] = (counts[name] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort());
}
