const jql = encodeURIComponent('project = OPS AND status = Open');
const res = await tools.jira.jira_get({
  path: `/rest/api/3/search?jql=${jql}`,
  queryParams: { maxResults: '50' },
  jq: 'issues[*].{key: key, summary: fields.summary}',
});
return res;
