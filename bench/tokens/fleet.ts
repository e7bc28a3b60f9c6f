/** Names of 39 servers that people run: what the inventory in the instructions costs at that size. */
export const FLEET =
  `azure linear gitlab brave-search notion mongodb firecrawl git sentry circleci desktop-commander hubspot
chrome-devtools kubernetes shopify-dev observability mcp-kubernetes supabase playwright airtable jira github filesystem
memory everything datadog tavily discord context7 sequential-thinking slack puppeteer dbhub gcloud figma google-maps exa
redis postgres`.split(/\s+/);
