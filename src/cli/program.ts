/** The program and its commands. Only the command that is named on the line is loaded. */
import { Command, type Option } from 'commander';
import { UserError } from '../errors/index.ts';
import { readPackageInfo } from './package-info.ts';

interface LazyCommand {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: readonly LazyCommand[] = [
  {
    name: 'probe',
    summary: 'measure how much of a model’s gradient low-rank adapters can reach, at every rank',
    load: async () => (await import('./probe.ts')).probeCommand(),
  },
  {
    name: 'inspect',
    summary: 'say what a model, an adapter or a run is, and what it takes to work with it',
    load: async () => (await import('./inspect.ts')).inspectCommand(),
  },
  {
    name: 'advise',
    summary: 'say what to train under a budget, and at which learning rate',
    load: async () => (await import('./advise.ts')).adviseCommand(),
  },
  {
    name: 'train',
    summary: 'train an adapter in frozen frames on a text, and watch its coverage',
    load: async () => (await import('./train.ts')).trainCommand(),
  },
  {
    name: 'reproduce',
    summary: 'test the claims of the source paper, each by a rule written beforehand',
    load: async () => (await import('./reproduce.ts')).reproduceCommand(),
  },
  {
    name: 'report',
    summary: 'show a finished run again, as text, Markdown or a web page',
    load: async () => (await import('./report.ts')).reportCommand(),
  },
  {
    name: 'eval',
    summary: 'measure the loss and perplexity of a model on a text, with and without adapters',
    load: async () => (await import('./eval.ts')).evalCommand(),
  },
  {
    name: 'generate',
    summary: 'continue a text with a model, with or without an adapter',
    load: async () => (await import('./generate.ts')).generateCommand(),
  },
  {
    name: 'export',
    summary: 'write an adapter for PEFT, vLLM or llama.cpp, or merge it into its model',
    load: async () => (await import('./export.ts')).exportCommand(),
  },
  {
    name: 'pretrain',
    summary: 'train a small model from scratch, as the bundled one was',
    load: async () => (await import('./pretrain.ts')).pretrainCommand(),
  },
];

const EXAMPLES = `
Examples:
  rankscope probe                                    the bundled model on the bundled text
  rankscope probe ./my-model --data notes.txt        a Hugging Face folder on your own text
  rankscope probe model.gguf --data train.jsonl --ranks 4,16,64
  rankscope report rankscope-runs/my-model-…         show a run again

"rankscope probe --help" lists every option of a command.`;

/** @param args the words after the program's name, which tell the command to load. */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('rankscope')
    .description('Measures how much of a language model’s gradient each low-rank subspace can reach.')
    .version(readPackageInfo().version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .usage('<command> [options]')
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  for (const { name, summary, load } of COMMANDS) {
    const command = args.includes(name) ? await load() : new Command(name);
    for (const option of command.options) takeOnce(option);
    command.copyInheritedSettings(program).summary(summary);
    command.showHelpAfterError(`("rankscope ${name} --help" lists the options)`);
    program.addCommand(command);
  }
  return program;
}

/** The parser lets the last of several values win; a measurement of half of what was named would be the result. */
function takeOnce(option: Option): void {
  if (!(option.required || option.optional) || option.variadic) return;
  const parse = option.parseArg;
  let given: string | undefined;
  option.argParser((value, previous) => {
    if (given !== undefined) {
      throw new UserError('option-twice', {
        what: `${option.long} is given twice`,
        got: `"${given}" and "${value}"`,
        expected: 'one value',
        fix: 'leave one of them out',
      });
    }
    given = value;
    return parse === undefined ? value : parse(value, previous);
  });
}
