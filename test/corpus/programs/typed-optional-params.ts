const { owner, repo, limit = 10 } = params as { owner: string; repo: string; limit?: number };
const commits = (await tools.github.listCommits({ owner, repo, perPage: limit })) as { sha: string }[];
return commits.map(({ sha }) => sha.slice(0, 7));
