function label(issue): string {
  return issue.state.name + ': ' + issue.title;
}
const { items } = await tools.linear.linear_searchIssues({ query: 'crash' });
let text = null;
text = items.map(label).join('\n');
return text;
