/** Frames of a file, as `probe --save-frames` writes it: `FILE`, or `FILE#LABEL` where it holds several sets. */
import { existsSync } from 'node:fs';
import { openSafetensors, readWeight } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import type { LinearLayer } from '../models/index.ts';
import {
  fromFloat32,
  leadingColumns,
  type Matrix,
  type MatrixProduct,
  orthonormalize,
} from '../numeric/index.ts';
import { BASES } from '../record/index.ts';
import type { Frame } from './frame.ts';

/** One frame set of a file, known to fit the layers that it was opened for. */
export interface FramesFile {
  readonly path: string;
  readonly label: string;
  /** Columns of the frame of a layer, at most its smaller side. */
  columns(layer: LinearLayer): number;
  /** The leading columns, made orthonormal, which leaves the span of every number of them. */
  read(layer: LinearLayer, rank: number, product: MatrixProduct): Promise<Frame>;
}

/** Whether `text` is the path of a file, with or without a label. */
export function isFramesFile(text: string): boolean {
  return existsSync(splitLabel(text).path);
}

/**
 * Opens a frame set for the given layers. Tensors are `<label>/<layer>/u` [m, K] and `/v` [n, K].
 *
 * @throws UserError `basis-unknown`, `frames-ambiguous`, `frames-missing`, and those of a file that is cut off or
 *   malformed.
 */
export function openFrames(text: string, layers: readonly LinearLayer[]): FramesFile {
  if (!isFramesFile(text)) {
    throw new UserError('basis-unknown', {
      what: 'there is neither a basis nor a file of that name',
      got: text,
      expected: `one of ${BASES.join(', ')}, or a file of frames that a probe saved`,
      fix: 'correct the name or the path',
    });
  }
  const { path, label: asked } = splitLabel(text);
  const source = openSafetensors(path);
  const { weights } = source;
  const labels = [...new Set([...weights.keys()].map((name) => name.split('/')[0]!))];
  const label = asked ?? labels[0] ?? '';
  if (asked === null && labels.length > 1) {
    throw new UserError('frames-ambiguous', {
      what: `${path} holds several sets of frames`,
      got: labels.join(', '),
      expected: 'the name of one behind a #',
      fix: `for example ${path}#${label}`,
    });
  }
  const missing = (part: string, got: string, expected: string) =>
    new UserError('frames-missing', (option) => ({
      what: `${path} has no fitting frame ${label}/${part}`,
      got,
      expected,
      fix: `make the frames with a probe of this model, or choose fewer layers with ${option('layers')}`,
    }));
  const widths = new Map<string, number>();
  for (const { name, inFeatures, outFeatures } of layers) {
    const width = (part: 'u' | 'v', rows: number): number => {
      const shape = weights.get(`${label}/${name}/${part}`)?.shape;
      if (shape?.length === 2 && shape[0] === rows && shape[1]! > 0) return shape[1]!;
      const got = shape === undefined ? `sets ${labels.join(', ')}` : `[${shape}]`;
      throw missing(`${name}/${part}`, got, `[${rows}, K]`);
    };
    const [u, v] = [width('u', inFeatures), width('v', outFeatures)];
    if (u !== v) throw missing(name, `${u} and ${v} columns`, 'u and v of as many columns');
    widths.set(name, Math.min(u, inFeatures, outFeatures));
  }
  const side = (part: string, rank: number, product: MatrixProduct): Promise<Matrix> => {
    const [rows, columns] = weights.get(part)!.shape as [number, number];
    return orthonormalize(
      leadingColumns(fromFloat32(rows, columns, readWeight(source, part)), rank),
      product,
    );
  };
  return {
    path,
    label,
    columns: ({ name }) => widths.get(name)!,
    async read({ name }, rank, product) {
      const columns = Math.min(rank, widths.get(name)!);
      return {
        u: await side(`${label}/${name}/u`, columns, product),
        v: await side(`${label}/${name}/v`, columns, product),
      };
    },
  };
}

function splitLabel(text: string): { path: string; label: string | null } {
  const mark = text.lastIndexOf('#');
  return mark < 0 ? { path: text, label: null } : { path: text.slice(0, mark), label: text.slice(mark + 1) };
}
