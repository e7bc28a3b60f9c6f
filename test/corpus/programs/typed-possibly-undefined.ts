const log = await tools.git.gitLog({ maxCount: 1 });
const [latest] = log.commits;
const file: string | undefined = latest.subject.split(' ').find((w: string) => w.includes('.'));
const blame = await tools.git.gitBlame({ filePath: file });
return blame.totalLines;
