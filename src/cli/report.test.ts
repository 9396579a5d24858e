import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { writeReproductionRecord } from '../record/index.ts';
import { exampleReproductionRecord } from '../report/testing-reproduction.ts';
import { reportCommand } from './report.ts';

function shown(...args: string[]): string {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    reportCommand().parse(args, { from: 'user' });
    return write.mock.calls.map(([text]) => text).join('');
  } finally {
    write.mockRestore();
  }
}

describe('rankscope report of a reproduction', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rankscope-report-'));
    writeReproductionRecord(folder, exampleReproductionRecord());
  });

  it('knows the directory and the record, in every format', () => {
    expect(shown(folder)).toContain('random-start: 1 confirmed, 1 refuted, 0 inconclusive');
    expect(shown(join(folder, 'reproduction.json'), '--format', 'markdown')).toContain('\n## Claims\n');
    expect(shown(folder, '--format', 'html')).toMatch(/^<!doctype html>[\s\S]*<h2>Claims<\/h2>/);
  });

  it('writes all its pages into a folder', () => {
    const out = join(folder, 'a', 'b');
    expect(shown(folder, '--out', out)).toContain(join(out, 'report.html'));
    expect(readdirSync(out).sort()).toEqual(['experiments', 'report.html', 'report.md']);
    expect(readdirSync(join(out, 'experiments'))).toContain('paper87-a.html');
  });

  it('has no pages of other runs', () => {
    expect(() => shown('results/bundled.json', '--out', folder)).toThrow(/--out is for reproductions/);
  });
});
