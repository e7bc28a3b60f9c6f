const ids = [1, 2, 3, 4, 5];
const settled = await Promise.allSettled(
  ids.map((issue_number) => tools.github.get_issue({ owner: 'acme', repo: 'web', issue_number })),
);
const ok = settled.filter((s) => s.status === 'fulfilled').map((s) => s.value.title);
const failed = settled.filter((s) => s.status === 'rejected').map((s) => String(s.reason));
return { ok, failed };
