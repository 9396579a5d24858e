import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCompact,
  formatNumber,
  formatSeconds,
  formatShare,
  formatShareBand,
  formatShareWithSpread,
} from './format.ts';

describe('formats', () => {
  it('keep three or four decimals of a share', () => {
    expect([1, 0.99996, 0.1, 0.09996, 0.0512, -0.2].map(formatShare)).toEqual([
      '1.000',
      '1.000',
      '0.100',
      '0.100',
      '0.0512',
      '-0.200',
    ]);
    expect(formatShareWithSpread({ mean: 0.161, low: 0.156, high: 0.166 })).toBe('0.161 ±0.005');
    expect(formatShareBand(0.09, 0.11)).toBe('0.090–0.110');
  });

  it('keep about three digits of a number', () => {
    expect(
      [0, 0.0002, 0.0123, 0.5, 4.567, 9.999, 78.94, 99.96, 10_488, 45_088_768].map(formatNumber),
    ).toEqual(['0', '2.0e-4', '0.0123', '0.500', '4.57', '10.0', '78.9', '100', '10,488', '45.1M']);
  });

  it('keep counts, bytes and times short', () => {
    expect([860_160, 999_999, 2_442_240, 1.1e9].map(formatCompact)).toEqual([
      '860,160',
      '999,999',
      '2.44M',
      '1.10B',
    ]);
    expect([612_000_000, 2 ** 31].map(formatBytes)).toEqual(['584 MiB', '2.00 GiB']);
    expect([31.42, 245, 7800].map(formatSeconds)).toEqual(['31.4 s', '4 min 05 s', '2 h 10 min']);
  });
});
