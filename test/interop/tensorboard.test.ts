/** TensorBoard reads our event files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeFileStart, encodeScalars, eventFileName } from '../../src/report/index.ts';
import { findPython } from './tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'interop-events-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const python = await findPython();
const because = python.missing === undefined ? '' : ` (skipped: ${python.missing})`;

describe.skipIf(python.missing !== undefined)(`TensorBoard${because}`, () => {
  it('reads every scalar with its step', async () => {
    const time = 1_700_000_000;
    const events = [
      { step: 0, time, scalars: { 'loss/train': 2.5, 'loss/eval': undefined } },
      { step: 1, time: time + 1, scalars: { 'loss/train': 1.25, 'loss/eval': -3 } },
      { step: 70_000, time: time + 2, scalars: { 'loss/train': 0 } },
    ];
    const bytes = Buffer.concat([encodeFileStart(time), ...events.map(encodeScalars)]);
    writeFileSync(join(folder, eventFileName(time, 'a host')), bytes);
    const [answer] = await python.tool!([{ kind: 'tensorboard', folder }]);
    expect(answer).toEqual({
      'loss/train': [
        [0, 2.5],
        [1, 1.25],
        [70_000, 0],
      ],
      'loss/eval': [[1, -3]],
    });
  });
});
