const summary = {};
const status = await tools.git.git_status({});
summary.branch = status.currentBranch;
summary.ahead = status.ahead ?? 0;
summary.files = [];
summary.files.push(...status.untrackedFiles);
summary.total = summary.files.length;
return summary;
