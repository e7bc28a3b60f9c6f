const teams = await tools.linear.linear_getTeams();
const team = teams.items.find((t) => t.key === 'ENG');
if (!team) throw new Error('no team ENG');
const { items } = await tools.linear.linear_searchIssues({ teamId: team.id, states: ['In Progress'], limit: 100 });
const perAssignee = {};
for (const issue of items) {
  const who = issue.assignee?.name ?? 'unassigned';
  (perAssignee[who] ??= []).push(issue.identifier);
}
return perAssignee;
