const report = {};
for (const server of Object.keys(tools)) {
  report[server] = Object.keys(tools[server]).length;
}
return report;
