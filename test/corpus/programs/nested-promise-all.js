const repos = ['a', 'b'];
const result = await Promise.all(
  repos.map(async (repo) => {
    const [issues, prs] = await Promise.all([
      tools.github.list_issues({ owner: 'acme', repo }),
      tools.github.list_pull_requests({ owner: 'acme', repo }),
    ]);
    return { repo, issues: issues.length, prs: prs.length };
  }),
);
return result;
