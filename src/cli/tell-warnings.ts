/** What a model's files and the cache made the program warn of, on stderr. */
import { printable } from './print.ts';

export const tellWarning = (text: string): void => {
  process.stderr.write(`warning: ${printable(text)}\n`);
};

/** Warnings that no command took for itself are told in the same words, and without Node's advice on traces. */
export function tellProcessWarnings(): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ message }) => tellWarning(message));
}

/** For a command with a line of progress. */
export const tellWarningOn =
  (progress: { say(line: string): void }) =>
  (text: string): void =>
    progress.say(`warning: ${text}`);
