const repo = '/work/repo';
await tools.git.git_set_working_dir({ path: repo });
await tools.git.git_branch({ mode: 'create', branchName: 'fix/typo' });
await tools.git.git_checkout({ target: 'fix/typo' });
await tools.git.git_add({ all: true });
const { commitHash } = await tools.git.git_commit({ message: 'Fix typo' });
return commitHash;
