/** What a model's files made the program warn of, on stderr. */
import type { Model } from '../models/index.ts';

/** `say` writes a line that stays: a command with a line of progress gives its own. */
export function tellWarnings(
  { warnings }: Pick<Model, 'warnings'>,
  say: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
): void {
  for (const warning of warnings) say(`warning: ${warning}`);
}
