/**
 * The floors of the house, checked: a room imports itself and lower floors only, rooms on one floor do not know each
 * other, nothing goes round in a circle, and what ships does not lean on what only builds and tests.
 * Type-only imports count too: they are what a reader has to follow.
 */
const FLOORS = [
  ['core'],
  ['bindings'],
  ['state', 'policy', 'telemetry'],
  ['upstream', 'plugins'],
  ['sandbox', 'capabilities'],
  ['engine'],
  ['protocol'],
  ['config'],
  ['app'],
  ['cli', 'library', 'testing'],
];

const rooms = FLOORS.flatMap((names, floor) => names.map((name) => ({ name, floor })));

/** One rule for each room that has something above it or beside it. */
const floorRules = rooms.flatMap(({ name, floor }) => {
  const forbidden = rooms.filter((other) => other.name !== name && other.floor >= floor).map((other) => other.name);
  return [
    {
      name: `floor-of-${name}`,
      comment: `src/${name} is on floor ${floor} and imports only itself and lower floors.`,
      severity: 'error',
      from: { path: `^src/${name}/` },
      to: { path: [...(forbidden.length > 0 ? [`^src/(${forbidden.join('|')})/`] : []), '^src/[^/]+\\.ts$'] },
    },
  ];
});

module.exports = {
  forbidden: [
    ...floorRules,
    {
      name: 'known-rooms',
      comment: 'Every folder of src has a floor in this file.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/((${rooms.map(({ name }) => name).join('|')})/|[^/]+\\.ts$)` },
      to: {},
    },
    {
      name: 'no-circles',
      comment: 'Modules that import each other are one module; move what they share.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'src-stands-alone',
      comment: 'What ships does not import guest code, build scripts, tests or benchmarks.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(guest|build|test|bench)/' },
    },
    {
      name: 'guest-is-small',
      comment: 'The guest is bundled for another engine: of src it may have the contract (bindings) and nothing else.',
      severity: 'error',
      from: { path: '^guest/', pathNot: '^guest/containers/' },
      to: { pathNot: ['^guest/', '^src/bindings/'] },
    },
    {
      name: 'no-development-packages',
      comment: 'A package that src imports belongs into `dependencies`. (Types alone are erased.)',
      severity: 'error',
      from: { path: '^(src|guest)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: '^node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
