async function* issues(owner, repo) {
  let page = 1;
  while (true) {
    const batch = await tools.github.list_issues({ owner, repo, page: page++ });
    if (!batch.length) return;
    yield* batch;
  }
}
const numbers = [];
for await (const issue of issues('acme', 'web')) numbers.push(issue.number);
return numbers;
