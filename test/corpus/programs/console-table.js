const { commits } = await tools.git.git_log({ maxCount: 3 });
console.table(commits);
console.error('done', commits.length);
return commits.length;
