import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { renderProbeHtml } from '../../src/report/index.ts';
import { exampleProbeRecord, exampleRunRecord } from '../../src/report/testing.ts';
import { findChromium } from './chromium.ts';

const executable = findChromium();
if (executable === null) {
  const where = process.env.CHROMIUM_PATH ?? 'the usual places';
  console.warn(
    `Browser tests skipped: no Chromium at ${where}. Install one (Debian: apt-get install chromium) or set CHROMIUM_PATH.`,
  );
}

describe.skipIf(executable === null)('report.html in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rankscope-browser-'));
  const url = pathToFileURL(join(folder, 'report.html')).href;
  const record = exampleProbeRecord();
  let browser: Browser;
  let page: Page;
  /** Everything that the page said or asked for and should not have. */
  let complaints: string[];

  beforeAll(async () => {
    writeFileSync(join(folder, 'report.html'), renderProbeHtml(record, exampleRunRecord()));
    browser = await chromium.launch({
      executablePath: executable!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    complaints = [];
    page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    page.on('console', (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (request.url() !== url) complaints.push(`request: ${request.url()}`);
    });
    await page.goto(url);
    onTestFinished(async () => {
      await page.close();
      expect(complaints).toEqual([]);
    });
  });

  const textOf = (selector: string) => page.locator(selector).allTextContents();
  const column = (index: number) => textOf(`#layers tbody tr > :nth-child(${index})`);

  it('loads without errors and asks for nothing but itself', async () => {
    expect(await page.title()).toBe('sotu-gpt2-4x256 on moby-dick.txt · RankScope');
    expect(await page.locator('section').count()).toBe(6);
    await page.waitForLoadState('networkidle');
    expect(complaints).toEqual([]);
  });

  it('follows the colour scheme of the reader', async () => {
    const background = async (colorScheme: 'light' | 'dark') => {
      await page.emulateMedia({ colorScheme });
      return page.evaluate('getComputedStyle(document.body).backgroundColor');
    };
    expect(await background('light')).toBe('rgb(255, 255, 255)');
    expect(await background('dark')).toBe('rgb(22, 24, 27)');
  });

  it('sorts the layer table by keyboard', async () => {
    const names = record.layers.map((layer) => layer.name);
    expect(await column(1)).toEqual(names);
    // From the choice of a rank: the table’s own scrolling region, then name, in×out, ‖G‖.
    await page.locator('#layers-rank').focus();
    for (let i = 0; i < 4; i += 1) await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('‖G‖');
    const head = page.locator('#layers-head th').nth(2);
    expect(await head.getAttribute('aria-sort')).toBe('none');

    await page.keyboard.press('Enter');
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    const norms = record.layers.map((layer) => ({ name: layer.name, norm: layer.gradientNorm.mean }));
    const byNorm = norms.sort((a, b) => b.norm - a.norm).map(({ name }) => name);
    expect(await column(1)).toEqual(byNorm);
    expect(byNorm).not.toEqual(names);

    await page.keyboard.press('Enter');
    expect(await head.getAttribute('aria-sort')).toBe('ascending');
    expect(await column(1)).toEqual([...byNorm].reverse());
    const sorted = await page.locator('#layers-head th:not([aria-sort=none])').count();
    expect(sorted).toBe(1);

    await page.locator('#layers-head button').first().press('Enter');
    expect(await column(1)).toEqual(names);
  });

  it('fills the table for another rank and family and keeps it sorted', async () => {
    const gradient = await page.locator('#layers-head button').count();
    // The last column is the gain of the last basis.
    await page.locator('#layers-head button').last().click();
    await page.locator('#layers-rank').selectOption('8');
    await page.locator('#layers-family').selectOption('left');
    const gains = record.layers
      .map((layer) => layer.bases.at(-1)!.families.find((f) => f.family === 'left')!)
      .map((family) => family.points.find((point) => point.rank === 8)!.gain.mean)
      .sort((a, b) => b - a);
    const shown = (await column(gradient)).map(Number);
    shown.forEach((value, i) => {
      expect(Math.abs(value / gains[i]! - 1)).toBeLessThan(0.006);
    });
    expect(await textOf('#layers-choice')).toEqual(['left adapters at rank 8']);
  });

  it('repaints the heat map for another basis', async () => {
    const first = page.locator('g.row[data-layer="0"] rect').first();
    const titleOf = () => first.locator('title').textContent();
    const pointOf = (basis: string) =>
      record.layers[0]!.bases.find((b) => b.basis === basis)!.families[0]!.points[0]!.gain.mean;
    expect(await titleOf()).toBe(`${pointOf('svd').toFixed(1)}×`);
    await page.locator('#heat-basis').selectOption('gradient');
    expect(await titleOf()).toBe(`${Math.round(pointOf('gradient')).toLocaleString('en-US')}×`);
    expect(await first.getAttribute('class')).toBe('g-9');
  });

  it('shows the curves of the family that is chosen, one at a time', async () => {
    const visible = () =>
      page
        .locator('[data-panel]:visible')
        .evaluateAll((panels) => panels.map((panel) => panel.getAttribute('data-panel')));
    expect(await visible()).toEqual(['core']);
    await page.locator('#coverage-family').selectOption('factors');
    expect(await visible()).toEqual(['factors']);
  });

  it('fits a screen of 400 pixels', async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
    expect(await page.locator('.narrow:visible').count()).toBeGreaterThan(0);
    expect(await page.locator('.wide:visible').count()).toBe(0);
  });
});
