const log = await tools.git.git_log({ maxCount: 5 });
for (const commit of log.commits) {
  console.log(commit.shortHash, commit.author, commit.subject);
}
