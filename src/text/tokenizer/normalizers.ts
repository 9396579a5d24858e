/** How a text is changed before it is cut: the normalizers of the tokenizers library (`src/normalizers`). */
import { z } from 'zod';
import { checked, type Maker, makePart } from './parts.ts';
import { compilePattern, patternSchema } from './pattern.ts';
import { makePrecompiled } from './precompiled.ts';

export type Normalizer = (text: string) => string;

// The original lowers letter by letter, so that a sigma at the end of a word is no other one.
const lowercase: Normalizer = (text) =>
  text.replace(/\p{Changes_When_Lowercased}/gu, (letter) => letter.toLowerCase());
const form = (name: string) => checked({}, () => (text: string) => text.normalize(name));

/** Letters of Chinese as BERT lists them. */
const CHINESE =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

const MAKERS: Readonly<Record<string, Maker<Normalizer>>> = {
  NFC: form('NFC'),
  NFD: form('NFD'),
  NFKC: form('NFKC'),
  NFKD: form('NFKD'),
  Lowercase: checked({}, () => lowercase),
  StripAccents: checked({}, () => (text) => text.replace(/\p{M}/gu, '')),
  Strip: checked({ strip_left: z.boolean(), strip_right: z.boolean() }, ({ strip_left, strip_right }) => {
    return (text) => {
      const left = strip_left ? text.replace(/^\p{White_Space}+/u, '') : text;
      // Found from the end: a search for white space before the end looks at every run of it.
      let end = left.length;
      while (strip_right && end > 0 && /\p{White_Space}/u.test(left[end - 1]!)) end--;
      return left.slice(0, end);
    };
  }),
  Prepend: checked(
    { prepend: z.string() },
    ({ prepend }) =>
      (text) =>
        text === '' ? '' : prepend + text,
  ),
  Replace: checked({ pattern: patternSchema, content: z.string() }, ({ pattern, content }) => {
    const found = compilePattern(pattern);
    return (text) => text.replace(found, () => content);
  }),
  Precompiled: checked({ precompiled_charsmap: z.string() }, ({ precompiled_charsmap }) =>
    makePrecompiled(precompiled_charsmap),
  ),
  BertNormalizer: checked(
    {
      clean_text: z.boolean(),
      handle_chinese_chars: z.boolean(),
      strip_accents: z.boolean().nullable().optional(),
      lowercase: z.boolean(),
    },
    (options) => (text) => {
      let changed = text;
      if (options.clean_text) {
        changed = changed
          .replace(/(?![\t\n\r])[\0\ufffd\p{Cc}\p{Cf}\p{Co}]/gu, '')
          .replace(/\p{White_Space}/gu, ' ');
      }
      if (options.handle_chinese_chars) changed = changed.replace(CHINESE, ' $& ');
      if (options.strip_accents ?? options.lowercase)
        changed = changed.normalize('NFD').replace(/\p{Mn}/gu, '');
      return options.lowercase ? lowercase(changed) : changed;
    },
  ),
  Sequence: checked({ normalizers: z.array(z.unknown()) }, ({ normalizers }, depth) => {
    const steps = normalizers.map((entry) => makePart('normalizer', MAKERS, entry, depth + 1));
    return (text) => steps.reduce((changed, step) => step(changed), text);
  }),
};

/** The normalizer of a `normalizer` entry. Throws {@link UnsupportedPart}. */
export function makeNormalizer(entry: unknown): Normalizer {
  return entry === null || entry === undefined ? (text) => text : makePart('normalizer', MAKERS, entry);
}
