#!/usr/bin/env node
/**
 * Room `cli`: the command line. It parses, calls and prints; one file per command, loaded when it is asked for.
 * Exit codes: 0 done, also where the reader of the output went away; 1 a defect of ours; 2 a mistake of the caller's or
 * a refusal of the operating system; 130 stopped.
 */
import { createProgram } from './program.ts';
import { exitCodeFor } from './report-error.ts';
import { outliveStandardStreams } from './standard-streams.ts';
import { cleanUpOnSignals } from './stop-signals.ts';
import { tellProcessWarnings } from './tell-warnings.ts';
import { translateFlags } from './translate-flags.ts';

outliveStandardStreams();
tellProcessWarnings();
cleanUpOnSignals();
try {
  const args = process.argv.slice(2);
  const program = await createProgram(args);
  await program.parseAsync(translateFlags(args, program), { from: 'user' });
} catch (error) {
  process.exitCode = exitCodeFor(error, process.stderr);
}
