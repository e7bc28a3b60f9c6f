export default async () => {
  const log = await tools.git.gitLog({ path: '/repo', maxCount: 20 });
  return log.commits.map((c) => `${c.shortHash} ${c.subject}`).join('\n');
};
