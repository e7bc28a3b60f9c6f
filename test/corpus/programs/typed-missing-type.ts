const pulls: PullRequest[] = await tools.github.listPullRequests({ owner: 'a', repo: 'b' });
return pulls.length;
