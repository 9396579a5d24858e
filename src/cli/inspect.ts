/** `rankscope inspect`: what stands at a path, told from headers. */
import { Command } from 'commander';
import { estimateCosts, type Inspection, inspect } from '../inspection/index.ts';
import { type OptionValues, switchOption } from '../options/index.ts';
import { tellDownload } from './download-line.ts';
import { renderCosts, renderInspection } from './inspect-table.ts';
import { AFTER_EXPORT, exportStep, quickProbe, rankscope, type Step, tellNext } from './next-step.ts';
import { addOptions, readOptions, sayingFlags } from './option.ts';
import { terminalOptions } from './print.ts';
import { tellWarning } from './tell-warnings.ts';

const GROUP = 'Output:';

const OPTIONS = {
  time: switchOption('--no-time', GROUP, 'leave out memory and time, which take some seconds to estimate'),
  json: switchOption('--json', GROUP, 'print JSON instead of the tables'),
};

const DESCRIPTION = [
  'Says what stands at a path: a model (Hugging Face folder or GGUF file), weights in a safetensors file, an adapter of ' +
    'RankScope, of PEFT or of llama.cpp, or the folder of a run.',
  'Of a model: how it is stored, its layers by what they do, which of them PEFT can target, how large LoRA would be, its ' +
    'tokenizer, and what a probe and a step of training would take here. No weights are read.',
].join('\n\n');

const EXAMPLES = `
Examples:
  rankscope inspect ./my-model
  rankscope inspect model.gguf --no-time
  rankscope inspect my-adapter --json
  rankscope inspect rankscope-runs/my-run`;

export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description(DESCRIPTION)
    .argument(
      '<path>',
      'model (also by its id on the hub), adapter, safetensors or GGUF file, or folder of a run',
    )
    .addHelpText('after', EXAMPLES);
  addOptions(command, OPTIONS);
  return command.action(async (path: string) => {
    const options = readOptions(command, OPTIONS);
    await sayingFlags(OPTIONS, () => runInspect(path, options));
  });
}

async function runInspect(path: string, { time = true, json = false }: OptionValues<typeof OPTIONS>) {
  const { inspection, model } = await inspect(path, {
    // They stand in the JSON.
    onWarning: json ? () => {} : tellWarning,
    onDownload: tellDownload(process.stderr),
  });
  const wantsCosts = time && model !== null;
  if (json) {
    const costs = wantsCosts ? { costs: await estimateCosts(model) } : {};
    process.stdout.write(`${JSON.stringify({ ...inspection, ...costs }, null, 2)}\n`);
    return;
  }
  process.stdout.write(renderInspection(inspection, terminalOptions()));
  if (wantsCosts) process.stdout.write(renderCosts(await estimateCosts(model), terminalOptions()));
  tellNext(stepsAfter(inspection));
}

function stepsAfter(inspection: Inspection): readonly Step[] {
  const { kind, path } = inspection;
  if (kind === 'model') return [quickProbe(path)];
  if (kind === 'run') return [{ command: rankscope('report', path), why: 'its results' }];
  if (kind === 'weights') return [{ command: rankscope('inspect', path, '--json'), why: 'every tensor' }];
  if (inspection.form === 'rankscope') return [exportStep(path)];
  return AFTER_EXPORT[inspection.form === 'gguf' ? 'gguf-lora' : 'peft'](
    path,
    inspection.baseModel ?? 'base',
  );
}
