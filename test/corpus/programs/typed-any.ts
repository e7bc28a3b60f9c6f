const issues: any[] = (await tools.github.list_issues({ owner: 'a', repo: 'b' })) as any;
return issues.map((i: any) => i.title);
