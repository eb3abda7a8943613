/**
 * The layers of the design, lowest first. A module may import any lower layer and nothing beside or
 * above it, but for the pairs in BESIDE.
 */
const LAYERS = [
  ['kernel'],
  ['config'],
  ['http', 'metrics', 'persistence'],
  ['audit'],
  ['auth', 'throttle'],
  ['sandbox', 'egress', 'workspaces', 'secrets', 'settings'],
  ['runs'],
  ['webhooks', 'agents', 'hardening', 'conformance', 'health', 'retention'],
];

/** Above them all, with `main`: may import any of them, and none imports it. */
const TOP = ['cli'];

const BESIDE = { throttle: ['auth'], metrics: ['http'], conformance: ['hardening'] };

const folder = (names) => `^src/(${names.join('|')})/`;

const layerRules = LAYERS.flatMap((modules, level) =>
  modules.map((module) => {
    const beside = modules.filter((other) => other !== module && !BESIDE[module]?.includes(other));
    const refused = [...beside, ...LAYERS.slice(level + 1).flat(), ...TOP];
    return {
      name: `layer-of-${module}`,
      comment: `${module} may import only the layers below it`,
      severity: 'error',
      from: { path: folder([module]) },
      to: {
        path: `${folder(refused)}|^src/(main|serve|judged-settings|start-warnings|app\\.[a-z]+)\\.ts$`,
      },
    };
  }),
);

/** What another module may import: its module, services, ports and errors; never what lies inside. */
const privateFiles = String.raw`^src/([^/]+)/.*\.(entity|repository)\.ts$`;

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'no-cycles',
      comment: 'A cycle between two services passes the tests and crashes the built service',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-foreign-entities',
      comment: 'Entities and repositories are private to their module; relations are id columns',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/persistence/' },
      to: { path: privateFiles, pathNot: '^src/$1/' },
    },
    {
      name: 'docker-client-in-its-adapter',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/sandbox/docker/' },
      to: { path: 'node_modules/(dockerode|docker-modem)/' },
    },
    {
      name: 'typeorm-behind-repositories',
      comment: 'Only entities, repositories, migrations and persistence know TypeORM',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: String.raw`^src/persistence/|\.(entity|repository|module)\.ts$|\.spec\.ts$`,
      },
      to: { path: 'node_modules/(typeorm|@nestjs/typeorm)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'kernel-is-ours-alone',
      comment: 'What every module speaks does not depend on the database, the server or the engine',
      severity: 'error',
      from: { path: '^src/kernel/' },
      to: { path: 'node_modules/(typeorm|fastify|dockerode|@nestjs/platform-fastify)/' },
    },
    {
      name: 'no-tests-in-the-service',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: String.raw`\.spec\.ts$` },
      to: { path: '^(test|bench|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
