/** Tasks over files, a knowledge graph and the small tools: what a machine with the project's own packages can run. */
import { type Data, SERVICES } from './data.ts';
import { call, type Task } from './task.ts';

const file = (path: string) => call('filesystem', 'read_text_file', { path });
const list = (path: string) => call('filesystem', 'list_directory', { path });
const names = (text: string): string[] => [...text.matchAll(/^\[FILE\] (.+)$/gm)].map((match) => match[1] as string);
const tally = (keys: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const key of [...keys].sort()) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
};
const same = (answer: string, value: unknown): boolean => answer.includes(JSON.stringify(value));
const READ = 'filesystem.read_text_file';
const LIST = 'filesystem.list_directory';
/** What most programs over a folder begin with. */
const FOLDER = (path: string): string => `const { content } = await tools.filesystem.listDirectory({ path: '${path}' });
const names = [...content.matchAll(/^\\[FILE\\] (.+)$/gm)].map((m) => m[1]);
const texts = await Promise.all(names.map(async (n) => (await tools.filesystem.readTextFile({ path: '${path}/' + n })).content));`;

/** The answers are computed from `data`, which no trace sees. */
export function fileTasks(data: Data): Task[] {
  const errors = tally(data.logs.filter(({ isError }) => isError).map(({ service }) => service));
  const byRegion: Record<string, number> = {};
  for (const { customer, cents, status } of data.orders) {
    const region = data.regions.get(customer) as string;
    if (status === 'paid') byRegion[region] = (byRegion[region] ?? 0) + cents;
  }
  const sorted = (counts: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
  const failures = tally(data.requests.filter(({ status }) => status >= 500).map(({ path }) => path));
  const orphans = data.services
    .filter(({ owner }) => owner === undefined)
    .map(({ name }) => name)
    .sort();
  const owned = tally(data.services.flatMap(({ owner }) => (owner === undefined ? [] : [owner])));
  const topTierOrphans = data.services
    .filter(({ owner, tier }) => owner === undefined && tier === 1)
    .map(({ name }) => name)
    .sort();
  const refused = data.orders.filter(({ status }) => status === 'refused').length;
  const todos = [...data.files]
    .filter(([path]) => path.startsWith('notes/'))
    .flatMap(([, text]) => /^TODO: (.+)$/m.exec(text)?.[1] ?? []);

  return [
    {
      id: 'one-port',
      shape: 'look-up',
      servers: ['filesystem'],
      prompt: 'Which port does /data/config/mail.json set?',
      queries: ['read a text file'],
      needs: [READ],
      async direct(turn) {
        const [result] = await turn(file('/data/config/mail.json'));
        return String(JSON.parse(result?.text ?? '').port);
      },
      programs: (run) =>
        run(
          `return JSON.parse((await tools.filesystem.readTextFile({ path: '/data/config/mail.json' })).content).port`,
        ),
      guess: `return tools.filesystem.readFile({ path: '/data/config/mail.json' })`,
      mistake: `return JSON.parse((await tools.filesystem.readTextFile({ file: '/data/config/mail.json' })).content).port`,
      check: (answer) => answer.includes('8002'),
    },
    {
      id: 'one-entity',
      shape: 'look-up',
      servers: ['memory'],
      prompt: 'What does the knowledge graph say about the service media-db? Name its tier.',
      queries: ['open entities of the knowledge graph by name'],
      needs: ['memory.open_nodes'],
      async direct(turn) {
        const [result] = await turn(call('memory', 'open_nodes', { names: ['media-db'] }));
        return /tier \d/.exec(result?.text ?? '')?.[0] ?? '';
      },
      programs: (run) =>
        run(`return (await tools.memory.openNodes({ names: ['media-db'] })).entities[0].observations[0]`),
      guess: `return tools.memory.searchNodes({ query: 'media-db' })`,
      mistake: `return (await tools.memory.openNodes({ name: 'media-db' })).entities[0].observations[0]`,
      check: (answer) => answer.includes(`tier ${data.services.find(({ name }) => name === 'media-db')?.tier}`),
    },
    {
      id: 'errors-in-20-logs',
      shape: 'fan-out',
      servers: ['filesystem'],
      prompt: 'How many ERROR lines does each service have in the files of /data/logs? Answer as JSON, names sorted.',
      queries: ['list a directory', 'read a text file'],
      needs: [LIST, READ],
      async direct(turn) {
        const [folder] = await turn(list('/data/logs'));
        const logs = await turn(...names(folder?.text ?? '').map((name) => file(`/data/logs/${name}`)));
        return JSON.stringify(
          tally(logs.flatMap(({ text }) => [...text.matchAll(/ ERROR (\w+)/g)].map((match) => match[1] as string))),
        );
      },
      programs: (run) =>
        run(`${FOLDER('/data/logs')}
const counts = {};
for (const m of texts.join('').matchAll(/ ERROR (\\w+)/g)) counts[m[1]] = (counts[m[1]] ?? 0) + 1;
return Object.fromEntries(Object.entries(counts).sort());`),
      mistake: `${FOLDER('/data/logs').replace('content.matchAll', 'content.entries.matchAll')}
return texts.length`,
      check: (answer) => same(answer, errors),
    },
    {
      id: 'paid-by-region',
      shape: 'join',
      servers: ['filesystem'],
      prompt:
        'Sum the cents of paid orders in /data/orders/*.json by region (customers are in /data/customers.csv: id,region). Answer as JSON, regions sorted.',
      queries: ['list a directory', 'read a text file'],
      needs: [LIST, READ],
      async direct(turn) {
        const [folder, customers] = await turn(list('/data/orders'), file('/data/customers.csv'));
        const regions = new Map(
          (customers?.text ?? '')
            .trim()
            .split('\n')
            .slice(1)
            .map((row) => row.split(',') as [string, string]),
        );
        const months = await turn(...names(folder?.text ?? '').map((name) => file(`/data/orders/${name}`)));
        const sums: Record<string, number> = {};
        for (const { customer, cents, status } of months.flatMap(({ text }) => JSON.parse(text).orders)) {
          const region = regions.get(customer) as string;
          if (status === 'paid') sums[region] = (sums[region] ?? 0) + cents;
        }
        return JSON.stringify(sorted(sums));
      },
      programs: async (run) => {
        // How an order looks is not known yet.
        const peek = await run(`${FOLDER('/data/orders')}
return texts[0].slice(0, 200)`);
        if (!peek.includes('cents')) throw new Error('the peek shows no order');
        return run(`${FOLDER('/data/orders')}
const csv = (await tools.filesystem.readTextFile({ path: '/data/customers.csv' })).content;
const region = new Map(csv.trim().split('\\n').slice(1).map((r) => r.split(',')));
const sums = {};
for (const o of texts.flatMap((t) => JSON.parse(t).orders)) {
  if (o.status === 'paid') sums[region.get(o.customer)] = (sums[region.get(o.customer)] ?? 0) + o.cents;
}
return Object.fromEntries(Object.entries(sums).sort());`);
      },
      mistake: `return await tools.filesystem.readTextFile({ paths: ['/data/customers.csv'] })`,
      check: (answer) => same(answer, sorted(byRegion)),
    },
    {
      id: 'trail-of-8',
      shape: 'chain',
      servers: ['filesystem'],
      prompt:
        'Begin with /data/trail/start.txt and follow from file to file (each names the next, in the same folder) to the code.',
      queries: ['read a text file'],
      needs: [READ],
      async direct(turn) {
        let name = 'start.txt';
        for (;;) {
          const [result] = await turn(file(`/data/trail/${name}`));
          const next = /with (\S+)/.exec(result?.text ?? '')?.[1];
          if (next === undefined) return result?.text ?? '';
          name = next;
        }
      },
      programs: (run) =>
        run(`let text = 'with start.txt', m;
while ((m = /(\\w+\\.txt)/.exec(text))) text = (await tools.filesystem.readTextFile({ path: '/data/trail/' + m[1] })).content;
return text`),
      mistake: `let text = 'start.txt', m;
while ((m = /(\\w+\\.txt)/.exec(text))) text = (await tools.filesystem.readTextFile('/data/trail/' + m[1])).content;
return text`,
      check: (answer) => answer.includes('7351'),
    },
    {
      id: 'server-errors',
      shape: 'reduction',
      servers: ['filesystem'],
      prompt:
        'How many answers with a status of 500 or more has each path in /data/access.log (lines: IP GET PATH STATUS BYTES)? Answer as JSON, paths sorted.',
      queries: ['read a text file'],
      needs: [READ],
      async direct(turn) {
        const [log] = await turn(file('/data/access.log'));
        return JSON.stringify(
          tally([...(log?.text ?? '').matchAll(/GET (\S+) 5\d\d/g)].map((match) => match[1] as string)),
        );
      },
      programs: (run) =>
        run(`const { content } = await tools.filesystem.readTextFile({ path: '/data/access.log' });
const counts = {};
for (const m of content.matchAll(/GET (\\S+) 5\\d\\d/g)) counts[m[1]] = (counts[m[1]] ?? 0) + 1;
return Object.fromEntries(Object.entries(counts).sort());`),
      mistake: `const { text } = await tools.filesystem.readTextFile({ path: '/data/access.log' });
const counts = {};
for (const m of text.matchAll(/GET (\\S+) 5\\d\\d/g)) counts[m[1]] = (counts[m[1]] ?? 0) + 1;
return Object.fromEntries(Object.entries(counts).sort());`,
      check: (answer) => same(answer, failures),
    },
    {
      id: 'who-owns-most',
      shape: 'reduction',
      servers: ['memory'],
      prompt: 'From the whole knowledge graph: how many services does each person own? Answer as JSON, names sorted.',
      queries: ['read the whole knowledge graph'],
      needs: ['memory.read_graph'],
      async direct(turn) {
        const [graph] = await turn(call('memory', 'read_graph', {}));
        return JSON.stringify(tally(JSON.parse(graph?.text ?? '').relations.map(({ from }: { from: string }) => from)));
      },
      programs: (run) =>
        run(`const counts = {};
for (const r of (await tools.memory.readGraph()).relations) counts[r.from] = (counts[r.from] ?? 0) + 1;
return Object.fromEntries(Object.entries(counts).sort());`),
      mistake: `const counts = {};
for (const r of (await tools.memory.readGraph()).edges) counts[r.from] = (counts[r.from] ?? 0) + 1;
return counts`,
      check: (answer) => same(answer, owned),
    },
    {
      id: 'tier-1-without-owner',
      shape: 'join',
      servers: ['filesystem', 'memory'],
      prompt:
        'Which services of tier 1 in /data/services.csv (service,tier) does nobody own in the knowledge graph? Answer as a sorted JSON array.',
      queries: ['read a text file', 'read the whole knowledge graph'],
      needs: [READ, 'memory.read_graph'],
      async direct(turn) {
        const [csv, graph] = await turn(file('/data/services.csv'), call('memory', 'read_graph', {}));
        const owns = new Set(JSON.parse(graph?.text ?? '').relations.map(({ to }: { to: string }) => to));
        const rows = (csv?.text ?? '')
          .trim()
          .split('\n')
          .slice(1)
          .map((row) => row.split(','));
        return JSON.stringify(
          rows
            .filter(([name, tier]) => tier === '1' && !owns.has(name))
            .map(([name]) => name)
            .sort(),
        );
      },
      programs: (run) =>
        run(`const [{ content }, graph] = await Promise.all([tools.filesystem.readTextFile({ path: '/data/services.csv' }), tools.memory.readGraph()]);
const owned = new Set(graph.relations.map((r) => r.to));
return content.trim().split('\\n').slice(1).map((r) => r.split(',')).filter(([n, t]) => t === '1' && !owned.has(n)).map(([n]) => n).sort()`),
      mistake: `const [csv, graph] = await Promise.all([tools.filesystem.readTextFile({ path: '/data/services.csv' }), tools.memory.readGraph()]);
return csv.split('\\n').filter((r) => !graph.relations.some((x) => r.startsWith(x.to)))`,
      check: (answer) => same(answer, topTierOrphans),
    },
    {
      id: 'note-orphans',
      shape: 'write',
      servers: ['memory'],
      prompt:
        'Add the observation "needs an owner" to every service of the knowledge graph that nobody owns. Answer how many.',
      queries: ['read the whole knowledge graph', 'add observations to entities'],
      needs: ['memory.read_graph', 'memory.add_observations'],
      async direct(turn) {
        const [graph] = await turn(call('memory', 'read_graph', {}));
        const { entities, relations } = JSON.parse(graph?.text ?? '') as {
          entities: Array<{ name: string; entityType: string }>;
          relations: Array<{ to: string }>;
        };
        const owned = new Set(relations.map(({ to }) => to));
        const left = entities.filter(({ name, entityType }) => entityType === 'service' && !owned.has(name));
        await turn(
          call('memory', 'add_observations', {
            observations: left.map(({ name }) => ({ entityName: name, contents: ['needs an owner'] })),
          }),
        );
        return String(left.length);
      },
      programs: (run) =>
        run(`const { entities, relations } = await tools.memory.readGraph();
const owned = new Set(relations.map((r) => r.to));
const left = entities.filter((e) => e.entityType === 'service' && !owned.has(e.name));
await tools.memory.addObservations({ observations: left.map((e) => ({ entityName: e.name, contents: ['needs an owner'] })) });
return left.length`),
      mistake: `const { entities, relations } = await tools.memory.readGraph();
const owned = new Set(relations.map((r) => r.to));
const left = entities.filter((e) => e.entityType === 'service' && !owned.has(e.name));
await tools.memory.addObservations({ observations: left.map((e) => ({ entity: e.name, contents: ['needs an owner'] })) });
return left.length`,
      check: (answer, world) =>
        answer.includes(String(orphans.length)) &&
        world.read('memory.jsonl').split('needs an owner').length - 1 === orphans.length,
    },
    {
      id: 'retries-to-5',
      shape: 'write',
      servers: ['filesystem'],
      prompt:
        'In every file of /data/config change the line `"retries": 3,` to `"retries": 5,`. Answer how many files were changed.',
      queries: ['list a directory', 'edit a text file'],
      needs: [LIST, 'filesystem.edit_file'],
      async direct(turn) {
        const [folder] = await turn(list('/data/config'));
        const found = names(folder?.text ?? '');
        await turn(
          ...found.map((name) =>
            call('filesystem', 'edit_file', {
              path: `/data/config/${name}`,
              edits: [{ oldText: '"retries": 3,', newText: '"retries": 5,' }],
            }),
          ),
        );
        return String(found.length);
      },
      programs: (run) =>
        run(`const { content } = await tools.filesystem.listDirectory({ path: '/data/config' });
const names = [...content.matchAll(/^\\[FILE\\] (.+)$/gm)].map((m) => m[1]);
await Promise.all(names.map((n) => tools.filesystem.editFile({ path: '/data/config/' + n, edits: [{ oldText: '"retries": 3,', newText: '"retries": 5,' }] })));
return names.length`),
      mistake: `const { content } = await tools.filesystem.listDirectory({ path: '/data/config' });
const names = [...content.matchAll(/^\\[FILE\\] (.+)$/gm)].map((m) => m[1]);
await Promise.all(names.map((n) => tools.filesystem.editFile({ path: '/data/config/' + n, oldText: '"retries": 3,', newText: '"retries": 5,' })));
return names.length`,
      check: (answer, world) =>
        answer.includes(String(SERVICES.length)) &&
        SERVICES.every((name) => world.read(`config/${name}.json`).includes('"retries": 5,')),
    },
    {
      id: 'notes-on-a-ticket',
      shape: 'fan-out',
      servers: ['filesystem'],
      prompt: 'Which files of /data/notes mention OPS-417? Answer their names as a JSON array.',
      queries: ['list a directory', 'read a text file'],
      needs: [LIST, READ],
      async direct(turn) {
        const [folder] = await turn(list('/data/notes'));
        const found = names(folder?.text ?? '');
        const texts = await turn(...found.map((name) => file(`/data/notes/${name}`)));
        return JSON.stringify(found.filter((_, at) => texts[at]?.text.includes('OPS-417')));
      },
      programs: (run) =>
        run(`${FOLDER('/data/notes')}
return names.filter((_, i) => texts[i].includes('OPS-417'))`),
      mistake: `${FOLDER('/data/notes').replace('.content);', ');')}
return names.filter((_, i) => texts[i].contains('OPS-417'))`,
      check: (answer) =>
        same(
          answer,
          data.ticketNotes.map((path) => path.replace('notes/', '')),
        ),
    },
    {
      id: 'todos-to-graph',
      shape: 'write',
      servers: ['filesystem', 'memory'],
      prompt:
        'For every line `TODO: TEXT` in the files of /data/notes create an entity of type todo, its name the TEXT, without observations. Answer how many.',
      queries: ['list a directory', 'read a text file', 'create entities in the knowledge graph'],
      needs: [LIST, READ, 'memory.create_entities'],
      async direct(turn) {
        const [folder] = await turn(list('/data/notes'));
        const texts = await turn(...names(folder?.text ?? '').map((name) => file(`/data/notes/${name}`)));
        const found = texts.flatMap(({ text }) => /^TODO: (.+)$/m.exec(text)?.[1] ?? []);
        await turn(
          call('memory', 'create_entities', {
            entities: found.map((name) => ({ name, entityType: 'todo', observations: [] })),
          }),
        );
        return String(found.length);
      },
      programs: (run) =>
        run(`${FOLDER('/data/notes')}
const found = texts.flatMap((t) => [...t.matchAll(/^TODO: (.+)$/gm)].map((m) => m[1]));
await tools.memory.createEntities({ entities: found.map((name) => ({ name, entityType: 'todo', observations: [] })) });
return found.length`),
      mistake: `${FOLDER('/data/notes')}
const found = texts.flatMap((t) => [...t.matchAll(/^TODO: (.+)$/gm)].map((m) => m[1]));
await tools.memory.createEntities({ entities: found.map((name) => ({ name, type: 'todo' })) });
return found.length`,
      check: (answer, world) =>
        answer.includes(String(todos.length)) &&
        todos.every((name) => world.read('memory.jsonl').includes(JSON.stringify(name))),
    },
    {
      id: 'report-file',
      shape: 'write',
      servers: ['filesystem'],
      prompt:
        'Count the orders with "status": "refused" in /data/orders/*.json and write the number to /data/reports/refused.txt. Answer the number.',
      queries: ['list a directory', 'read a text file', 'write a file'],
      needs: [LIST, READ, 'filesystem.write_file'],
      async direct(turn) {
        const [folder] = await turn(list('/data/orders'));
        const texts = await turn(...names(folder?.text ?? '').map((name) => file(`/data/orders/${name}`)));
        const count = texts.reduce((sum, { text }) => sum + text.split('"status": "refused"').length - 1, 0);
        await turn(call('filesystem', 'write_file', { path: '/data/reports/refused.txt', content: String(count) }));
        return String(count);
      },
      programs: (run) =>
        run(`${FOLDER('/data/orders')}
const count = texts.join('').split('"status": "refused"').length - 1;
await tools.filesystem.writeFile({ path: '/data/reports/refused.txt', content: String(count) });
return count`),
      mistake: `${FOLDER('/data/orders')}
const count = texts.join('').split('"status": "refused"').length - 1;
await tools.filesystem.writeFile({ path: '/data/reports/refused.txt', content: count });
return count`,
      check: (answer, world) =>
        answer.includes(String(refused)) && world.read('reports/refused.txt') === String(refused),
    },
  ];
}
