type Summary = { open: number; titles: string[] };
export default async function summarize(): Promise<Summary> {
  const pulls = (await tools.github.listPullRequests({ owner: 'a', repo: 'b', state: 'open' })) as Array<{ title: string }>;
  return { open: pulls.length, titles: pulls.map((p) => p.title) };
}
