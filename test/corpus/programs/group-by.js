const { items } = await tools.linear.linear_searchIssues({ query: 'login', limit: 50 });
const groups = Object.groupBy(items, (issue) => issue.state?.name ?? 'none');
return Object.fromEntries(Object.entries(groups).map(([state, list]) => [state, list.length]));
