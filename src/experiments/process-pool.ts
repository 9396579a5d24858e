/** An executor of child processes on this machine. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Executor, Job, JobContext, JobResult } from './job.ts';
import type { FromChild, ToChild } from './job-process.ts';

/** Starts a process for each slot when it is first needed; one that dies fails its job and is replaced. */
export function createProcessPool(context: JobContext, slots: number): Executor {
  const idle: ChildProcess[] = [];
  const busy = new Set<ChildProcess>();

  function start(): ChildProcess {
    const child = startProcess();
    child.send({ context } satisfies ToChild);
    child.once('exit', () => {
      busy.delete(child);
      const at = idle.indexOf(child);
      if (at >= 0) idle.splice(at, 1);
    });
    return child;
  }

  return {
    slots,
    run(job: Job): Promise<JobResult> {
      const child = idle.pop() ?? start();
      busy.add(child);
      return new Promise((resolve, reject) => {
        const ended = (code: number | null, signal: string | null) => {
          reject(new Error(`its process ended: ${signal ?? `exit code ${code}`}`));
        };
        child.once('exit', ended);
        child.once('message', (message: FromChild) => {
          child.off('exit', ended);
          busy.delete(child);
          idle.push(child);
          if ('error' in message) reject(new Error(message.error));
          else resolve(message.result);
        });
        child.send({ job } satisfies ToChild);
      });
    },
    async close(): Promise<void> {
      const ends = [...idle, ...busy].map(
        (child) => new Promise<void>((resolve) => child.once('exit', () => resolve())),
      );
      // A product in the engine cannot be told to stop: an idle process could go by itself, a busy one not.
      for (const child of [...idle, ...busy]) child.kill('SIGKILL');
      await Promise.all(ends);
    },
  };
}

function startProcess(): ChildProcess {
  const fromSource = import.meta.url.endsWith('.ts');
  const file = new URL(fromSource ? './job-process.ts' : './job-process.js', import.meta.url);
  // Tests and development run the sources: the child must be taught TypeScript first.
  const loader = fromSource
    ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
    : [];
  return fork(fileURLToPath(file), { execArgv: loader, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}
