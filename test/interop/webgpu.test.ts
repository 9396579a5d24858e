/** Passes on a GPU by way of WebGPU, tried on the software driver that Chromium carries. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { relativeError } from '../support/reference.ts';

const CHROMIUM = '/usr/lib/chromium';
const DRIVER = join(CHROMIUM, 'vk_swiftshader_icd.json');
const hasDriver = existsSync(DRIVER) && existsSync(join(CHROMIUM, 'libvulkan.so.1'));
const folder = mkdtempSync(join(tmpdir(), 'rankscope-webgpu-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Pass {
  readonly loss: number;
  readonly gradients: readonly (readonly number[])[];
}

function run(device: 'cpu' | 'webgpu', name: 'gpt2' | 'llama', env: Readonly<Record<string, string>> = {}) {
  const program = new URL('./webgpu-pass.ts', import.meta.url).pathname;
  const text = execFileSync(process.execPath, ['--import', 'tsx', program, device, name, folder], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(text) as Pass & { code?: string; message?: string };
}

describe('WebGPU', () => {
  it.skipIf(!hasDriver)(
    `gives the numbers of the CPU${hasDriver ? '' : `: there is no driver in ${CHROMIUM}`}`,
    { timeout: 240_000 },
    () => {
      for (const name of ['gpt2', 'llama'] as const) {
        const cpu = run('cpu', name);
        const gpu = run('webgpu', name, { VK_ICD_FILENAMES: DRIVER, LD_LIBRARY_PATH: CHROMIUM });
        expect(gpu.message).toBeUndefined();
        expect(Math.abs(gpu.loss - cpu.loss)).toBeLessThan(1e-4);
        cpu.gradients.forEach((gradient, layer) => {
          const error = relativeError(Float32Array.from(gpu.gradients[layer]!), Float32Array.from(gradient));
          expect(error).toBeLessThan(1e-4);
        });
      }
    },
  );

  it.skipIf(process.platform !== 'linux')('says so where there is no device', { timeout: 60_000 }, () => {
    const { code, message } = run('webgpu', 'llama', { VK_ICD_FILENAMES: '/none', LD_LIBRARY_PATH: '' });
    expect(code).toBe('device-not-found');
    expect(message).toMatch(/leave out device/);
  });
});
