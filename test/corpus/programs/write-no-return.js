await tools.filesystem.create_directory({ path: '/out' });
await tools.filesystem.write_file({ path: '/out/report.md', content: '# Report\n' });
