/**
 * Holds the law of the learning rate, and simpler rules, against every tuned arm on record, and writes what comes of it
 * to results/learning-rate/README.md, so that nobody types a number.
 *
 *     npx tsx scripts/judge-lr-law.ts
 */
import { existsSync } from 'node:fs';
import { writeTextAtomically } from '../src/files/index.ts';
import { mean, quantile } from '../src/numeric/index.ts';
import { markdownTable } from '../src/report/markdown-table.ts';
import { LAW } from '../src/training/learning-rate/constants.ts';
import { advisedRate } from '../src/training/learning-rate/index.ts';
import {
  bundledArms,
  type FittedArm,
  fitStep,
  LONG,
  readCondition,
  readFittedArms,
  SHORT,
} from './support/fit-law.ts';
import { lossAt, readTunedArms } from './support/tuned-arms.ts';

/** log₂ of a rate for an arm. */
type Rule = (arm: FittedArm) => number;

const bundled = bundledArms();
const atSteps =
  (steps: number, law = LAW): Rule =>
  ({ first }) =>
    Math.log2(advisedRate(first, { optimizer: 'adamw', schedule: 'constant', steps }, law).learningRate);

/** What is left out together: an arm's family, and its basis where it is a core. The constant of LoRA needs its others. */
const groupOf = ({ arm }: FittedArm): string => {
  if (arm.family === 'core') return `core ${arm.basis}`;
  return arm.family === 'factors' ? `factors ${arm.rank}` : arm.family;
};

const leaveGroupOut: Rule = (arm) => {
  const fitted = fitStep(bundled.filter((one) => groupOf(one) !== groupOf(arm)));
  return atSteps(SHORT, { ...LAW, ...fitted })(arm);
};

/** A rule of one constant, which the bundled model's arms set. */
const oneConstant = (shape: Rule): Rule => {
  const offset = mean(bundled.map((arm) => arm.best - shape(arm)));
  return (arm) => offset + shape(arm);
};
const SMALLER_RULES: readonly (readonly [string, Rule])[] = [
  ['one constant rate', oneConstant(() => 0)],
  ['1/√P', oneConstant(({ parameters }) => -0.5 * Math.log2(parameters))],
  ['1/K', oneConstant(({ arm }) => -Math.log2(arm.rank || 256))],
  ['2e-4', () => Math.log2(2e-4)],
];

function row(name: string, rule: Rule, arms: readonly FittedArm[]): string[] {
  const ratios = arms.map((arm) => 2 ** Math.abs(rule(arm) - arm.best));
  const least = (arm: FittedArm) =>
    Math.min(...arm.losses.map(({ loss }) => loss ?? Number.POSITIVE_INFINITY));
  const lost = arms.map((arm) => lossAt(arm, rule(arm)) - least(arm));
  const two = (values: readonly number[], digits: number) =>
    [quantile(values, 0.5), Math.max(...values)].map((value) => value.toFixed(digits));
  return [name, ...two(ratios, 2), ...two(lost, 4)];
}

const table = (rules: readonly (readonly [string, Rule])[], arms: readonly FittedArm[]): string =>
  markdownTable(
    ['rule', 'ratio, median', 'worst', 'nats lost, median', 'worst'],
    rules.map(([name, rule]) => row(name, rule, arms)),
    [0],
  );

const detail = (rule: Rule, arms: readonly FittedArm[]): string =>
  markdownTable(
    ['arm', 'parameters', 'η', 'best rate', 'law', 'law / best', 'nats lost'],
    arms.map((arm) => {
      const { family, basis, rank, layers } = arm.arm;
      const lost = row('', rule, [arm])[3]!;
      return [
        [family, basis ?? '', rank || '', layers === '*' ? '' : layers.replaceAll('*', '')].join(' ').trim(),
        String(arm.parameters),
        arm.first.step!.toPrecision(3),
        (2 ** arm.best).toPrecision(3),
        (2 ** rule(arm)).toPrecision(3),
        (2 ** (rule(arm) - arm.best)).toFixed(2),
        lost,
      ];
    }),
    [0],
  );

function longArms(): FittedArm[] {
  const long = readTunedArms('results/reproduction/bundled/trials.jsonl', LONG);
  return long.flatMap((one) => {
    const short = bundled.find(
      ({ arm }) => one.setting === 'pretrained' && JSON.stringify(arm) === JSON.stringify(one.arm),
    );
    return short === undefined ? [] : [{ ...one, first: short.first }];
  });
}

const ofCondition = (name: string): FittedArm[] =>
  readCondition('results/learning-rate/conditions.jsonl', name).flatMap(({ first, ...rest }) =>
    first === undefined ? [] : [{ ...rest, first }],
  );

const sections = [
  '# The law of the learning rate against tuned arms',
  `Written by \`npx tsx scripts/judge-lr-law.ts\` from the records beside it. The law is that of
\`src/training/learning-rate/law.ts\`, with the constants ${Object.entries(LAW)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}.
Ratios are of the rate to the tuned optimum (the vertex of a parabola through the best rate that was tried and its
neighbours), whichever is larger on top. Nats lost are against the best rate that was tried, read between tried rates. One
seed, held-out loss, AdamW.`,
  `## Bundled model, ${SHORT} steps: ${bundled.length} arms\n\nEvery arm is foretold by a fit without its family, and for cores
without its basis; an arm of plain LoRA by one without itself, as the others give LoRA’s constant. The simpler rules have one constant, fitted to all of these arms (2e-4 has none).`,
  table([['the law, without the arm’s family', leaveGroupOut], ...SMALLER_RULES], bundled),
  detail(leaveGroupOut, bundled),
  `## Bundled model, ${LONG} steps: ${longArms().length} arms\n\nThe exponent of the number of steps is fitted to these.`,
  table([['the law', atSteps(LONG)], ...SMALLER_RULES], longArms()),
  ...['batches of 1', 'batches of 8']
    .filter((name) => ofCondition(name).length > 0)
    .flatMap((name) => [
      `## Bundled model, ${name}, ${SHORT} steps: ${ofCondition(name).length} arms\n\nNothing is fitted to these. The law measures first steps on batches of the run’s own size; an arm of the five whose best rate lies at the edge of those tried is left out.`,
      table([['the law', atSteps(SHORT)], ...SMALLER_RULES], ofCondition(name)),
      detail(atSteps(SHORT), ofCondition(name)),
    ]),
];

const SMOLLM2 = 'results/learning-rate/smollm2.jsonl';
if (existsSync(SMOLLM2)) {
  const arms = readFittedArms('results/reproduction/smollm2/trials.jsonl', SMOLLM2, 'real');
  sections.push(
    `## SmolLM2-135M, ${SHORT} steps: ${arms.length} arms\n\nNothing is fitted to these. The constants were committed before the
first steps of any of these arms were measured; that their best rates were known is not to be denied.`,
    table([['the law', atSteps(SHORT)], ...SMALLER_RULES], arms),
    detail(atSteps(SHORT), arms),
  );
}
writeTextAtomically('results/learning-rate/README.md', `${sections.join('\n\n')}\n`);
