/** `rankscope generate`: a text, continued. */
import { Command } from 'commander';
import { z } from 'zod';
import { adaptedModel, loadAdapter } from '../adapters/index.ts';
import { UserError } from '../errors/index.ts';
import { generateTokens, openModel } from '../models/index.ts';
import { createRng } from '../numeric/index.ts';
import { defaultsOf, type OptionValues, pathOption, toNumber, wholeOption } from '../options/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import { TextStream, type Tokenizer } from '../text/index.ts';
import { chooseBaseModel } from './base-model.ts';
import { tellDownload } from './download-line.ts';
import { exportStep, quickProbe, tellNext } from './next-step.ts';
import { addOptions, readOptions, sayingFlags } from './option.ts';
import { modelOptions } from './option-kinds.ts';
import { printable } from './print.ts';
import { tellWarning } from './tell-warnings.ts';

const WHAT = 'What to continue:';
const HOW = 'How:';

const OPTIONS = {
  prompt: {
    flags: '--prompt <text>',
    group: WHAT,
    help: 'the beginning of the text',
    schema: z.string(),
    expected: 'a text',
    example: "--prompt 'Once upon a time'",
  },
  adapter: pathOption(
    '--adapter <run>',
    WHAT,
    'training run whose adapter is put in place',
    '--adapter rankscope-runs/my-run',
  ),
  maxTokens: wholeOption('max-tokens', HOW, 'tokens to make at most', 1, 200, { default: 100 }),
  temperature: {
    flags: '--temperature <t>',
    group: HOW,
    help: '0 takes the likeliest token, 1 draws by the model’s own probabilities',
    schema: z.number().min(0).max(Number.MAX_VALUE),
    parse: toNumber,
    default: 0.8,
    expected: 'a number from 0',
    example: '--temperature 0.7',
  },
  topP: {
    flags: '--top-p <p>',
    group: HOW,
    help: 'draw from the likeliest tokens that have this share of the probability',
    schema: z.number().min(0).max(1),
    parse: toNumber,
    default: 0.95,
    expected: 'a number from 0 to 1',
    example: '--top-p 0.9',
  },
  seed: wholeOption('seed', HOW, 'choice of tokens', 0, 1, { default: 0 }),
  ...modelOptions(HOW),
};
type Options = OptionValues<typeof OPTIONS>;

const EXAMPLES = `
Examples:
  rankscope generate --prompt 'Call me'                               the bundled model
  rankscope generate model.gguf --prompt 'Once upon a time' --temperature 0
  rankscope generate --adapter rankscope-runs/my-run --prompt 'The sea'`;

export function generateCommand(): Command {
  const command = new Command('generate')
    .description('Continues a text, token by token, as the tokens are drawn.')
    .argument(
      '[model]',
      'Hugging Face folder, .gguf file or id on the hub (default: that of the adapter, or the bundled one)',
    )
    .addHelpText('after', EXAMPLES);
  addOptions(command, OPTIONS);
  return command.action(async (model: string | undefined) => {
    // A model can write what moves a cursor; a file or a pipe gets its words as they are.
    const shown = process.stdout.isTTY ? printable : (text: string) => text;
    const options = readOptions(command, OPTIONS);
    await sayingFlags(OPTIONS, async () => {
      for await (const text of continueText(model, options)) process.stdout.write(shown(text));
    });
    process.stdout.write('\n');
    if (options.adapter !== undefined) tellNext([exportStep(options.adapter)]);
    else tellNext([quickProbe(chooseBaseModel(model, []))]);
  });
}

async function* continueText(given: string | undefined, options: Options): AsyncGenerator<string> {
  const { adapter: run, compute, cacheFolder } = options;
  const { maxTokens, temperature, topP, seed } = { ...defaultsOf(OPTIONS), ...options };
  const base = await openModel(chooseBaseModel(given, run === undefined ? [] : [run]), {
    compute,
    cacheFolder,
    onWarning: tellWarning,
    onDownload: tellDownload(process.stderr),
  });
  const model = run === undefined ? base : adaptedModel(base, await loadAdapter(run, base));
  const tokenizer = await model.tokenizer();
  const prompt = encodePrompt(options.prompt, tokenizer);
  const rng = createRng(seed);
  const text = new TextStream(tokenizer, prompt);
  const engine = createOnnxEngine();
  try {
    const choices = { maxTokens, temperature, topP, ends: tokenizer.ends, hasToken: tokenizer.hasToken, rng };
    for await (const token of generateTokens(engine, model, prompt, choices)) yield text.push(token);
    yield text.end();
  } finally {
    await engine.close();
  }
}

/** The prompt's tokens; an empty one stands for the beginning of a document. */
function encodePrompt(prompt: string | undefined, tokenizer: Tokenizer): number[] {
  const ids = prompt === undefined ? [] : tokenizer.encode(prompt);
  if (ids.length > 0) return ids;
  if (prompt !== undefined && tokenizer.endOfText !== null) return [tokenizer.endOfText];
  throw new UserError('option-invalid', {
    what: 'there is nothing to continue',
    expected: '--prompt with the beginning of a text',
    fix: "for example --prompt 'Once upon a time'",
  });
}
