/** What ended a command, told to a person. */
import { CommanderError } from 'commander';
import { UserError } from '../errors/index.ts';
import { systemRefusal } from '../files/index.ts';

export const EXIT_MISTAKE = 2;
export const EXIT_STOPPED = 130;

/** Prints an error where the parser has not done so already, and gives the exit code. */
export function exitCodeFor(error: unknown, stream: { write(text: string): unknown }): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_MISTAKE;
  const told = error instanceof UserError ? error : systemRefusal(error);
  if (told !== undefined) {
    const stopped = told.code === 'stopped';
    stream.write(`${stopped ? '' : 'error: '}${told.message}\n`);
    return stopped ? EXIT_STOPPED : EXIT_MISTAKE;
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stream.write(`${trace}\n\nThis is a defect of RankScope. Please report it with the lines above.\n`);
  return 1;
}
