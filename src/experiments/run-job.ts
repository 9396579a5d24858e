/** Doing a job in this process. Workbenches stay open for the jobs that follow. */
import type { Job, JobContext, JobResult } from './job.ts';
import { runJointTrial } from './joint-coverage.ts';
import { runObserveTrial } from './observe-training.ts';
import { runTrainTrial } from './train-trial.ts';
import type { Trial } from './trial.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

export function createJobRunner(context: JobContext) {
  const benches = new Map<string, Promise<Workbench>>();
  const benchOf = (name: string): Promise<Workbench> => {
    const setting = context.settings.find((one) => one.name === name)!;
    const contents = context.contents[name]!;
    const identity = context.identities[name]!;
    const bench = benches.get(name) ?? openWorkbench(setting, { ...context, contents, identity });
    benches.set(name, bench);
    return bench;
  };
  return {
    async run(job: Job): Promise<JobResult> {
      if (job.kind === 'frames') {
        const bench = await benchOf(job.setting);
        await bench.prepareFrames(job.bases, job.seed);
        return null;
      }
      const bench = await benchOf(job.trial.setting);
      const result = await runTrial(bench, job.trial);
      await bench.model.checkUnchanged();
      return result;
    },
    async close(): Promise<void> {
      for (const bench of await Promise.allSettled(benches.values()))
        if (bench.status === 'fulfilled') await bench.value.close();
    },
  };
}

function runTrial(bench: Workbench, trial: Trial): Promise<JobResult> {
  switch (trial.kind) {
    case 'train':
      return runTrainTrial(bench, trial);
    case 'observe':
      return runObserveTrial(bench, trial);
    case 'joint':
      return runJointTrial(bench, trial);
  }
}
