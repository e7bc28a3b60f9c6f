const options = { owner: 'acme', repo: 'web', state: 'closed', sort: 'updated', direction: 'desc' };
const issues = await tools.github.list_issues(options);
return issues.slice(0, 5).map(({ number, title, closed_at }) => ({ number, title, closed_at }));
