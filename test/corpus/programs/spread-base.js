const base = { owner: 'acme', repo: 'web' };
const [issues, pulls, commits] = await Promise.all([
  tools.github.list_issues({ ...base, state: 'open' }),
  tools.github.list_pull_requests({ ...base, state: 'open' }),
  tools.github.list_commits({ ...base, perPage: 30 }),
]);
return { issues: issues.length, pulls: pulls.length, lastCommit: commits[0].sha };
