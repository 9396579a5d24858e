/** Flags as people bring them from other programs, made into ours before they are parsed. */
import type { Command, Option } from 'commander';
import { UserError } from '../errors/index.ts';
import { adviceOnFlag } from './foreign-words.ts';

/**
 * The arguments with `-` for `_` in the flags of the command that they begin with: transformers writes `--learning_rate`.
 *
 * @throws UserError `option-foreign` for a flag of another program that the command does not have.
 */
export function translateFlags(args: readonly string[], program: Command): readonly string[] {
  const command = program.commands.find((one) => one.name() === args[0]);
  if (command === undefined) return args;
  const known = new Map(command.options.map((option) => [option.long, option]));
  const end = args.indexOf('--');
  let taking: Option | undefined;
  return args.map((arg, index) => {
    const isValue = taking !== undefined;
    taking = undefined;
    if (isValue || !arg.startsWith('--') || (end !== -1 && index >= end)) return arg;
    const [flag = arg, value = ''] = arg.split(/(?==)/s, 2);
    const name = known.has(flag) ? flag : flag.replaceAll('_', '-');
    const option = known.get(name);
    if (option === undefined) {
      refuseForeign(name, command);
      return arg;
    }
    if (option.required && value === '') taking = option;
    return name + arg.slice(flag.length);
  });
}

function refuseForeign(flag: string, command: Command): void {
  const advice = adviceOnFlag(flag.slice(2));
  if (advice === undefined) return;
  throw new UserError('option-foreign', {
    what: `${flag} is no option of rankscope ${command.name()}`,
    fix: advice,
  });
}
