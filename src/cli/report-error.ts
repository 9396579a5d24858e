/** What ended a command, told to a person. */
import { CommanderError } from 'commander';
import { UserError } from '../errors/index.ts';

export const EXIT_STOPPED = 130;

/** Prints an error where the parser has not done so already, and gives the exit code. */
export function exitCodeFor(error: unknown, stream: { write(text: string): unknown }): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UserError) {
    const stopped = error.code === 'stopped';
    stream.write(`${stopped ? '' : 'error: '}${error.message}\n`);
    return stopped ? EXIT_STOPPED : 2;
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stream.write(`${trace}\n\nThis is a defect of RankScope. Please report it with the lines above.\n`);
  return 1;
}
