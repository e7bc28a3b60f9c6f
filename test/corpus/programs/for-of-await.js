const paths = ['/a', '/b'];
for (const path of paths) {
  await tools.filesystem.create_directory({ path });
}
return paths.length;
