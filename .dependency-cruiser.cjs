/**
 * The boundaries between rooms, read by `npm run boundaries`.
 *
 * dependency-cruiser reads JavaScript, so the command first writes all imports as a skeleton of JavaScript
 * files (`scripts/import-skeleton.ts`). There, the type imports of `foo.ts` stand in a file of their own,
 * `foo.types.js`: directions and doors bind them as well, and a cycle of types alone is no cycle.
 */

const { join } = require('node:path');

/** From the bottom up: a room may import the rooms before it, and never one after it. */
const ROOMS = [
  'errors',
  'files',
  'hub',
  'options',
  'numeric',
  'record',
  'checkpoint',
  'text',
  'graph',
  'autodiff',
  'runtime',
  'models',
  'coverage',
  'adapters',
  'training',
  'inspection',
  'advice',
  'experiments',
  'report',
  'cli',
];

/** Why nothing in a room may look further up. */
const REASONS = {
  errors: 'errors is the bottom room, which everything may import: it imports nothing.',
  files: 'Files are read and written here for every room above; nothing here knows what stands in them.',
  hub: 'Files are fetched here whatever they hold: what stands in them is for rooms above.',
  options: 'What an option is knows none of them: each room declares its own.',
  numeric: 'Numerical tools know nothing of models, files or engines, so that they can be checked alone.',
  record: 'A record must stay readable without the code that made it.',
  checkpoint: 'Reading weight files must not depend on what is computed with them.',
  text: 'Texts become tokens alike for every model: nothing here knows a forward graph.',
  graph: 'The representation runs nothing and knows no model: engines and models depend on it.',
  autodiff: 'The backward walk sees a graph and nothing else.',
  runtime: 'An engine runs any graph; it must not know which model or measurement made it.',
  models: 'A model is a forward graph and its loss; what is measured on it is decided further up.',
  coverage: 'Measuring must not depend on adapters, training, advice, reports or the command line.',
  adapters: 'What an adapter is must not depend on how it is trained.',
  training: 'Training must not depend on advice, experiments, reports or the command line.',
  inspection: 'What a file is must be told without advice, experiments or reports.',
  advice: 'Advice is computed from measurements, not from experiments or their reports.',
  experiments: 'An experiment writes records; how they look is the business of report.',
  report: 'A report reads records; only the command line calls it.',
};

const directions = ROOMS.slice(0, -1).map((room, index) => ({
  name: `upwards-from-${room}`,
  comment: REASONS[room],
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: `^src/(${ROOMS.slice(index + 1).join('|')})/` },
}));

/** Doors: those of the rooms, and those of the package. */
const DOORS = ['^src/[^/]+/index[.]js$', '^src/(index|graph-entry)[.]js$'];
/** The command line is a program and has no door: this is what runs it, and the tables of its options. */
const COMMAND_LINE = '^src/cli/(program|report-error|option|[a-z]+-options)[.]js$';

/**
 * What stands around `src` comes by the doors as well. Where something looks further in, it is named here with its reason;
 * each folder has one entry.
 */
const AROUND = [
  {
    name: 'tests-use-doors',
    from: '^test/',
    fromNot: '^test/fuzz/',
    comment:
      'A test of the whole breaks when behaviour changes, not when a room is furnished anew. It may use what a room ' +
      'keeps for tests (testing*.ts). References from other programs hold the parts of a measurement, of an adapter ' +
      'and of a tokenizer one by one, and one test follows what the engine holds into every corner.',
    inside: [
      '^src/[^/]+/testing',
      COMMAND_LINE,
      '^src/coverage/(leading/leading-frames|collect|natural|null|pass|spectrum|summarize)[.]',
      '^src/(training/train-coverage|text/tokenizer|experiments/run-job|checkpoint/gguf-split)[.]',
      '^src/models/int8/(kernel|rotated)[.]',
    ],
  },
  {
    name: 'fuzzers-feed-readers',
    from: '^test/fuzz/',
    comment: 'A fuzzer feeds each reader of a file by itself, so that millions of inputs take minutes.',
    inside: [
      '^src/[^/]+/testing',
      COMMAND_LINE,
      '^src/(adapters/families|coverage/(frames-file|svd-cache)|experiments/trial-store|training/checkpoint)[.]',
      '^src/models/int8/(choose|pack)[.]',
    ],
  },
  {
    name: 'benchmarks-use-doors',
    from: '^bench/',
    comment:
      'What is timed is what users run. A benchmark takes the steps of a probe apart to time them singly.',
    inside: ['^src/coverage/(frame|pass|probe|settings)[.]'],
  },
  {
    name: 'scripts-use-doors',
    from: '^scripts/',
    comment:
      'Scripts make tables, records and figures. Some run single trials or passes of an experiment, judge the law of ' +
      'learning rates, or write a model from nothing.',
    inside: [
      COMMAND_LINE,
      '^src/(experiments|training/learning-rate)/',
      '^src/(coverage/pass|report/markdown-table|checkpoint/safetensors-write|models/architectures/llama)[.]',
    ],
  },
  {
    name: 'examples-use-the-package',
    from: '^examples/',
    comment: 'An example shows what a user can write: it imports the package and nothing else of ours.',
    inside: [],
  },
].map(({ name, comment, from, fromNot, inside }) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, ...(fromNot === undefined ? {} : { pathNot: fromNot }) },
  to: {
    path: '^src/',
    pathNot: [...(name === 'examples-use-the-package' ? DOORS.slice(1) : DOORS), ...inside],
  },
}));

module.exports = {
  forbidden: [
    ...directions,
    ...AROUND,
    {
      name: 'src-stands-alone',
      comment: 'What is published must not need what is not.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts|examples)/' },
    },
    {
      name: 'rooms-have-one-door',
      comment: 'What a room offers is what its index.ts exports; the rest can change without asking anyone.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/[^/]+/index[.]js$', '^src/$1/'] },
    },
    {
      name: 'the-library-uses-doors',
      comment: 'src/index.ts offers what rooms offer, by the same doors.',
      severity: 'error',
      from: { path: '^src/[^/]+[.]js$' },
      to: { path: '^src/[^/]+/', pathNot: '^src/[^/]+/index[.]js$' },
    },
    {
      name: 'rooms-are-known',
      comment: 'A new room takes its place in the order above, or no rule would bind it.',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: `^src/(${ROOMS.join('|')})/` },
    },
    {
      name: 'report-reads-records-only',
      comment:
        'A report can be made again, years later, from the files of a run: it never touches an engine.',
      severity: 'error',
      from: { path: '^src/report/' },
      to: { path: '^src/', pathNot: '^src/(report|record|errors)/' },
    },
    {
      name: 'report-libraries',
      comment: 'Reports are text that we write ourselves; cli-table3 alone lays out the terminal table.',
      severity: 'error',
      from: { path: '^src/report/' },
      to: { dependencyTypes: ['npm'], pathNot: 'node_modules/cli-table3/' },
    },
    {
      name: 'one-importer-of-the-engine',
      comment:
        'Only runtime knows ONNX Runtime and its file format, so that another engine can stand in its place.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/runtime/' },
      to: { path: 'node_modules/(onnxruntime-[a-z]+|onnx-buf|@bufbuild/protobuf)/' },
    },
    {
      name: 'no-circular',
      comment: 'Modules that import each other can only be read, tested and loaded together.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-dev-dependency',
      comment:
        'What is published runs without devDependencies. The one exception is the thread of the engine, which loads ' +
        'tsx when, and only when, it is started from the TypeScript sources.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/tsx/' },
    },
    {
      name: 'no-undeclared-package',
      comment: 'A package that is not in package.json is there by chance.',
      severity: 'error',
      from: {},
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'undetermined', 'unknown'],
        pathNot: 'node_modules/tsx/',
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
    baseDir: join(__dirname, '.tmp/boundaries'),
    doNotFollow: { path: 'node_modules' },
    moduleSystems: ['es6'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
