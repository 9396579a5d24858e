/** The child process of `createProcessPool`: does one job after the other until its parent goes. */
import type { Job, JobContext, JobResult } from './job.ts';
import { createJobRunner } from './run-job.ts';

export type ToChild = { readonly context: JobContext } | { readonly job: Job };
export type FromChild = { readonly result: JobResult } | { readonly error: string };

// Ctrl-C reaches every process of the terminal; what happens then is the parent's to say.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));

let runner: ReturnType<typeof createJobRunner> | undefined;
const answer = (message: FromChild) => process.send!(message);

process.on('message', (message: ToChild) => {
  if ('context' in message) {
    runner = createJobRunner(message.context);
    return;
  }
  runner!.run(message.job).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
  );
});
