const stats = { open: 0, closed: 0 };
const issues = await tools.github.list_issues({ owner: 'a', repo: 'b', state: 'all' });
issues.forEach((issue) => {
  stats[issue.state]++;
});
return stats;
