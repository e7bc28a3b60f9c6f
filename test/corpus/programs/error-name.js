try {
  await tools.github.get_issue({ owner: 'a', repo: 'b', issue_number: 99999 });
  return 'found';
} catch (error) {
  if (error.name === 'ToolError' && error.code === 'upstream.toolError') return { missing: true, tool: error.tool };
  throw error;
}
