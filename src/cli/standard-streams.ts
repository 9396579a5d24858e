/** What becomes of a run when its standard output or standard error cannot be written. */
import { writingError } from '../files/index.ts';
import { EXIT_MISTAKE, exitCodeFor } from './report-error.ts';

/**
 * A run is worth more than what is told of it, so none of this ends it:
 * - a reader such as `head` may close standard output before everything is printed: nobody is left to tell;
 * - any other refusal, such as a full disk behind `>`, loses results that were asked for: told, and exit code 2;
 * - standard error holds progress and messages: without it the exit code still tells how the run ended.
 */
export function outliveStandardStreams(): void {
  let lost = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (lost || error.code === 'EPIPE') return;
    lost = true;
    exitCodeFor(writingError('standard output', error), process.stderr);
  });
  process.stderr.on('error', () => {});
  process.on('exit', (code) => {
    if (lost && code === 0) process.exitCode = EXIT_MISTAKE;
  });
}
