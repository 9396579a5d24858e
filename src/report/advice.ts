/** An advice in words, in Markdown, and as a page. */
import type { AdviceRecord, Estimate, RunRecord } from '../record/index.ts';
import { formatCompact, formatCount, formatNumber, formatSeconds } from './format.ts';
import { element } from './html/markup.ts';
import { detailList, pageHeader, renderPage, section } from './html/page.ts';
import { commandLine } from './html/run-details.ts';
import { escapeMarkdown, markdownTable } from './markdown-table.ts';
import { printable } from './printable.ts';
import { type TerminalOptions, widthOf, wrap } from './terminal-table.ts';

/** What to do, in a sentence or two. */
function answer({ plan, rate, settings: { steps, schedule, batchSize, seqLen } }: AdviceRecord): string {
  const kept = plan.layers.filter(({ rank }) => rank > 0).length;
  const where =
    kept === plan.layers.length ? `all ${kept} layers` : `${kept} of ${plan.layers.length} layers`;
  const kind =
    plan.family === 'core'
      ? `cores of rank ${plan.rank} in ${plan.basis} frames`
      : `LoRA of rank ${plan.rank} whose A starts ${plan.basis === 'random' ? 'at random' : `in ${plan.basis} frames`}`;
  const what = `Train ${kind} on ${where}: ${formatCount(plan.parameters)} parameters.`;
  const how = `${steps} steps of ${batchSize} × ${seqLen} tokens, ${schedule} schedule, no warm-up`;
  return rate === null
    ? `${what} The learning rate has to be tried: ${how}.`
    : `${what} Learning rate ${rate.learningRate} (AdamW; ${how}).`;
}

const interval = ({ mean, low, high }: Estimate): string => `${nats(mean)} [${nats(low)}, ${nats(high)}]`;

const nats = (value: number): string => value.toFixed(4);

/** How sure it is, and what else there is to know: a sentence each. */
function reasons(record: AdviceRecord): string[] {
  const { plan, verdict, runnersUp, next, allocation, stability, cost, natural, notes } = record;
  const [second] = runnersUp;
  const isCore = plan.family === 'core';
  const law = isCore ? 'the law of parameters and held-out ν,' : 'held-out ν, as the law of cores weighs it,';
  const gap = second === undefined ? '' : `${second.basis} frames are ${interval(second.behind)} nats behind`;
  const standing = {
    clear: `By ${law} no other frames are as good: ${gap}.`,
    tied: `Tied: by ${law} ${gap}, which may be nothing.`,
    random:
      'No frames are shown to beat random ones here: what they are made from may be noise, or the budget is so large that frames do not matter.',
  }[verdict];
  const worth = isCore
    ? [
        next === null ? 'Cores on these layers do not have more parameters than that.' : nextText(next),
        rankText(allocation),
      ]
    : ['What its start and twice the budget are worth in training, the law of cores does not say of LoRA.'];
  return [
    standing,
    `Its held-out ν is ${formatNumber(natural.mean)} [${formatNumber(natural.low)}, ${formatNumber(natural.high)}]. ` +
      `Without one pair of batches the same frames win ${stability.same} times of ${stability.replicates}.`,
    ...worth,
    `The adapter has ${formatSize(plan.trainedBytes)} of trained numbers, and ${formatSize(plan.loraBytes)} as LoRA of rank ${plan.rank}, with its frames in it.`,
    ...(isCore
      ? [
          'Plain LoRA of as many parameters is not ranked by the law, which knows cores only: train both to know.',
        ]
      : []),
    `This took ${formatNumber(cost.steps)} passes, as many as training steps of the same tokens, and ${formatSeconds(cost.seconds)} in all.`,
    ...notes,
  ];
}

const nextText = ({ rank, parameters, gain }: NonNullable<AdviceRecord['next']>): string =>
  `Twice the budget (rank ${rank}, ${formatCount(parameters)} parameters) would lower the loss by ${interval(gain)} nats more, by the same law.`;

const rankText = (allocation: AdviceRecord['allocation']): string =>
  allocation === null
    ? 'One rank for all layers is advised.'
    : `One rank for all layers is advised. Ranks by held-out ν (${allocation.lowest} to ${allocation.highest}) would promise ` +
      `${nats(allocation.gain)} nats by the law; that allocated ranks beat one rank in training is not shown, so they are not taken.`;

const formatSize = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toPrecision(3)} kB` : `${(bytes / 1e6).toPrecision(3)} MB`;

const HEAD = ['plan', 'rank', 'parameters', 'nats behind, by the law'];

function rows({ plan, runnersUp }: AdviceRecord): string[][] {
  return [
    [`${plan.family} ${plan.basis}`, String(plan.rank), formatCount(plan.parameters), '0'],
    ...runnersUp.map(({ family, basis, rank, parameters, behind }) => [
      `${family} ${basis}`,
      String(rank),
      formatCount(parameters),
      interval(behind),
    ]),
  ];
}

export function renderAdviceText(given: AdviceRecord, { columns }: TerminalOptions = {}): string {
  const record = printable(given);
  const width = widthOf(columns);
  const table = [HEAD, ...rows(record)];
  const widths = HEAD.map((_, column) => Math.max(...table.map((cells) => cells[column]!.length)));
  const lines = table.map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
  const prose = reasons(record).flatMap((text) => wrap(text, width));
  return [...wrap(answer(record), width), '', ...lines, '', ...prose, ''].join('\n');
}

export function adviceMarkdown(given: AdviceRecord): string {
  const record = printable(given);
  const { model, data, budget } = record;
  return [
    `# ${escapeMarkdown(model.name)} on ${escapeMarkdown(data.path.split(/[\\/]/).at(-1)!)}: what to train`,
    escapeMarkdown(answer(record)),
    `Budget: ${escapeMarkdown(budget.asked)}, ${formatCount(budget.parameters)} parameters.`,
    markdownTable(HEAD, rows(record), [0]),
    reasons(record)
      .map((text) => `- ${escapeMarkdown(text)}`)
      .join('\n'),
    '',
  ].join('\n\n');
}

export function renderAdviceHtml(record: AdviceRecord, run: RunRecord | null): string {
  const { model, data, budget, plan, rate, settings } = record;
  const title = `${model.name} on ${data.path.split(/[\\/]/).at(-1)}: what to train`;
  const cells = (name: 'td' | 'th', texts: readonly string[]) =>
    element('tr', {}, ...texts.map((text) => element(name, {}, text)));
  const table = element(
    'table',
    {},
    element('thead', {}, cells('th', HEAD)),
    element('tbody', {}, ...rows(record).map((row) => cells('td', row))),
  );
  const details: [string, string][] = [
    ['Model', `${model.path}, sha256 ${model.sha256}`],
    ['Data', `${data.path}, sha256 ${data.sha256}`],
    [
      'Looked at',
      `${settings.calibrationBatches} batches for the frames, ${settings.batches} for what they are worth, each of ${settings.probeBatchSize} × ${settings.seqLen} tokens; seed ${settings.seed}`,
    ],
    ...(rate === null
      ? []
      : ([
          ['Best first step', `${rate.step}; other batches agree on ${formatNumber(rate.agreement)} of it`],
        ] as [string, string][])),
    ...(run === null ? [] : ([['Command', commandLine(run)]] as [string, string][])),
  ];
  return renderPage({
    title,
    body: [
      pageHeader({
        kicker: 'RankScope advise: what to train under a budget',
        title,
        answer: answer(record),
        warnings: record.verdict === 'clear' ? [] : [reasons(record)[0]!],
        facts: [
          ['Budget', budget.asked],
          ['Parameters', formatCompact(plan.parameters)],
          ['Rank', String(plan.rank)],
          ['Frames', plan.basis],
          ['Learning rate', rate === null ? 'not known' : String(rate.learningRate)],
        ],
      }),
      section(
        'How far behind others are',
        'By the law of parameters and held-out ν, with 95 % intervals over pairs of batches.',
        table,
      ),
      section(
        'How sure, and what else',
        null,
        element('ul', {}, ...reasons(record).map((text) => element('li', {}, text))),
      ),
      section('What was run', null, detailList(details)),
    ],
  });
}
