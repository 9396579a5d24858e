#!/usr/bin/env node
/**
 * Room `cli`: the command line. It parses, calls and prints; one file per command, loaded when it is asked for.
 * Exit codes: 0 done, 1 a defect of ours, 2 a mistake of the caller's, 130 stopped.
 */
import { createProgram } from './program.ts';
import { exitCodeFor } from './report-error.ts';

// A reader such as `head` may close the pipe before everything is printed: there is nobody left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  const program = await createProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeFor(error, process.stderr);
}
