/** Numbers as people read them; every report uses the same forms. */
import type { Estimate } from '../record/index.ts';

/** A share between 0 and 1: three decimals, or four below 0.1, where random frames live; `<0.0001` below that. */
export function formatShare(value: number): string {
  return fixedOrBound(value, shareDecimals(value));
}

/** A share with the half-width of its interval: `0.161 ±0.005`; alone where it has none. */
export function formatShareWithSpread({ mean, low, high }: Estimate): string {
  if (low === high) return formatShare(mean);
  return `${formatShare(mean)} ±${fixedOrBound((high - low) / 2, shareDecimals(mean))}`;
}

/** A share with its spread, or `<0.023` where its interval reaches 0. */
export function formatShareOrBound(estimate: Estimate): string {
  const { low, high } = estimate;
  return low <= 0 && high > 0 ? `<${formatShare(high).replace('<', '')}` : formatShareWithSpread(estimate);
}

/** A number that rounds to nothing is not nothing: `<0.0001`, `>-0.0001`. */
function fixedOrBound(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  if (value === 0) return '0';
  if (Number(text) !== 0) return text;
  return value > 0 ? `<${(10 ** -decimals).toFixed(decimals)}` : `>-${(10 ** -decimals).toFixed(decimals)}`;
}

/** A band of shares: `0.072–0.092`. */
export function formatShareBand(low: number, high: number): string {
  const decimals = shareDecimals(high);
  return `${low.toFixed(decimals)}–${high.toFixed(decimals)}`;
}

function shareDecimals(value: number): number {
  return Math.abs(value) >= 0.09995 ? 3 : 4;
}

/** A share as per cent, without the sign: `74.2`, `3.21`, `0.041`. */
export function formatPercent(share: number): string {
  return formatNumber(100 * share);
}

/** About three significant digits, thousands separated: `2.1e-4`, `0.0123`, `4.56`, `78.9`, `1,690`, `45.1M`. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return formatCompact(value);
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.9995) return value.toFixed(2);
  if (size >= 0.09995) return value.toFixed(3);
  if (size >= 0.00095) return value.toFixed(4);
  return value === 0 ? '0' : value.toExponential(1);
}

/** A number with the half-width of its interval, `8.06 ±33.7`; alone where it has none. */
export function formatNumberWithSpread({ mean, low, high }: Estimate): string {
  return low === high ? formatNumber(mean) : `${formatNumber(mean)} ±${formatNumber((high - low) / 2)}`;
}

/** A whole number with thousands separated: `65,536`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A count in at most seven characters: `860,160`, `2.44M`, `1.12B`. */
export function formatCompact(value: number): string {
  if (value < 999_999.5) return formatCount(value);
  return value < 999.5e6 ? `${(value / 1e6).toPrecision(3)}M` : `${(value / 1e9).toPrecision(3)}B`;
}

/** Bytes in binary units: `584 MiB`. */
export function formatBytes(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1024 ? `${mebibytes.toFixed(0)} MiB` : `${(mebibytes / 1024).toFixed(2)} GiB`;
}

/** A time: `31.4 s`, `4 min 05 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
