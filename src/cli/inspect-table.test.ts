import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { inspect } from '../inspection/index.ts';
import { renderCosts, renderInspection } from './inspect-table.ts';

const BUNDLED = fileURLToPath(new URL('../../assets/model', import.meta.url));
const COST = { of: 'sixteen batches of many tokens each', bytes: 1.5e9, operations: 1e12, seconds: 600 };
const COSTS = { operationsPerSecond: 2.5e10, boundBytes: 1e9, probe: COST, trainingStep: COST };

it.each([60, 80, 100, 140])('fits %i columns, and looks like this', async (columns) => {
  const { inspection } = await inspect(BUNDLED);
  const text = renderInspection(inspection, { columns }) + renderCosts(COSTS, { columns });
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
  expect(text).toMatchSnapshot();
});

it('paints for a terminal, and writes out what a name would do to it', async () => {
  const { inspection } = await inspect(BUNDLED);
  const text = renderInspection({ ...inspection, name: 'a\u001b[2Jb' } as typeof inspection, { color: true });
  expect(text).toContain('\u001b[1mStored as\u001b[0m');
  expect(text).toContain('a\\u{1b}[2Jb');
  expect(text).not.toContain('\u001b[2J');
});

it('says where memory does not suffice', () => {
  expect(renderCosts(COSTS, {}).replaceAll('\n', ' ')).toContain(
    'A run may take 1.00 GB: what does not fit is computed in parts',
  );
  expect(renderCosts({ ...COSTS, boundBytes: 2e9 }, {}).replaceAll('\n', ' ')).toContain(
    'A run may take 2.00 GB.',
  );
});
