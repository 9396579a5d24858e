/** Options that several commands have, beside those of the library's tables. */
import { isFramesFile } from '../coverage/index.ts';
import { MODEL_OPTIONS } from '../models/index.ts';
import { pathOption, switchOption, under } from '../options/index.ts';
import { namedBasis } from '../record/index.ts';

/** Those of opening a model, under a heading of the command's. */
export const modelOptions = (group: string) => ({
  compute: under(group, MODEL_OPTIONS.compute),
  cacheFolder: under(group, MODEL_OPTIONS.cacheFolder),
});

export const dataOption = (group: string, purpose: string) =>
  pathOption('--data <file>', group, `text to ${purpose}: .txt, .jsonl or .json`, '--data notes.txt');

export const isBasis = (name: string) => namedBasis(name) !== null || isFramesFile(name);

export const quietOption = (group: string) => switchOption('--quiet', group, 'no progress on stderr');
