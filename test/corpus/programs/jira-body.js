const issue = await tools.jira.jira_post({
  path: '/rest/api/3/issue',
  body: {
    fields: {
      project: { key: 'OPS' },
      summary: 'Disk full',
      issuetype: { name: 'Bug' },
    },
  },
});
return issue.key;
