async function retry(fn, times = 3) {
  let lastError;
  for (let i = 0; i < times; i++) {
    try {
      return await fn();
    } catch (e) {
      lastError = e;
      await new Promise((resolve) => setTimeout(resolve, 100 * (i + 1)));
    }
  }
  throw lastError;
}
const repo = await retry(() => tools.github.search_repositories({ query: 'language:ts stars:>1000' }));
return repo.items.map((r) => r.full_name);
