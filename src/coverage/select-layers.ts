/**
 * Which layers are meant, in the words of PEFT and in ours. Words are parted by commas, and each must be of some layer:
 * - `all-linear`, `all`: every linear layer of the blocks;
 * - `attention`, `mlp`: a half of every block;
 * - `q_proj`, `self_attn.q_proj`, or a whole name: as PEFT's list of target modules, the end of a name;
 * - with `*` or `?`: a pattern over whole names;
 * - with any of `( ) [ ] { } | ^ $ + \`, or beginning with `.*`: a regular expression over whole names, which is what PEFT
 *   makes of a string.
 */
import { UserError } from '../errors/index.ts';
import { groupOf, LAYER_ROLES, type LinearLayer } from '../models/index.ts';

type Test = (layer: LinearLayer) => boolean;

const GROUPS: ReadonlySet<string> = new Set(Object.values(LAYER_ROLES));
const ALL: ReadonlySet<string> = new Set(['all-linear', 'all']);

/**
 * The layers that `words` mean, in the order of the model.
 *
 * @throws UserError `no-layers` where a word is of no layer, `layers-pattern-invalid`.
 */
export function selectLayers(layers: readonly LinearLayer[], words: string): LinearLayer[] {
  const chosen = new Set<LinearLayer>();
  for (const word of splitWords(words)) {
    const meant = layers.filter(testOf(word));
    if (meant.length === 0) throw noLayers(layers, word);
    for (const layer of meant) chosen.add(layer);
  }
  return layers.filter((layer) => chosen.has(layer));
}

function testOf(word: string): Test {
  if (ALL.has(word)) return () => true;
  if (GROUPS.has(word)) return (layer) => groupOf(layer) === word;
  if (/[()[\]{}|^$+\\]|^\.\*/.test(word)) return over(regularExpression(word));
  if (/[*?]/.test(word)) return over(globPattern(word));
  return ({ name }) => name === word || name.endsWith(`.${word}`);
}

const over =
  (pattern: RegExp): Test =>
  ({ name }) =>
    pattern.test(name);

function regularExpression(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`);
  } catch (error) {
    throw new UserError(
      'layers-pattern-invalid',
      (option) => ({
        what: `${option('layers')} has a pattern that is no regular expression`,
        got: error instanceof Error ? error.message : text,
        expected: 'one over whole module names, as PEFT takes it, or words with * and ?',
        fix: `for example ${option('layers')} '.*(q|v)_proj'`,
      }),
      { cause: error },
    );
  }
}

function globPattern(glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

/** Parts at commas; those within brackets belong to a regular expression. */
function splitWords(text: string): string[] {
  const words = [''];
  let depth = 0;
  for (const [piece] of text.matchAll(/\\.|./gs)) {
    if (piece === ',' && depth === 0) {
      words.push('');
      continue;
    }
    if ('([{'.includes(piece)) depth++;
    if (')]}'.includes(piece)) depth--;
    words[words.length - 1] += piece;
  }
  return words.map((word) => word.trim());
}

function noLayers(layers: readonly LinearLayer[], word: string): UserError {
  const modules = [...modulesByGroup(layers)].map(([group, names]) => `${group} (${names.join(', ')})`);
  return new UserError('no-layers', (option) => ({
    what: `no layer of the model is meant by a word of ${option('layers')}`,
    got: word,
    expected: `${modules.join(', ')}, all-linear, or a name or pattern such as ${layers[0]!.name}`,
    fix: /embed|wte|lm_head|norm|ln_/.test(word)
      ? 'leave it out: only linear layers of the blocks can be adapted'
      : `for example ${option('layers')} ${moduleOf(layers[0]!)}`,
  }));
}

/** Under which names PEFT targets the layers, by half of the block, in order of the forward pass. */
export function modulesByGroup(layers: readonly LinearLayer[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>(layers.map((layer) => [groupOf(layer), []]));
  for (const layer of layers) {
    const names = groups.get(groupOf(layer))!;
    if (!names.includes(moduleOf(layer))) names.push(moduleOf(layer));
  }
  return groups;
}

/** The last part of a name, which is what PEFT's target modules usually say. */
export const moduleOf = ({ name }: Pick<LinearLayer, 'name'>): string => name.split('.').at(-1)!;
