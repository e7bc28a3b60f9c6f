const summary: any = {};
summary.teams = (await tools.linear.linear_getTeams()).items.length;
summary.viewer = (await tools.linear.linear_getViewer()).name;
return summary;
