const counts: Record<string, number> = {};
const log = await tools.git.gitLog({ maxCount: 50 });
for (const commit of log.commits) {
  const who = commit.author ?? 'unknown';
  counts[who] = (counts[who] || 0) + 1;
}
return counts;
