/** The options of texts that documents are read from, which probes, trainings and evaluations share. */
import { pathOption, textOption } from '../options/index.ts';

const ON = 'What to measure it on:';

export const TEXT_OPTIONS = {
  textField: textOption(
    '--text-field <name>',
    ON,
    'field or column that holds the text, in JSON, CSV, TSV and Parquet',
    '--text-field body',
    { shownDefault: 'found: messages, prompt and completion, text, …', aliases: ['dataset-text-field'] },
  ),
  promptField: textOption(
    '--prompt-field <name>',
    ON,
    'field or column that holds the prompt, which is not predicted',
    '--prompt-field question',
  ),
  completionField: textOption(
    '--completion-field <name>',
    ON,
    'field or column that holds what follows the prompt',
    '--completion-field answer',
  ),
  chatTemplate: pathOption(
    '--chat-template <file>',
    ON,
    'Jinja file that conversations are written by, or the name of one of the model’s templates',
    '--chat-template chatml.jinja',
    { shownDefault: 'the model’s own', aliases: ['chat-template-path'] },
  ),
};
