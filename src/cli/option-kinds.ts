/** Options that several commands have, beside those of the library's tables. */
import { z } from 'zod';
import { isFramesFile } from '../coverage/index.ts';
import { MODEL_OPTIONS } from '../models/index.ts';
import { switchOption, under, wholeOption } from '../options/index.ts';
import { namedBasis, TEXT_OPTIONS } from '../record/index.ts';

/** Those of opening a model, under a heading of the command's. */
export const modelOptions = (group: string) => ({
  compute: under(group, MODEL_OPTIONS.compute),
  cacheFolder: under(group, MODEL_OPTIONS.cacheFolder),
});

export const dataOption = (group: string, purpose: string) => ({
  flags: '--data <file...>',
  group,
  help: `texts to ${purpose}: files, folders, patterns, - for standard input, data sets of the hub; .txt, .jsonl, .json, .csv, .tsv, .parquet, also as .gz or .zst`,
  schema: z.array(z.string().min(1)).min(1),
  parse: (raw: unknown) => (Array.isArray(raw) ? raw : [raw]),
  expected: 'paths, or ids of data sets',
  example: '--data notes.txt',
});

/** The texts of a command, how they are read, and the look at what comes of it. */
export const textOptions = (group: string, purpose: string) => ({
  data: dataOption(group, purpose),
  textField: under(group, TEXT_OPTIONS.textField),
  promptField: under(group, TEXT_OPTIONS.promptField),
  completionField: under(group, TEXT_OPTIONS.completionField),
  chatTemplate: under(group, TEXT_OPTIONS.chatTemplate),
  preview: wholeOption(
    'preview',
    group,
    'show the first n sequences, what is predicted and what is only given, and stop',
    1,
    3,
  ),
});

export const isBasis = (name: string) => namedBasis(name) !== null || isFramesFile(name);

export const quietOption = (group: string) => switchOption('--quiet', group, 'no progress on stderr');
