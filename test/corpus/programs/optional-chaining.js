const commits = await tools.git.git_log({ path: '/r', maxCount: 1 });
const first = commits?.commits?.[0];
return first?.author?.toLowerCase() ?? 'nobody';
