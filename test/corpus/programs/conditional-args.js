const branch = params.branch;
const commits = await tools.github.list_commits({
  owner: 'a',
  repo: 'b',
  ...(branch ? { sha: branch } : {}),
});
return commits.length;
