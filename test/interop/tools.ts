/**
 * The programs that judge our files. Each is installed in a folder outside the repository, or is said to be missing:
 * RANKSCOPE_INTEROP_DIR (default: rankscope-interop in the system's folder for temporary files),
 * RANKSCOPE_PYTHON (a Python that has torch, transformers, peft and tensorboard), RANKSCOPE_SMOLLM2 (a .gguf file).
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FOLDER = process.env.RANKSCOPE_INTEROP_DIR ?? join(tmpdir(), 'rankscope-interop');
const JUDGE = fileURLToPath(new URL('judge.py', import.meta.url));
const PYTHON_PACKAGES = ['torch', 'transformers', 'peft', 'tensorboard'];
const LLAMA_PACKAGES = ['node-llama-cpp@3.22.1', '@node-llama-cpp/linux-x64@3.22.1'];

/** A tool, or why there is none. */
export type Found<T> =
  | { readonly tool: T; readonly missing?: undefined }
  | { readonly missing: string; readonly tool?: undefined };

/** One question to `judge.py`: a kind and its arguments. */
export type Question = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** Asks Python all questions at once: starting it takes longer than answering. */
export type Judge = (questions: readonly Question[]) => Promise<unknown[]>;

export async function findPython(): Promise<Found<Judge>> {
  const own = join(FOLDER, 'venv/bin/python');
  const python = process.env.RANKSCOPE_PYTHON ?? own;
  try {
    if (process.env.RANKSCOPE_PYTHON === undefined && !existsSync(own)) {
      mkdirSync(FOLDER, { recursive: true });
      await run('python3', ['-m', 'venv', join(FOLDER, 'venv')]);
      await run(own, ['-m', 'pip', 'install', '--quiet', ...PYTHON_PACKAGES]);
    }
    await run(python, ['-c', `import ${PYTHON_PACKAGES.join(', ')}`]);
  } catch (error) {
    return { missing: `${python} with ${PYTHON_PACKAGES.join(', ')}: ${lastLine(error)}` };
  }
  return { tool: (questions) => ask(python, questions) };
}

async function ask(python: string, questions: readonly Question[]): Promise<unknown[]> {
  const [asked, answered] = ['questions', 'answers'].map((name) =>
    join(FOLDER, `${name}-${process.pid}.json`),
  );
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(asked!, JSON.stringify(questions));
  await run(python, [JUDGE, asked!, answered!], { env: { ...process.env, HF_HUB_OFFLINE: '1' } });
  const answers: { answer?: unknown; error?: string }[] = JSON.parse(readFileSync(answered!, 'utf8'));
  return answers.map(({ answer, error }, index) => {
    if (error === undefined) return answer;
    throw new Error(`${JSON.stringify(questions[index]).slice(0, 200)}\n${error}`);
  });
}

/** What is used of node-llama-cpp; its own types are not installed here. */
// biome-ignore lint/suspicious/noExplicitAny: a library that is no dependency of the package
export type LlamaCpp = any;

export async function findLlamaCpp(): Promise<Found<LlamaCpp>> {
  const folder = join(FOLDER, 'llama');
  const entry = join(folder, 'node_modules/node-llama-cpp/dist/index.js');
  try {
    if (!existsSync(entry)) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{"private":true}');
      await run('npm', ['install', '--omit=optional', ...LLAMA_PACKAGES], { cwd: folder });
    }
    const library = await import(pathToFileURL(entry).href);
    return { tool: { library, llama: await library.getLlama({ gpu: false, build: 'never' }) } };
  } catch (error) {
    return { missing: `${LLAMA_PACKAGES.join(' and ')}: ${lastLine(error)}` };
  }
}

/** Logits of the token after `ids`, with keys and values kept in float32. */
export async function llamaLogits(
  { llama }: LlamaCpp,
  modelPath: string,
  ids: readonly number[],
  adapter?: string,
): Promise<Float32Array> {
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({
    contextSize: 64,
    sequences: 1,
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
    lora: adapter === undefined ? undefined : { adapters: [{ filePath: adapter, scale: 1 }] },
  });
  const input = ids.map((id, i) => (i + 1 < ids.length ? id : [id, { generateNext: { logits: true } }]));
  const results = await context.getSequence().controlledEvaluate(input);
  const logits: Map<number, number> = results.at(-1).next.logits;
  await model.dispose();
  return Float32Array.from({ length: logits.size }, (_, token) => logits.get(token)!);
}

export function findSmolLm(): Found<string> {
  const path = process.env.RANKSCOPE_SMOLLM2;
  if (path === undefined) return { missing: 'RANKSCOPE_SMOLLM2 names no .gguf file' };
  return existsSync(path) ? { tool: path } : { missing: `RANKSCOPE_SMOLLM2: there is no ${path}` };
}

const lastLine = (error: unknown) =>
  String(error instanceof Error ? error.message : error)
    .trimEnd()
    .split('\n')
    .at(-1);
