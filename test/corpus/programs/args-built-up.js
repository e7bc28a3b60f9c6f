const args = { owner: 'a', repo: 'b' };
args.title = 'Broken build';
args.body = ['Steps', 'Expected', 'Actual'].map((h) => `## ${h}`).join('\n\n');
args.labels = ['bug'];
const issue = await tools.github.create_issue(args);
return issue.html_url;
