try {
  const file = await tools.filesystem.readTextFile({ path: params.path as string });
  return file.content.slice(0, 100);
} catch (error: any) {
  return { error: error?.message as string, issues: error.issues };
}
