/**
 * Runs cases one after the other in a process that its parent watches. Which case is in hand stands in a file, so that
 * the parent knows it even when this process hangs or dies.
 */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FAULTY } from '../targets/faulty.ts';
import { TARGETS } from '../targets/index.ts';
import { type Batch, DONE, type Report } from './report.ts';
import { caseOf, type Outcome, runCase } from './run-case.ts';

/** Milliseconds between reports. */
const REPORT_EVERY = 500;

/** Cases that are run beforehand, so that what is loaded and compiled once counts for none. */
const WARM_UP = 20;

async function runPlan(plan: readonly Batch[], folder: string, progressFile: number): Promise<void> {
  const mark = new BigInt64Array(2);
  for (const [index, { target: name, seed: first, count }] of plan.entries()) {
    const target = [...TARGETS, ...FAULTY].find((one) => one.name === name)!;
    await target.prepare?.();
    // Readers leave folders of their own, such as caches: none is another target's business.
    const place = join(folder, name);
    const run = (seed: number) => {
      mark[0] = BigInt(index);
      mark[1] = BigInt(seed);
      writeSync(progressFile, mark, 0, 16, 0);
      return runCase(target, caseOf(target, seed), place);
    };
    for (let seed = first; seed < first + Math.min(count, WARM_UP); seed++) await run(seed);
    const tally = new Tally();
    for (let seed = first; seed < first + count; seed++) {
      tally.note(seed, await run(seed));
      if (tally.age > REPORT_EVERY)
        await tell({ target: name, batch: index, next: seed + 1, ...tally.take() });
    }
    await tell({ target: name, batch: index, next: first + count, ...tally.take() });
  }
  await tell(DONE);
}

type Counts = Omit<Report, 'target' | 'batch' | 'next' | 'processorSeconds'>;

/** Counts what came of cases since it was last asked. */
class Tally {
  private counts = Tally.nothing();
  private since = performance.now();
  private usedBefore = process.cpuUsage();

  /** Milliseconds since it was last asked. */
  get age(): number {
    return performance.now() - this.since;
  }

  note(seed: number, { result, failure, milliseconds, excess }: Outcome): void {
    const { inputs, results, failures, worst, excess: largest } = this.counts;
    this.counts = {
      inputs: inputs + 1,
      results: Object.assign(results, { [result]: (results[result] ?? 0) + 1 }),
      failures: failure === undefined ? failures : [...failures, { seed, failure: failure.slice(0, 2000) }],
      worst: milliseconds > worst.milliseconds ? { milliseconds, seed } : worst,
      excess: excess > largest.bytes ? { bytes: excess, seed } : largest,
    };
  }

  take(): Counts & Pick<Report, 'processorSeconds'> {
    const { user, system } = process.cpuUsage(this.usedBefore);
    const taken = { ...this.counts, processorSeconds: (user + system) / 1e6 };
    this.counts = Tally.nothing();
    this.since = performance.now();
    this.usedBefore = process.cpuUsage();
    return taken;
  }

  private static nothing(): Counts {
    const none = { seed: 0, milliseconds: 0, bytes: 0 };
    return { inputs: 0, results: {}, failures: [], worst: none, excess: none };
  }
}

function tell(message: Report | typeof DONE): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()));
}

const [plan, folder, progressFile] = process.argv.slice(2) as [string, string, string];
await runPlan(JSON.parse(plan), folder, openSync(progressFile, 'w'));
process.disconnect();
