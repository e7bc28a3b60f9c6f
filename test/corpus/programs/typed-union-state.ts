let state: 'open' | 'closed' | 'all' = 'open';
if (params.all) state = 'all';
const issues = (await tools.github.listIssues({ owner: 'a', repo: 'b', state })) as unknown[];
return issues.length;
