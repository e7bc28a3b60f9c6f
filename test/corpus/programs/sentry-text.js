const text = await tools.sentry.search_events({ organizationSlug: 'acme', query: 'level:error', dataset: 'errors' });
const lines = text.split('\n').filter((l) => l.includes('Error'));
return lines.slice(0, 20);
