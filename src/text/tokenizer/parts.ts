/** The entries of tokenizer.json, each made into what it does by the maker that its `type` names. */
import { z } from 'zod';
import { UnsupportedPart } from './unsupported.ts';

/** Makes one kind of part from its entry; throws when an option is not known. */
export type Maker<Part> = (entry: unknown, depth: number) => Part;

/** Sequences in sequences, at most. */
const DEEPEST = 8;

/** A maker that checks options first: one that is not listed could change what is made. */
export function checked<Options extends z.ZodRawShape, Part>(
  options: Options,
  make: (options: z.output<z.ZodObject<Options>>, depth: number) => Part,
): Maker<Part> {
  const schema = z.strictObject({ type: z.string(), ...options });
  return (entry, depth) => make(schema.parse(entry) as z.output<z.ZodObject<Options>>, depth);
}

/** The part that `entry` describes. Throws {@link UnsupportedPart}, or an error of its options. */
export function makePart<Part>(
  kind: string,
  makers: Readonly<Record<string, Maker<Part>>>,
  entry: unknown,
  depth = 0,
): Part {
  if (depth > DEEPEST) throw new Error(`${kind}: sequences nested deeper than ${DEEPEST}`);
  const type = typeof entry === 'object' && entry !== null && 'type' in entry ? entry.type : undefined;
  if (typeof type !== 'string') throw new Error(`${kind}: no object with a type`);
  if (!Object.hasOwn(makers, type)) {
    throw new UnsupportedPart(
      `${kind} of type ${JSON.stringify(type.slice(0, 60))}`,
      `one of ${Object.keys(makers).join(', ')}`,
    );
  }
  try {
    return makers[type]!(entry, depth);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const { path, message } = error.issues[0]!;
    throw new UnsupportedPart(
      `${kind} ${type}: ${[path.join('.'), message].filter(Boolean).join(': ').slice(0, 200)}`,
      'the options that the tokenizers library writes',
    );
  }
}
