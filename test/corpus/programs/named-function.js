async function run() {
  const weather = await tools.everything['get-structured-content']({ location: 'New York' });
  return `${weather.temperature} and ${weather.conditions}`;
}
