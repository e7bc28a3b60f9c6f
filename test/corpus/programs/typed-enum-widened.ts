const states: string[] = ['open', 'closed'];
const out: Record<string, number> = {};
for (const state of states) {
  const list: any = await tools.github.list_issues({ owner: 'a', repo: 'b', state: state as 'open' | 'closed' });
  out[state] = list.length;
}
return out;
