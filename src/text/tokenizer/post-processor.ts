/** Which token the post-processor puts in front of a text (`src/processors`). What it puts behind is not followed. */
import { z } from 'zod';
import { checked, type Maker, makePart } from './parts.ts';
import { UnsupportedPart } from './unsupported.ts';

/** A token, by name and id. */
const tokenSchema = z.tuple([z.string(), z.int().min(0)]);
const item = z.union([
  z.strictObject({ SpecialToken: z.strictObject({ id: z.string(), type_id: z.int() }) }),
  z.strictObject({ Sequence: z.strictObject({ id: z.enum(['A', 'B']), type_id: z.int() }) }),
]);
const flag = z.boolean().optional();

/** Ids before the text. */
const MAKERS: Readonly<Record<string, Maker<readonly number[]>>> = {
  ByteLevel: checked({ add_prefix_space: flag, trim_offsets: flag, use_regex: flag }, () => []),
  BertProcessing: checked({ sep: tokenSchema, cls: tokenSchema }, ({ cls }) => [cls[1]]),
  RobertaProcessing: checked(
    { sep: tokenSchema, cls: tokenSchema, trim_offsets: flag, add_prefix_space: flag },
    ({ cls }) => [cls[1]],
  ),
  TemplateProcessing: checked(
    {
      single: z.array(item),
      pair: z.array(item),
      special_tokens: z.record(
        z.string(),
        z.strictObject({ id: z.string(), ids: z.array(z.int().min(0)), tokens: z.array(z.string()) }),
      ),
    },
    ({ single, special_tokens }) => {
      const text = single.findIndex((part) => 'Sequence' in part);
      return single.slice(0, text).flatMap((part) => {
        const name = 'SpecialToken' in part ? part.SpecialToken.id : '';
        if (!Object.hasOwn(special_tokens, name)) throw new Error(`no special token ${JSON.stringify(name)}`);
        return special_tokens[name]!.ids;
      });
    },
  ),
  Sequence: checked({ processors: z.array(z.unknown()) }, ({ processors }, depth) =>
    processors
      .map((entry) => makePart('post_processor', MAKERS, entry, depth + 1))
      .reverse()
      .flat(),
  ),
};

/** The id in front of every text, or null. Throws {@link UnsupportedPart}. */
export function findBeginning(entry: unknown): number | null {
  if (entry === null || entry === undefined) return null;
  const ids = makePart('post_processor', MAKERS, entry);
  if (ids.length > 1) throw new UnsupportedPart(`${ids.length} tokens in front of every text`, 'at most one');
  return ids[0] ?? null;
}
