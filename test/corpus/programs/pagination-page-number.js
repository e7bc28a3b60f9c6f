const owner = 'acme', repo = 'api';
const all = [];
for (let page = 1; page <= 10; page++) {
  const batch = await tools.github.list_issues({ owner, repo, state: 'all', page, per_page: 100 });
  if (!batch || batch.length === 0) break;
  all.push(...batch);
}
const open = all.filter(i => i.state === 'open').length;
return { total: all.length, open, closed: all.length - open };
