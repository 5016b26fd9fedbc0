/** `npm run structure`: dependencies point one way, folders are entered by their index, workflows have no I/O. */
const LAYERS = {
  errors: [],
  timestamps: [],
  files: ['errors'],
  config: ['errors', 'files'],
  signers: ['errors', 'files', 'config'],
  repository: ['errors', 'files', 'config', 'signers', 'timestamps'],
  handover: ['errors', 'files', 'timestamps'],
  packaging: ['errors', 'files'],
  workflows: ['config'],
  activities: ['errors', 'files', 'repository', 'handover', 'signers', 'workflows'],
  instance: ['errors', 'files', 'config', 'repository', 'signers'],
  temporal: ['errors', 'config', 'instance', 'workflows'],
  workers: ['errors', 'files', 'config', 'activities', 'repository', 'signers', 'temporal', 'workflows'],
  server: ['errors', 'files'],
  dev: ['errors', 'config', 'instance', 'server', 'temporal'],
  status: ['errors', 'config', 'handover', 'repository', 'temporal', 'workflows'],
  cli: [
    ...[
      'errors',
      'config',
      'handover',
      'repository',
      'packaging',
      'instance',
      'temporal',
      'workers',
      'dev',
      'status',
    ],
  ],
};

/** Types and names that client and workflow must agree on: for everybody. */
const MESSAGES = '^src/workflows/(messages|search-attributes)\\.ts$';

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...Object.entries(LAYERS).map(([folder, below]) => ({
      name: `${folder}-depends-downwards`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: '^src/', pathNot: [`^src/(${[folder, ...below].join('|')})/`] },
    })),
    ...Object.keys(LAYERS).map((folder) => ({
      name: `${folder}-has-one-door`,
      comment: 'a folder is entered by its index.ts',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/${folder}/` },
      to: {
        path: `^src/${folder}/`,
        pathNot: [`^src/${folder}/index\\.ts$`, '^src/config/config\\.ts$', MESSAGES],
      },
    })),
    {
      name: 'workflows-are-pure',
      comment: 'workflow code imports types and workflow modules only',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: {
        pathNot: ['^src/workflows/', 'node_modules/@temporalio/(workflow|common)/'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'repository-knows-nothing-of-temporal',
      severity: 'error',
      from: { path: '^src/(repository|handover|signers|files|errors|packaging)/' },
      to: { path: 'node_modules/@temporalio/' },
    },
    {
      name: 'src-needs-no-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|demo|scripts)/' },
    },
  ],
  options: {
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
