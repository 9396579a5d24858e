/** A made-up reproduction record for the tests of reports, with some of everything. Only tests import it. */
import type {
  ClaimResult,
  ExperimentFigure,
  ExperimentResult,
  ExperimentTable,
  ReproductionRecord,
  SettingRecord,
} from '../record/index.ts';

const SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const RANKS = [2, 4, 8, 16, 32, 64];
const SOURCE_COVERAGE = [0.003, 0.008, 0.017, 0.033, 0.068, 0.131];
const SOURCE_LOSS = [7.7594, 7.6619, 7.5063, 7.2428, 6.7678, 6.0559];

export function exampleReproductionRecord(): ReproductionRecord {
  return {
    schema: 'rankscope.reproduction',
    version: 1,
    status: 'complete',
    quick: false,
    command: 'rankscope reproduce all --model assets/model',
    versions: { rankscope: '0.1.0', node: '20.20.2' },
    machine: { processor: 'Example Processor 9000', cores: 2, memoryBytes: 8 * 2 ** 30 },
    settings: [
      setting('random-start', 'Random start'),
      setting('pretrained', 'Pretrained, moved to new text'),
    ],
    level: 0.05,
    // Not in the order of the mission: reports put them into it.
    claims: [...predictorClaims(), ...coverageClaims(), ...lossClaims()],
    experiments: [coverage(), loss(), predictor()],
  };
}

function setting(name: string, title: string): SettingRecord {
  return {
    name,
    title,
    model: {
      path: 'assets/model',
      name: 'sotu-gpt2-4x256',
      architecture: 'gpt2',
      format: 'safetensors',
      parameters: 4_273_664,
      sha256: SHA256,
    },
    data: { path: 'assets/text/moby-dick.txt', sha256: SHA256.toUpperCase() },
    batchSize: 8,
    seqLen: 128,
    evalSequences: 64,
    calibrationBatches: 16,
    learningRates: [0.01, 0.02, 0.04],
    coreRank: 16,
    seeds: [0, 1, 2, 3, 4],
  };
}

const LINEAR: ClaimResult = {
  id: 'paper87-a/linear',
  experiment: 'paper87-a',
  rows: ['M6', 'M1'],
  statement: 'Coverage is linear in K, with 0.00205 for each dimension.',
  sourceFigure: '0.00205 per dimension',
  setting: 'random-start',
  quantity: 'slope of coverage over K through the origin',
  estimate: { mean: 0.00391, low: 0.00388, high: 0.00394 },
  replicates: 5,
  rule: 'confirmed if the interval holds 0.00205, refuted if it lies outside 0.0018 to 0.0023.',
  p: 0.000002,
  pHolm: 0.00008,
  verdict: 'refuted',
  why: 'The slope is 0.00391, the exact null of the layers 0.00390: it says the shape of the layers, not of the gradient.',
};

function coverageClaims(): ClaimResult[] {
  const pretrained: Partial<ClaimResult> = {
    setting: 'pretrained',
    estimate: { mean: 0.0058, low: 0.0051, high: 0.0065 },
    why: 'Coverage per dimension falls from 0.0094 at K=2 to 0.0052 at K=64: a power law fits, a line does not.',
  };
  return [{ ...LINEAR, ...pretrained }, LINEAR];
}

function lossClaims(): ClaimResult[] {
  const claim: ClaimResult = {
    ...LINEAR,
    id: 'paper87-b/correlation',
    experiment: 'paper87-b',
    rows: ['M3'],
    statement: 'Coverage and final loss correlate almost perfectly.',
    sourceFigure: 'r = −0.9963',
    quantity: 'Pearson r(coverage, loss) over K',
    rule: 'confirmed if the upper end of the interval is below −0.95.',
    estimate: { mean: -0.9871, low: -0.9932, high: -0.9754 },
    p: 0.0031,
    pHolm: 0.0217,
    verdict: 'confirmed',
    why: 'r is −0.9871; so is r(K, loss) with −0.9903, which coverage adds nothing to.',
  };
  const missing: Partial<ClaimResult> = {
    setting: 'pretrained',
    estimate: null,
    replicates: 0,
    p: null,
    pHolm: null,
    verdict: 'inconclusive',
    why: '3 of 30 trials are missing.',
  };
  return [claim, { ...claim, ...missing }];
}

function predictorClaims(): ClaimResult[] {
  return [
    {
      ...LINEAR,
      id: 'predictor/natural',
      experiment: 'predictor',
      rows: [],
      statement: 'Natural coverage ν ranks tuned losses better than <coverage> | does.',
      sourceFigure: '',
      setting: 'pretrained',
      quantity: 'difference of Spearman ρ',
      estimate: { mean: 0.21, low: -0.04, high: 0.43 },
      rule: 'confirmed above 0, refuted below.',
      p: 0.11,
      pHolm: 0.44,
      verdict: 'inconclusive',
      why: 'ρ is 0.81 against 0.60, with intervals that overlap.',
    },
  ];
}

function experiment(name: string, title: string, parts: Partial<ExperimentResult>): ExperimentResult {
  return {
    name,
    title,
    question: 'How much of the gradient do K dimensions reach?',
    method: 'Every arm is trained for 40 steps at its own tuned learning rate; the same batches for all.',
    notes: [],
    tables: [],
    figures: [],
    trials: { planned: 30, finished: 30, failed: 0, seconds: 754 },
    ...parts,
  };
}

function coverage(): ExperimentResult {
  const tables = ['random-start', 'pretrained'].map((name, s): ExperimentTable => {
    const cell = (rank: number) => {
      const mean = rank * (s === 0 ? 0.0039 : 0.0058);
      return { mean, low: mean * 0.97, high: mean * 1.03 };
    };
    return {
      title: 'Coverage by K',
      caption: 'Mean over seeds, and its interval.',
      setting: name,
      columns: ['K', 'step 1', 'step 40', 'per dimension'],
      rows: [...RANKS, 128].map((rank) => [rank, cell(rank), cell(rank * 1.1), 0.0039 + 0.0019 * s]),
      source: {
        columns: ['K', 'step 1', 'step 40'],
        rows: RANKS.map((rank, i) => [rank, SOURCE_COVERAGE[i]!, i === 5 ? 0.157 : null]),
      },
    };
  });
  const notes = [{ setting: 'random-start', text: 'Coverage follows the exact null √(K²/(mn)) to 0.3 %.' }];
  return experiment('paper87-a', 'Coverage over training steps', {
    tables,
    figures: [exampleFigure()],
    notes,
  });
}

/** Two measured lines, between null and ceiling, on logarithmic axes. */
export function exampleFigure(): ExperimentFigure {
  const line = (slope: number, spread: number) =>
    RANKS.map((x) => ({ x, y: slope * x, low: slope * x * (1 - spread), high: slope * x * (1 + spread) }));
  return {
    title: 'Coverage against K',
    caption: 'All layers together.',
    setting: 'random-start',
    xLabel: 'rank K',
    yLabel: 'coverage ‖PG‖ / ‖G‖',
    xScale: 'log',
    yScale: 'log',
    series: [
      { name: 'svd', kind: 'line', points: line(0.0045, 0.08) },
      { name: 'random', kind: 'line', points: line(0.0038, 0.05) },
      { name: 'exact null, 95 % band', kind: 'null', points: line(0.0039, 0.1) },
      { name: 'ceiling', kind: 'ceiling', points: RANKS.map((x) => ({ x, y: Math.min(1, 0.3 + x / 100) })) },
    ],
  };
}

function loss(): ExperimentResult {
  const curves = Array.from({ length: 9 }, (_, k) => ({
    name: `K = ${2 ** k}`,
    kind: 'line' as const,
    points: Array.from({ length: 41 }, (_, x) => {
      const y = 7.8 - 0.2 * k * (1 - Math.exp(-x / 15));
      return { x, y, low: y - 0.04, high: y + 0.04 };
    }),
  }));
  const figure: ExperimentFigure = {
    ...exampleFigure(),
    title: 'Loss over steps',
    setting: 'pretrained',
    xLabel: 'step',
    yLabel: 'held-out loss, nats per token',
    xScale: 'linear',
    yScale: 'linear',
    series: [...curves, { name: 'no training', kind: 'null', points: [{ x: 0, y: 7.8 }] }],
  };
  const table: ExperimentTable = {
    title: 'Final loss',
    caption: 'After 40 steps, by arm.',
    setting: 'pretrained',
    columns: ['arm', 'learning rate', 'loss'],
    rows: RANKS.map((rank, i) => [
      `core, K = ${rank}`,
      3e-4 * 3 ** (i % 3),
      { mean: SOURCE_LOSS[i]! - 3, low: SOURCE_LOSS[i]! - 3.02, high: SOURCE_LOSS[i]! - 2.98 },
    ]),
    // Its rows have other names, so that it stands beside ours.
    source: { columns: ['K', 'loss'], rows: RANKS.map((rank, i) => [rank, SOURCE_LOSS[i]!]) },
  };
  const trials = { planned: 30, finished: 27, failed: 3, seconds: 4010 };
  return experiment('paper87-b', 'Loss against coverage', { figures: [figure], tables: [table], trials });
}

function predictor(): ExperimentResult {
  const points = (shift: number) =>
    Array.from({ length: 12 }, (_, i) => {
      const y = 5 - 0.1 * i + shift * ((i % 3) - 1);
      return { x: 1 + i * 7, y, low: y - 0.05, high: y + 0.08 };
    });
  return experiment('predictor', 'Which <measure> ranks losses?', {
    tables: [
      {
        title: 'Spearman ρ with the tuned loss',
        caption: '',
        setting: null,
        columns: ['measure', 'arms', 'ρ at 40 steps', 'remark'],
        rows: [
          ['coverage', 24, { mean: -0.604, low: -0.78, high: -0.33 }, null],
          ['natural coverage ν', 24, { mean: -0.812, low: -0.91, high: -0.66 }, 'right within a K'],
        ],
        source: null,
      },
    ],
    figures: [
      {
        ...exampleFigure(),
        title: 'Loss against ν',
        setting: null,
        xLabel: 'ν, held out',
        yLabel: 'loss',
        xScale: 'linear',
        yScale: 'linear',
        series: ['svd', 'natural'].map((name, i) => ({
          name,
          kind: 'points',
          points: points(0.1 + 0.1 * i),
        })),
      },
      { ...exampleFigure(), title: 'Nothing yet', setting: null, series: [] },
    ],
  });
}
