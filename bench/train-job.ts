/** The training's job: steps of `core` adapters on every linear layer, against LoRA-XS in PyTorch. */
import type { ModelDefinition } from '../src/models/index.ts';
import type { Setting } from './bench.ts';
import { type Contender, json, lossDifference, print, type Run, race, table } from './race.ts';
import { randomFrames, randomTokens } from './setup.ts';

interface TrainRun extends Run {
  /** Of every step after the warm-up. */
  readonly seconds: readonly number[];
  /** Multiplications and additions a second of a 1024³ float32 product, by the contender's own library. */
  readonly productFlops: number;
}

const SEQUENCES = 4;
const SEQ_LEN = 128;
const WARM_UP = 1;
const PEER = 'torch float32';

export async function trainJob(setting: Setting): Promise<unknown[]> {
  const { model, definition, inFolder, oursAt, threads, python, rounds, batches, rank, wanted } = setting;
  print(`\n## train, ${model}`);
  print(
    `core adapters, K=${rank}, on all ${definition.layers.length} linear layers; AdamW; ` +
      `${WARM_UP} + ${batches} steps of ${SEQUENCES}×${SEQ_LEN} tokens; seconds of a step`,
  );
  const tokens = inFolder('train-tokens.safetensors');
  const frames = inFolder('train-frames.safetensors');
  await randomTokens(tokens, definition, [WARM_UP + batches, SEQUENCES, SEQ_LEN]);
  await randomFrames(frames, definition, [''], rank);
  const { path, cacheFolder } = setting;
  const ours = (compute: 'float32' | 'int8') => ({
    name: `ours ${compute}`,
    run: () => {
      const options = { model: path, tokens, frames, compute, rank, threads, warmUp: WARM_UP, cacheFolder };
      return json<TrainRun>(process.execPath, [oursAt('ours-train'), JSON.stringify(options)]);
    },
  });
  const torch: Contender<TrainRun> = {
    name: PEER,
    run: () =>
      json(python!, [
        new URL('./torch_train.py', import.meta.url).pathname,
        ...['--model', path, '--tokens', tokens, '--frames', frames],
        ...['--threads', String(threads), '--warm-up', String(WARM_UP)],
      ]),
  };
  const contenders = [ours('float32'), ours('int8'), ...(python === undefined ? [] : [torch])].filter(wanted);
  const runs = race(contenders, rounds);
  const seconds = (run: TrainRun) => Math.min(...run.seconds);
  const rows = table(runs, python === undefined ? contenders[0]!.name : PEER, seconds);
  const peak = Math.max(...[...runs.values()].flat().map(({ productFlops }) => productFlops));
  const flops = stepFlops(definition, rank);
  print(
    `peak of a 1024³ float32 product: ${(peak / 1e9).toFixed(0)} Gflop/s; a step: ${(flops / 1e9).toFixed(0)} Gflop`,
  );
  for (const [name, each] of runs) {
    const best = Math.min(...each.map(seconds));
    const perSecond = (SEQUENCES * SEQ_LEN) / best;
    const share = flops / best / peak;
    const loss = python === undefined ? '' : lossText(each[0]!, runs.get(PEER)![0]!);
    print(`${name}: ${perSecond.toFixed(0)} tokens/s, ${(100 * share).toFixed(0)} % of that peak${loss}`);
  }
  return [{ job: 'train', model, rounds, batches, rank, flops, peak, rows }];
}

const lossText = (run: TrainRun, peer: TrainRun): string =>
  `; losses ${run.losses[0]!.toFixed(4)} → ${run.losses.at(-1)!.toFixed(4)} differ by ${lossDifference(run, peer).toExponential(1)}`;

/**
 * Multiplications and additions of a step's matrix products, for T tokens in sequences of S:
 * - x W and dy Wᵀ: 4 T m n per layer, less dy Wᵀ of the first layer, below which nothing is trained;
 * - x U, (dy V Mᵀ) Uᵀ: 4 T m K; (x U M) Vᵀ, dy V: 4 T n K; with M, with Mᵀ, and dM: 6 T K²;
 * - logits and their gradient: 4 T d · vocabulary;
 * - attention, two products forward and four backward over whole squares: 12 T S d.
 */
function stepFlops({ layers, hiddenSize, vocabularySize }: ModelDefinition, rank: number): number {
  const tokens = SEQUENCES * SEQ_LEN;
  let perToken = 4 * hiddenSize * vocabularySize;
  layers.forEach(({ inFeatures: m, outFeatures: n }, index) => {
    perToken += (index === 0 ? 2 : 4) * m * n + 4 * rank * (m + n) + 6 * rank ** 2;
  });
  // The layers come block by block; each block has one that reads the hidden state first and so names it.
  const blocks = new Set(layers.map(({ name }) => /\.\d+\./.exec(name)?.[0])).size;
  return tokens * (perToken + blocks * 12 * SEQ_LEN * hiddenSize);
}
