/** The options of opening a model, from which the library's types and the flags come. */
import { pathOption } from '../options/index.ts';
import { COMPUTE_TYPES, computeSchema } from '../record/index.ts';

const HOW = 'How:';

export const MODEL_OPTIONS = {
  compute: {
    flags: '--compute <type>',
    group: HOW,
    help: 'arithmetic of weight products: float32, or int8 (faster)',
    schema: computeSchema,
    expected: COMPUTE_TYPES.join(' or '),
    example: '--compute int8',
    default: 'float32' as const,
  },
  cacheFolder: pathOption(
    '--cache-dir <dir>',
    HOW,
    'where decoded weights and frames are kept between runs',
    '--cache-dir /tmp/cache',
    { shownDefault: '~/.cache/rankscope' },
  ),
};
