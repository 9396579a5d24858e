/** Kills a command at moments spread over its whole length, lets it go on each time, and compares with a run left alone. */
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Rng } from '../../../src/numeric/index.ts';
import { type KilledCommand, linesOf } from './commands.ts';
import { type Ended, runProgram } from './process.ts';
import { partsIn, unreadableIn } from './readable.ts';

const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

export interface KillPlan {
  readonly command: KilledCommand;
  /** An existing folder for the runs. */
  readonly base: string;
  /** Words that start the program. */
  readonly program: readonly string[];
  readonly kills: number;
  readonly rng: Rng;
  readonly onKill?: (moment: number, what: string) => void;
}

export interface KillOutcome {
  /** Processes that were still running when they were killed. */
  readonly killed: number;
  /** Of these, those that left something to go on from. */
  readonly resumed: number;
  readonly faults: readonly string[];
}

export async function killCommand(plan: KillPlan): Promise<KillOutcome> {
  const whole = makePlace(plan, 'whole');
  const first = await run(plan, whole);
  if (first.code !== 0)
    throw new Error(`${plan.command.name} ended with code ${first.code}:\n${first.stderr}`);
  const expected = plan.command.results(join(whole, 'out'));
  const duration = first.milliseconds;
  const faults: string[] = [];
  let killed = 0;
  let resumed = 0;
  let place = makePlace(plan, '0');
  // A reproduction is killed again and again until it is through; another command once, then it goes on to its end.
  const isLong = plan.command.name === 'reproduce';
  for (let index = 0; killed < plan.kills && index < 3 * plan.kills; index++) {
    const moment = isLong ? plan.rng.uniform() : (index + plan.rng.uniform()) / plan.kills;
    const before = trialIds(place);
    const ended = await run(plan, place, { killAfter: (moment % 1) * duration });
    if (ended.killed) killed++;
    const note = (fault: string) =>
      faults.push(`${plan.command.name}, killed at ${moment.toFixed(3)}: ${fault}`);
    for (const fault of unreadableIn(place)) note(fault);
    const after = new Set(trialIds(place));
    for (const id of before) if (!after.has(id)) note(`trial ${id} is lost`);
    if (isLong && ended.killed && killed < plan.kills) {
      resumed++;
      plan.onKill?.(moment, 'killed again');
      continue;
    }
    const { wentOn, last } = await goOn(plan, place, ended);
    if (wentOn) resumed++;
    if (last.code !== 0) note(`going on ended with code ${last.code}: ${last.stderr.slice(-500)}`);
    else for (const other of differences(expected, plan.command.results(join(place, 'out')))) note(other);
    for (const path of partsIn(place)) note(`${path} is left`);
    plan.onKill?.(moment, `${ended.killed ? 'killed' : 'had ended'}, ${wentOn ? 'went on' : 'began anew'}`);
    rmSync(place, { recursive: true });
    place = makePlace(plan, String(index + 1));
  }
  rmSync(place, { recursive: true, force: true });
  return { killed, resumed, faults };
}

/** Runs the command to its end in a place where it was killed. */
async function goOn(plan: KillPlan, place: string, ended: Ended): Promise<{ wentOn: boolean; last: Ended }> {
  const out = join(place, 'out');
  const { goesOn, name } = plan.command;
  if (!ended.killed && ended.code === 0) return { wentOn: false, last: ended };
  if (goesOn === 'flag' && existsSync(out)) {
    const last = await run(plan, place, { more: ['--resume'] });
    if (last.code !== 2 || !/nothing to resume|no run to resume|--resume/.test(last.stderr))
      return { wentOn: true, last };
  }
  // A folder that is written whole or not at all is there when the process was killed just before its end.
  if (goesOn === 'same' && name === 'export' && existsSync(out))
    return { wentOn: true, last: { ...ended, code: 0 } };
  if (goesOn === 'same' && name === 'reproduce') return { wentOn: true, last: await run(plan, place) };
  rmSync(out, { recursive: true, force: true });
  return { wentOn: false, last: await run(plan, place) };
}

function run(
  { program, command }: KillPlan,
  cwd: string,
  {
    more = [],
    killAfter = null,
  }: { readonly more?: readonly string[]; readonly killAfter?: number | null } = {},
): Promise<Ended> {
  const env = { XDG_CACHE_HOME: join(cwd, 'cache'), TMPDIR: join(cwd, 'tmp') };
  return runProgram(program, [...command.args, ...more], { cwd, env, killAfter });
}

/** A folder to run in. The engine's thread, when run from sources, looks for tsx from there. */
function makePlace({ base, command }: KillPlan, name: string): string {
  const place = join(base, `${command.name}-${name}`);
  mkdirSync(join(place, 'tmp'), { recursive: true });
  symlinkSync(MODULES, join(place, 'node_modules'));
  return place;
}

function trialIds(place: string): string[] {
  return linesOf(join(place, 'out', 'trials.jsonl')).map((line) => JSON.parse(line).id);
}

function differences(
  expected: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
  return names
    .filter((name) => expected[name] !== found[name])
    .map((name) => {
      const [a = 'absent', b = 'absent'] = [expected[name], found[name]];
      const at = [...a].findIndex((character, index) => character !== b[index]);
      return `other ${name}: …${b.slice(Math.max(0, at - 60), at + 60)}…, not …${a.slice(Math.max(0, at - 60), at + 60)}…`;
    });
}
