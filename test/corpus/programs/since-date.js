const since = new Date(Date.now() - 7 * 24 * 3600 * 1000).toISOString();
const commits = await tools.github.list_issues({ owner: 'a', repo: 'b', since });
return commits.length;
