let tries = 0;
let status;
do {
  status = await tools.datadog.get_incident({ incidentId: 'abc' });
  if (status.data.attributes.state === 'resolved') break;
  await new Promise((r) => setTimeout(r, 50));
  tries += 1;
} while (tries < 5);
return { tries, status };
