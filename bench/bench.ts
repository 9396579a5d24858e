/**
 * `npm run bench`: our jobs against the best PyTorch that we can write for them, in one run, interleaved.
 *
 *     npm run bench -- [--job probe|train|whole|profile]… [--model gpt2-small|PATH]… [--python PATH] [--rounds 5] [--batches 4]
 *                      [--skip bfloat16]… [--more] [--out FILE.json]
 *
 * Each round starts every contender once as a process of its own. What is timed is the work on a batch, the fastest of
 * several, after loading and one warm-up batch; peak memory is that of the whole process. Our side runs compiled, as it is used.
 * `whole` times the whole command, from its start to its record, with nothing cached. `profile` says what each op of its
 * passes takes.
 * `--skip` leaves out contenders whose name holds a word: where the processor has no bfloat16, torch takes minutes
 * for it. `--more` adds what more bases and other ranks cost. Ratios are taken within a round; median, least and
 * largest are printed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { ModelDefinition } from '../src/models/index.ts';
import { probeJob } from './probe-job.ts';
import { profileJob } from './profile-job.ts';
import { print, processorName } from './race.ts';
import { definitionOf, randomGpt2Small } from './setup.ts';
import { trainJob } from './train-job.ts';
import { wholeJob } from './whole-job.ts';

/** What a job is told. */
export interface Setting {
  /** As it was named, and where it lies. */
  readonly model: string;
  readonly path: string;
  readonly definition: ModelDefinition;
  /** A file in the folder of this model's run. */
  readonly inFolder: (name: string) => string;
  /** A compiled program of ours. */
  readonly oursAt: (name: string) => string;
  readonly cacheFolder: string;
  /** A Python with torch; undefined where there is none. */
  readonly python: string | undefined;
  readonly threads: number;
  readonly rounds: number;
  readonly batches: number;
  readonly rank: number;
  readonly wanted: (contender: { readonly name: string }) => boolean;
  readonly more: boolean;
}

const JOBS: Readonly<Record<string, (setting: Setting) => Promise<unknown[]>>> = {
  probe: probeJob,
  profile: profileJob,
  train: trainJob,
  whole: wholeJob,
};

const { values } = parseArgs({
  options: {
    job: { type: 'string', multiple: true, default: ['probe'] },
    model: { type: 'string', multiple: true, default: ['gpt2-small'] },
    python: { type: 'string', default: process.env.RANKSCOPE_PYTHON ?? 'python3' },
    rounds: { type: 'string', default: '5' },
    batches: { type: 'string', default: '4' },
    rank: { type: 'string', default: '64' },
    threads: { type: 'string', default: String(availableParallelism()) },
    skip: { type: 'string', multiple: true, default: [] },
    more: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const folder = join(tmpdir(), 'rankscope-bench');
mkdirSync(folder, { recursive: true });
const cacheFolder = join(folder, 'cache');
const threads = Number(values.threads);
const compiled = compile();
const hasTorch = spawnSync(values.python, ['-c', 'import torch']).status === 0;

print(`# ${processorName()}, ${threads} threads, Node ${process.version}`);
if (!hasTorch)
  print(`no torch in ${values.python}: only our own figures (name a Python that has it with --python)`);
const report: unknown[] = [];
for (const model of values.model) {
  const path = model === 'gpt2-small' ? await randomGpt2Small(folder) : model;
  const work = mkdtempSync(join(folder, 'run-'));
  const setting: Setting = {
    model,
    path,
    definition: await definitionOf(path, cacheFolder),
    inFolder: (name) => join(work, name),
    oursAt: (name) => join(compiled, 'bench', `${name}.js`),
    cacheFolder,
    python: hasTorch ? values.python : undefined,
    threads,
    rounds: Number(values.rounds),
    batches: Number(values.batches),
    rank: Number(values.rank),
    wanted: ({ name }) => !values.skip.some((word) => name.includes(word)),
    more: values.more,
  };
  for (const job of values.job) report.push(...(await JOBS[job]!(setting)));
  rmSync(work, { recursive: true });
}
if (values.out !== undefined) {
  writeFileSync(values.out, `${JSON.stringify({ processor: processorName(), report }, null, 2)}\n`);
}

/** Our side as JavaScript: a loader for TypeScript would take memory that no user spends. */
function compile(): string {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const target = join(root, 'node_modules', '.cache', 'rankscope-bench');
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-p', join(root, 'bench')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return target;
}
