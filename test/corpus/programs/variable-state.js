const repos = ['web', 'api', 'docs'];
let state = 'open';
const counts = {};
for (const repo of repos) {
  const issues = await tools.github.list_issues({ owner: 'acme', repo, state });
  counts[repo] = issues.length;
}
return counts;
