const result = await tools.postgres.query({ sql: 'select id, email from users where created_at > now() - interval \'1 day\'' });
const rows = Array.isArray(result) ? result : JSON.parse(result);
const domains = new Map();
for (const { email } of rows) {
  const domain = email.slice(email.indexOf('@') + 1);
  domains.set(domain, (domains.get(domain) || 0) + 1);
}
return Object.fromEntries(domains);
