const orgs = await tools.sentry.find_organizations({ query: null });
const issues = await tools.sentry.search_issues({ organizationSlug: 'acme', query: 'is:unresolved', sort: 'freq', limit: 10 });
return { orgs, issues };
