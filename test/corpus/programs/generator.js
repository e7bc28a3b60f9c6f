function* pages(limit) {
  for (let page = 1; page <= limit; page++) yield page;
}
const titles = [];
for (const page of pages(3)) {
  const pulls = await tools.github.listPullRequests({ owner: 'a', repo: 'b', page });
  titles.push(...pulls.map((p) => p.title));
}
return titles;
