/** Runs cases in a child process that is killed when it hangs, and goes on behind the case that hung it. */
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Batch, DONE, type Report } from './report.ts';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

/**
 * How long, in milliseconds, a case may keep the child busy before it is killed. Longer than the limit that a case is
 * judged by, which is of processor time: a slow machine is not a hang.
 */
const PATIENCE = 10_000;

/** A child that needs more heap than this for small files dies, and that counts as a failure. */
const HEAP_MEGABYTES = 1024;

export interface Failure {
  readonly seed: number;
  readonly failure: string;
}

/** What came of all cases of a target. */
export interface Summary {
  readonly target: string;
  inputs: number;
  /** How often, by `accepted` or the code of the error. */
  readonly results: Record<string, number>;
  readonly failures: Failure[];
  seconds: number;
  /** Of the children. */
  processorSeconds: number;
  worst: { readonly milliseconds: number; readonly seed: number };
  /** Allocated beyond ten times the files. */
  excess: { readonly bytes: number; readonly seed: number };
}

export interface WatchOptions {
  readonly onProgress?: (summary: Summary) => void;
  /** Milliseconds after which a case has hung. */
  readonly patience?: number;
}

/** Runs the batches one after the other. */
export async function watchCases(
  plan: readonly Batch[],
  { onProgress, patience = PATIENCE }: WatchOptions = {},
): Promise<Summary[]> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'rankscope-fuzz-'));
  const summaries = new Map(plan.map(({ target }) => [target, emptySummary(target)]));
  let told = performance.now();
  const add = (report: Report) => {
    const summary = summaries.get(report.target)!;
    addReport(summary, report);
    summary.seconds += (performance.now() - told) / 1000;
    told = performance.now();
    onProgress?.(summary);
  };
  try {
    for (let rest = plan; rest.length > 0; ) {
      const stopped = await runChild(rest, folder, patience, add);
      if (stopped === null) break;
      const { batch, from, seed, failure } = stopped;
      const { target, seed: first, count } = rest[batch]!;
      const summary = summaries.get(target)!;
      summary.failures.push({ seed, failure });
      summary.inputs++;
      // What the child had not yet told of is lost with it, and runs again.
      const pieces = [
        { target, seed: from, count: seed - from },
        { target, seed: seed + 1, count: first + count - seed - 1 },
      ];
      rest = [...pieces.filter((piece) => piece.count > 0), ...rest.slice(batch + 1)];
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return [...summaries.values()];
}

/** A case that hung a child or killed it, and the first one of its batch that the child had not told of. */
interface Stopped extends Failure {
  readonly batch: number;
  readonly from: number;
}

/** @returns null when all cases have run. */
function runChild(
  plan: readonly Batch[],
  folder: string,
  patience: number,
  onReport: (report: Report) => void,
): Promise<Stopped | null> {
  const progressFile = join(folder, 'in-hand');
  rmSync(progressFile, { force: true });
  const child = fork(CHILD, [JSON.stringify(plan), join(folder, 'case'), progressFile], {
    execArgv: ['--import', import.meta.resolve('tsx'), `--max-old-space-size=${HEAP_MEGABYTES}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said = (said + text).slice(-2000);
  });
  let done = false;
  const reached = new Map(plan.map(({ seed }, batch) => [batch, seed]));
  child.on('message', (message: Report | typeof DONE) => {
    if (message === DONE) {
      done = true;
      return;
    }
    reached.set(message.batch, message.next);
    onReport(message);
  });
  let hung = false;
  let [last, since] = ['', performance.now()];
  const watchdog = setInterval(() => {
    const inHand = caseInHand(progressFile);
    // Loading takes its time, and is no case.
    const now = inHand === null ? `loading for ${performance.now()}` : String(inHand);
    if (now !== last) [last, since] = [now, performance.now()];
    else if (performance.now() - since > patience && !done) {
      hung = true;
      child.kill('SIGKILL');
    }
  }, 500);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(watchdog);
      if (done) return resolve(null);
      const inHand = caseInHand(progressFile);
      if (inHand === null) return reject(new Error(`the child ended before its first case:\n${said}`));
      const [batch, seed] = inHand;
      const failure = hung
        ? `it hung: no end after ${patience / 1000} s`
        : `the process ended (${signal ?? code}): ${said}`;
      resolve({ batch, seed, failure, from: Math.min(seed, reached.get(batch)!) });
    });
  });
}

/** Batch and seed, null before the first. */
function caseInHand(path: string): [batch: number, seed: number] | null {
  if (!existsSync(path)) return null;
  const bytes = readFileSync(path);
  return bytes.length === 16 ? [Number(bytes.readBigInt64LE(0)), Number(bytes.readBigInt64LE(8))] : null;
}

function emptySummary(target: string): Summary {
  const none = { seed: 0, milliseconds: 0, bytes: 0 };
  return {
    target,
    inputs: 0,
    results: {},
    failures: [],
    seconds: 0,
    processorSeconds: 0,
    worst: none,
    excess: none,
  };
}

function addReport(summary: Summary, report: Report): void {
  summary.inputs += report.inputs;
  for (const [result, count] of Object.entries(report.results))
    summary.results[result] = (summary.results[result] ?? 0) + count;
  summary.failures.push(...report.failures);
  summary.processorSeconds += report.processorSeconds;
  if (report.worst.milliseconds > summary.worst.milliseconds) summary.worst = report.worst;
  if (report.excess.bytes > summary.excess.bytes) summary.excess = report.excess;
}
