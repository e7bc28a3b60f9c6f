const pulls = await tools.github.list_pull_requests({ owner: 'a', repo: 'b', state: 'open' });
const now = Date.now();
const stale = pulls
  .map((p) => ({ ...p, ageDays: Math.floor((now - new Date(p.updated_at)) / 86400000) }))
  .filter((p) => p.ageDays > 30)
  .sort((a, b) => b.ageDays - a.ageDays);
return stale.map((p) => `#${p.number} ${p.title} (${p.ageDays} days)`);
