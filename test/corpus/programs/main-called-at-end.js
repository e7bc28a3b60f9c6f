async function main() {
  const issues = await tools.github.list_issues({ owner: 'acme', repo: 'web', state: 'open', per_page: 100 });
  const labelled = issues.filter((i) => i.labels.some((l) => l.name === 'bug'));
  return labelled.map((i) => ({ number: i.number, title: i.title }));
}

main();
