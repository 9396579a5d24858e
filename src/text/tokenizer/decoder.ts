/** From tokens back to text: byte-level and byte-fallback here, as the original has them, the rest by the library. */
import { z } from 'zod';
import { readBytes } from './byte-letters.ts';
import { SequenceDecoder } from './library.ts';
import { checked, type Maker, makePart } from './parts.ts';
import { compilePattern, patternSchema } from './pattern.ts';

/** Changes a list of tokens; joined, the last list is the text. */
export type Decoder = (tokens: readonly string[]) => readonly string[];

const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** A step that the library has, with the options that it knows. */
const library = (options: z.ZodRawShape): Maker<Decoder> => {
  const check = checked(options, () => undefined);
  return (entry, depth) => {
    check(entry, depth);
    const inner = new SequenceDecoder({ type: 'Sequence', decoders: [entry] });
    return (tokens) => inner.decode_chain([...tokens]);
  };
};

function decodeByteLevel(tokens: readonly string[]): string[] {
  return [lossy.decode(Buffer.concat(tokens.map(readBytes)))];
}

/** Tokens `<0x..>` in a row are the bytes of a text, or as many signs of replacement when they are none. */
function decodeByteFallback(tokens: readonly string[]): string[] {
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      out.push(strict.decode(Uint8Array.from(bytes)));
    } catch {
      for (const _ of bytes) out.push('\ufffd');
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([\dA-Fa-f]{2})>$/.exec(token)?.[1];
    if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
    else {
      flush();
      out.push(token);
    }
  }
  flush();
  return out;
}

const text = z.string();
const MAKERS: Readonly<Record<string, Maker<Decoder>>> = {
  ByteLevel: checked(
    {
      add_prefix_space: z.boolean().optional(),
      trim_offsets: z.boolean().optional(),
      use_regex: z.boolean().optional(),
    },
    () => decodeByteLevel,
  ),
  ByteFallback: checked({}, () => decodeByteFallback),
  Metaspace: checked(
    {
      replacement: text.min(1),
      prepend_scheme: z.enum(['always', 'first', 'never']).default('always'),
      split: z.boolean().optional(),
      add_prefix_space: z.boolean().optional(),
      str_rep: text.optional(),
    },
    ({ replacement, prepend_scheme }) =>
      (tokens) =>
        tokens.map((token, i) =>
          token.replaceAll(replacement, i === 0 && prepend_scheme !== 'never' ? '' : ' '),
        ),
  ),
  Replace: checked({ pattern: patternSchema, content: text }, ({ pattern, content }) => {
    const found = compilePattern(pattern);
    return (tokens) => tokens.map((token) => token.replace(found, () => content));
  }),
  Fuse: checked({}, () => (tokens) => [tokens.join('')]),
  Strip: library({ content: text, start: z.int().min(0), stop: z.int().min(0) }),
  WordPiece: library({ prefix: text, cleanup: z.boolean() }),
  BPEDecoder: library({ suffix: text }),
  Sequence: checked({ decoders: z.array(z.unknown()) }, ({ decoders }, depth) => {
    const steps = decoders.map((entry) => makePart('decoder', MAKERS, entry, depth + 1));
    return (tokens) => steps.reduce<readonly string[]>((changed, step) => step(changed), tokens);
  }),
};

/** What writes tokens as text. Without a `decoder` entry, spaces part them. Throws {@link UnsupportedPart}. */
export function makeDecoder(entry: unknown): (tokens: readonly string[]) => string {
  if (entry === null || entry === undefined) return (tokens) => tokens.join(' ');
  const decode = makePart('decoder', MAKERS, entry);
  return (tokens) => decode(tokens).join('');
}
