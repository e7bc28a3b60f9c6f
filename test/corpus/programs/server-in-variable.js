const gh = tools.github;
const { items } = await gh.search_issues({ q: 'repo:acme/web is:open label:bug' });
const details = await Promise.all(items.slice(0, 3).map((i) => gh.get_issue({ owner: 'acme', repo: 'web', issue_number: i.number })));
return details.map((d) => d.body);
