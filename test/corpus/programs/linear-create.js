const issue = await tools.linear.linear_createIssue({ title: 'Fix login', teamId: 'team-1', priority: 2, description: 'It fails.' });
await tools.linear.linear_createComment({ issueId: issue.id, body: 'Triaged automatically' });
return issue.identifier;
