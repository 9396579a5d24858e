/** Runs in odd surroundings: what they are given, and how they must end. */

export interface OddRun {
  readonly name: string;
  /**
   * For bash, in a folder of its own. `$R` is the program; `$PROBE` and `$TRAIN` run into `out`, `$PROBE0` and `$TRAIN0` nowhere yet; `$M` and `$T`
   * are a model and a text, `$FINISHED` is a finished training.
   */
  readonly script: string;
  readonly code: number;
  /** The status in out/run.json; null where there must be no such file. */
  readonly state?: 'complete' | 'partial' | null;
  /** What it says on either stream. */
  readonly says?: RegExp;
  /** Whether it belongs to the few that every test run takes. */
  readonly always?: boolean;
}

/** The exit code of the first program of a pipe. */
const first = (pipe: string) => `${pipe}; exit \${PIPESTATUS[0]}`;
/** Sends a signal to a training that has taken a step. */
const stopped = (signal: string) => `
  $TRAIN --steps 100000 & child=$!
  until grep -q '"step":1' out/metrics.jsonl 2>/dev/null; do sleep 0.1; done
  kill -${signal} $child; wait $child`;
const config = (text: string) => `printf -- '${text}' > c.yaml; $PROBE --config c.yaml`;

const STREAMS: readonly OddRun[] = [
  {
    name: 'a reader that leaves, of both streams',
    script: first('$PROBE 2>&1 | head -1'),
    code: 0,
    state: 'complete',
    always: true,
  },
  {
    name: 'a full disk behind stderr',
    script: '$PROBE 2>/dev/full',
    code: 0,
    state: 'complete',
    always: true,
  },
  {
    name: 'a full disk behind stdout',
    script: '$PROBE >/dev/full',
    code: 2,
    state: 'complete',
    says: /standard output cannot be written[\s\S]*no space left/,
    always: true,
  },
  { name: 'a full disk behind both', script: '$PROBE >/dev/full 2>&1', code: 2, state: 'complete' },
  { name: 'a reader that is not there', script: first('$PROBE | true'), code: 0, state: 'complete' },
  { name: 'a reader of some JSON', script: first('$PROBE --json | head -c 10'), code: 0, state: 'complete' },
  { name: 'no stdout', script: '$PROBE >&-', code: 0, state: 'complete' },
  { name: 'no stderr', script: '$PROBE 2>&-', code: 0, state: 'complete' },
  { name: 'no stdin', script: '$PROBE <&-', code: 0, state: 'complete' },
  { name: 'no streams', script: '$PROBE <&- >&- 2>&-', code: 0, state: 'complete' },
  {
    name: 'train: a reader that leaves',
    script: first('$TRAIN --steps 2 2>&1 | head -1'),
    code: 0,
    state: 'complete',
    always: true,
  },
  {
    name: 'train: a full disk behind stderr',
    script: '$TRAIN --steps 2 2>/dev/full',
    code: 0,
    state: 'complete',
  },
  {
    name: 'train: a full disk behind stdout',
    script: '$TRAIN --steps 2 >/dev/full',
    code: 2,
    state: 'complete',
  },
  { name: 'report: a reader that leaves', script: first('$R report $FINISHED | true'), code: 0 },
  {
    name: 'report: a page for a full disk',
    script: '$R report $FINISHED --format html >/dev/full',
    code: 2,
    says: /no space left/,
  },
  { name: 'eval: a full disk', script: '$R eval $M --data $T --seq-len 16 >/dev/full', code: 2 },
  {
    name: 'generate: a reader that leaves',
    script: first('$R generate $M --prompt a --max-tokens 8 | head -c 1'),
    code: 0,
  },
  { name: 'generate: a full disk', script: '$R generate $M --prompt a --max-tokens 8 >/dev/full', code: 2 },
  {
    name: 'export: a full disk behind stdout',
    script:
      '$R export $FINISHED --out peft >/dev/full; code=$?; test -f peft/adapter_config.json && exit $code',
    code: 2,
  },
  { name: 'help for a full disk', script: '$R --help >/dev/full', code: 2 },
  { name: 'help for a reader that leaves', script: first('$R probe --help | head -1'), code: 0 },
  { name: 'a list for a reader that leaves', script: first('$R reproduce --list | head -1'), code: 0 },
  {
    name: 'a mistake with a full disk behind stderr',
    script: '$PROBE --bases nonsense 2>/dev/full',
    code: 2,
    state: null,
  },
  {
    name: 'a mistake that nobody reads',
    script: first('$PROBE --bases nonsense 2>&1 | true'),
    code: 2,
    state: null,
  },
  {
    name: 'an unknown option with a full disk behind stderr',
    script: '$R probe --nonsense 2>/dev/full',
    code: 2,
  },
];

const SIGNALS: readonly OddRun[] = [
  { name: 'Ctrl-C', script: stopped('INT'), code: 130, state: 'partial' },
  { name: 'SIGTERM', script: stopped('TERM'), code: 130, state: 'partial' },
  { name: 'a terminal that is closed', script: stopped('HUP'), code: 130, state: 'partial', always: true },
  {
    name: 'SIGPIPE',
    script: '$PROBE & child=$!; sleep 0.5; kill -PIPE $child; wait $child',
    code: 0,
    state: 'complete',
  },
];

const PLACES: readonly OddRun[] = [
  {
    name: 'no folder of temporary files',
    script: 'TMPDIR=/proc/none $PROBE',
    code: 2,
    state: null,
    says: /TMPDIR/,
    always: true,
  },
  {
    name: 'a file for temporary files',
    script: 'touch f; TMPDIR=$PWD/f $PROBE',
    code: 2,
    state: null,
    says: /TMPDIR/,
  },
  {
    name: 'eval: no folder of temporary files',
    script: 'TMPDIR=/proc/none $R eval --adapter $FINISHED --data $T --seq-len 16',
    code: 2,
    says: /TMPDIR/,
  },
  {
    name: 'an odd name for temporary files',
    script: `mkdir $'a b\\nc é'; TMPDIR="$PWD/$(ls)" $PROBE`,
    code: 0,
    state: 'complete',
  },
  {
    name: 'an empty XDG_CACHE_HOME',
    script: 'XDG_CACHE_HOME= HOME=$PWD/home $PROBE && test -d home/.cache/rankscope && test ! -e rankscope',
    code: 0,
    state: 'complete',
    always: true,
  },
  {
    name: 'a relative XDG_CACHE_HOME',
    script: 'XDG_CACHE_HOME=here HOME=$PWD/home $PROBE && test -d home/.cache/rankscope && test ! -e here',
    code: 0,
    state: 'complete',
  },
  {
    name: 'a home that cannot be made',
    script: 'XDG_CACHE_HOME= HOME=/proc/none $PROBE',
    code: 0,
    state: 'complete',
    says: /warning: .*cache/,
  },
  { name: 'no HOME', script: 'env -u HOME $PROBE', code: 0, state: 'complete' },
  {
    name: 'a working folder that takes no files',
    script: 'cd /proc && $R probe $M --data $T --batches 2 --ranks 2 --bases random',
    code: 2,
    says: /cannot be (made|written)/,
  },
  {
    name: 'a working folder that is gone',
    script: 'mkdir gone; cd gone; rmdir ../gone; $R probe $M --data $T --batches 2 --ranks 2',
    code: 2,
    says: /working directory/,
    always: true,
  },
  { name: 'a dumb terminal', script: 'TERM=dumb $PROBE', code: 0, state: 'complete' },
  { name: 'a narrow terminal', script: 'COLUMNS=20 $PROBE', code: 0, state: 'complete' },
  { name: 'no colour', script: 'NO_COLOR=1 $PROBE', code: 0, state: 'complete' },
  { name: 'no locale', script: 'LANG=C LC_ALL=C $PROBE', code: 0, state: 'complete' },
  {
    name: 'names with spaces, line ends, quotes and accents',
    script: `cp -r $M $'m o\\nd"é'; cp $T $'t x\\n.txt'; $R probe $'m o\\nd"é' --data $'t x\\n.txt' --batches 2 --ranks 2 --seq-len 16 --out $'o u\\nt' && test -f $'o u\\nt/probe.json'`,
    code: 0,
  },
  {
    name: 'a name that moves the cursor',
    script: `cp -r $M $'m\\e[2J'; $R probe $'m\\e[2J' --data $T --batches 2 --ranks 2 --seq-len 16 --out out >o 2>&1; code=$?; ! grep -q $'\\e' o && exit $code`,
    code: 0,
    state: 'complete',
  },
  { name: 'too long a name', script: '$PROBE0 --out $(printf "x%.0s" {1..300})', code: 2, says: /cannot be/ },
  {
    name: 'too long a path',
    script: '$PROBE0 --out $(printf "x/%.0s" {1..3000})y',
    code: 2,
    says: /cannot be|too long/i,
  },
  {
    name: '--out at a link to a folder',
    script: 'mkdir real; ln -s real out; $PROBE && test -f real/probe.json && test -L out',
    code: 0,
    state: 'complete',
  },
  {
    name: '--out at a link to nothing',
    script: 'ln -s nothing out; $PROBE',
    code: 2,
    state: null,
    says: /link/,
    always: true,
  },
  { name: '--out at a link to itself', script: 'ln -s out out; $PROBE', code: 2, state: null, says: /link/ },
  { name: '--out at a file', script: 'touch out; $PROBE', code: 2 },
  {
    name: '--out at a link to a file',
    script: 'touch f; ln -s f out; $PROBE; code=$?; test ! -s f && exit $code',
    code: 2,
  },
  { name: '--out at a device', script: '$PROBE0 --out /dev/null', code: 2 },
  {
    name: 'export: --out at a link to a folder',
    script:
      'mkdir real; ln -s real peft; $R export $FINISHED --out peft && test -f real/adapter_config.json && test -L peft',
    code: 0,
  },
  {
    name: 'export: --out at a link to nothing',
    script: 'ln -s nothing peft; $R export $FINISHED --out peft',
    code: 2,
    says: /link/,
  },
];

const OPTIONS: readonly OddRun[] = [
  ...['1e999', 'NaN', '0x10', '1_000', '-1', '1.5', 'Infinity', '٣', ''].map(
    (seed): OddRun => ({
      name: `--seed "${seed}"`,
      script: `$PROBE --seed "${seed}"`,
      code: 2,
      state: null,
      says: /--seed/,
    }),
  ),
  { name: '--seed=-0', script: '$PROBE --seed=-0', code: 0, state: 'complete' },
  {
    name: '--batches twice',
    script: '$PROBE --batches 2 --batches 3',
    code: 2,
    state: null,
    says: /--batches is given twice/,
    always: true,
  },
  {
    name: '--format twice',
    script: '$R report $FINISHED --format html --format markdown',
    code: 2,
    says: /--format is given twice/,
  },
  {
    name: '--config twice',
    script: 'touch c; $PROBE --config c --config c',
    code: 2,
    state: null,
    says: /--config is given twice/,
  },
  {
    name: 'a rank that no layer has',
    script: '$TRAIN0 --out out --rank 999',
    code: 2,
    state: null,
    says: /rank[\s\S]*got: +999[\s\S]*at most/,
    always: true,
  },
  {
    name: 'a comma in the name of a file of frames',
    script: `$PROBE --save-frames >/dev/null; mv out/frames.safetensors 'a,svd,b.safetensors'; $R probe $M --data $T --batches 2 --ranks 2 --seq-len 16 --bases 'svd,a,svd,b.safetensors#svd,random' --out two && grep -q 'a,svd,b' two/probe.json`,
    code: 0,
    state: 'complete',
    always: true,
  },
];

const CONFIGS: readonly OddRun[] = [
  { name: 'an unknown key', script: config('rank: 4'), code: 2, state: null, says: /no option/ },
  { name: 'a key twice', script: config('seed: 1\\nseed: 2'), code: 2, state: null, says: /unique/ },
  {
    name: 'a key in two spellings',
    script: config('save-frames: true\\nsaveFrames: true'),
    code: 2,
    state: null,
    says: /twice/,
  },
  { name: 'a wrong type', script: config('seed: [1]'), code: 2, state: null, says: /seed/ },
  {
    name: 'a map for a number',
    script: config('seed: {a: {b: {c: 1}}}'),
    code: 2,
    state: null,
    says: /seed/,
  },
  {
    name: 'aliases that loop',
    script: config('seed: &x [*x]'),
    code: 2,
    state: null,
    says: /seed|alias/i,
    always: true,
  },
  {
    name: 'aliases that multiply',
    script: `{ echo 'a0: &a0 [1,1,1,1,1,1,1,1,1]'; for i in {1..9}; do j=$((i-1)); echo "a$i: &a$i [*a$j,*a$j,*a$j,*a$j,*a$j,*a$j,*a$j,*a$j,*a$j]"; done; } > c.yaml; $PROBE --config c.yaml`,
    code: 2,
    state: null,
    says: /alias/i,
  },
  {
    name: 'a tag that would run code',
    script: config('seed: !!js/function "() => 1"'),
    code: 2,
    state: null,
    says: /tag/i,
    always: true,
  },
  { name: 'a merge key', script: config('<<: {seed: 1}'), code: 2, state: null, says: /no option/ },
  { name: '__proto__', script: config('__proto__: {seed: 1}'), code: 2, state: null, says: /no option/ },
  { name: 'a list', script: config('- 1'), code: 2, state: null, says: /does not hold options/ },
  {
    name: '10 MB',
    script: 'head -c 10000000 /dev/zero | tr "\\0" "#" > c.yaml; $PROBE --config c.yaml',
    code: 2,
    state: null,
    says: /too large/,
  },
  { name: 'no end', script: '$PROBE --config /dev/zero', code: 2, state: null, says: /too large/ },
  { name: 'a folder', script: '$PROBE --config .', code: 2, state: null, says: /cannot read/ },
  { name: 'nothing', script: config(''), code: 0, state: 'complete' },
  {
    name: 'a pipe',
    script: '$PROBE --config <(echo seed: 7) && grep -q \'"seed":7\' out/probe.json',
    code: 0,
    state: 'complete',
  },
];

export const ODD_RUNS: readonly OddRun[] = [...STREAMS, ...SIGNALS, ...PLACES, ...OPTIONS, ...CONFIGS];
