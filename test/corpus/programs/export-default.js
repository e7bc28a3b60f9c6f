export default async function main() {
  const status = await tools.git.git_status({ path: '/repo' });
  if (status.isClean) return 'clean';
  const { added = [], modified = [] } = status.stagedChanges;
  return { added, modified, untracked: status.untrackedFiles.length };
}
