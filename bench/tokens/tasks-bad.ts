/** Five tasks at which we lose, or hardly win: nothing can be left out of the conversation, or a turn is wasted. */
import type { Data } from './data.ts';
import { call, type Task } from './task.ts';

const file = (path: string) => call('filesystem', 'read_text_file', { path });
const READ = 'filesystem.read_text_file';

export function badTasks(data: Data): Task[] {
  const rows = JSON.parse(data.files.get('survey.json') ?? '').payload.batches.flatMap(
    (batch: { rows: Array<{ ans: { sat: number } }> }) => batch.rows,
  ) as Array<{ ans: { sat: number } }>;
  const happy = rows.filter(({ ans }) => ans.sat >= 4).length;
  return [
    {
      id: 'tiny-call',
      shape: 'bad for us',
      servers: ['everything'],
      prompt: 'Let the tool add 17 and 25.',
      queries: ['sum of two numbers'],
      needs: ['everything.get-sum'],
      async direct(turn) {
        const [result] = await turn(call('everything', 'get-sum', { a: 17, b: 25 }));
        return result?.text ?? '';
      },
      programs: (run) => run('return tools.everything.getSum({ a: 17, b: 25 })'),
      guess: 'return tools.everything.add({ a: 17, b: 25 })',
      mistake: 'return tools.everything.getSum(17, 25)',
      check: (answer) => answer.includes('42'),
    },
    {
      id: 'whole-text',
      shape: 'bad for us',
      servers: ['filesystem'],
      prompt: 'Read /data/contract.md and tell me whether its clauses contradict each other.',
      queries: ['read a text file'],
      needs: [READ],
      async direct(turn) {
        const [text] = await turn(file('/data/contract.md'));
        return verdict(text?.text ?? '');
      },
      programs: async (run) =>
        verdict(await run(`return (await tools.filesystem.readTextFile({ path: '/data/contract.md' })).content`)),
      mistake: `return (await tools.filesystem.readTextFile({ path: '/data/contract.md' })).text`,
      check: (answer) => answer.startsWith('60 clauses'),
    },
    {
      id: 'unknown-shape',
      shape: 'bad for us',
      servers: ['filesystem'],
      prompt: 'How many answers in /data/survey.json have a satisfaction of 4 or more?',
      queries: ['read a text file'],
      needs: [READ],
      async direct(turn) {
        const [text] = await turn(file('/data/survey.json'));
        const { payload } = JSON.parse(text?.text ?? '');
        return String(
          payload.batches
            .flatMap((batch: { rows: Array<{ ans: { sat: number } }> }) => batch.rows)
            .filter((row: { ans: { sat: number } }) => row.ans.sat >= 4).length,
        );
      },
      programs: async (run) => {
        const peek = await run(
          `return (await tools.filesystem.readTextFile({ path: '/data/survey.json' })).content.slice(0, 400)`,
        );
        if (!peek.includes('"sat"')) throw new Error('the peek shows no answer');
        return run(`const s = JSON.parse((await tools.filesystem.readTextFile({ path: '/data/survey.json' })).content);
return s.payload.batches.flatMap((b) => b.rows).filter((r) => r.ans.sat >= 4).length`);
      },
      mistake: `const s = await tools.filesystem.readTextFile({ path: '/data/survey.json' });
return s.answers.filter((a) => a.satisfaction >= 4).length`,
      check: (answer) => answer.includes(String(happy)),
    },
    {
      id: 'an-image',
      shape: 'bad for us',
      servers: ['everything'],
      prompt: 'Show me the tiny image.',
      queries: ['get a tiny image'],
      needs: ['everything.get-tiny-image'],
      async direct(turn) {
        const [result] = await turn(call('everything', 'get-tiny-image', {}));
        return result?.blocks.some(({ type }) => type === 'image') ? 'Here it is.' : 'There is none.';
      },
      programs: async (run) => {
        const text = await run(`const { content } = await tools.everything.$raw.getTinyImage();
return content.find((b) => b.type === 'image')`);
        return text.includes('[image]') ? 'Here it is.' : `There is none. ${text}`;
      },
      mistake: `return (await tools.everything.tinyImage()).image`,
      check: (answer) => answer === 'Here it is.',
    },
    {
      id: 'error-and-retry',
      shape: 'bad for us',
      servers: ['filesystem'],
      prompt:
        'What is the total of north in /data/reports/latest.csv? If there is no such file, take the one that is in the folder.',
      queries: ['read a text file', 'list a directory'],
      needs: [READ, 'filesystem.list_directory'],
      async direct(turn) {
        const [missing] = await turn(file('/data/reports/latest.csv'));
        if (missing?.isError !== true) throw new Error('the file should be missing');
        const [folder] = await turn(call('filesystem', 'list_directory', { path: '/data/reports' }));
        const name = /\[FILE\] (.+)/.exec(folder?.text ?? '')?.[1];
        const [text] = await turn(file(`/data/reports/${name}`));
        return /north,(\d+)/.exec(text?.text ?? '')?.[1] ?? '';
      },
      programs: async (run) => {
        await run(`return (await tools.filesystem.readTextFile({ path: '/data/reports/latest.csv' })).content`);
        const folder = await run(`return (await tools.filesystem.listDirectory({ path: '/data/reports' })).content`);
        const name = /\[FILE\] (\S+)/.exec(folder)?.[1];
        const text = await run(
          `return (await tools.filesystem.readTextFile({ path: '/data/reports/${name}' })).content`,
        );
        return /north,(\d+)/.exec(text)?.[1] ?? '';
      },
      mistake: `return await tools.filesystem.readTextFile({ file: '/data/reports/latest.csv' })`,
      check: (answer) => answer === '120',
    },
  ];
}

/** Stands for what a model says after it has read the whole text. */
function verdict(text: string): string {
  const clauses = [...text.matchAll(/^\d+\. /gm)].length;
  return `${clauses} clauses; several set different days for the same service.`;
}
