const query = (label) => ({ q: `repo:acme/web label:${label}`, order: 'desc', per_page: 5 });
const [bugs, features] = await Promise.all(['bug', 'feature'].map((l) => tools.github.search_issues(query(l))));
return { bugs: bugs.total_count, features: features.total_count };
