const u = new URL('https://example.com/a/b?x=1&y=2');
u.searchParams.set('z', '3');
const qs = new URLSearchParams({ q: 'mcp' });
return { host: u.host, href: u.href, all: [...u.searchParams.entries()], qs: qs.toString() };
