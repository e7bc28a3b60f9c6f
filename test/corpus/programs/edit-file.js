const result = await tools.filesystem.edit_file({
  path: '/app/config.js',
  edits: [{ oldText: 'debug: true', newText: 'debug: false' }],
  dryRun: true,
});
return result.content;
