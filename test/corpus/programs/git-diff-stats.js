const diff = await tools.git.git_diff({ path: '/r', stat: true, staged: true });
const { filesChanged, insertions = 0, deletions = 0 } = diff;
return { filesChanged, net: insertions - deletions };
