/** Singular values of every layer's gradient, one thin line each, coloured by the kind of layer. */
import type { ProbeRecord } from '../../record/index.ts';
import { element, type Markup } from './markup.ts';
import { groupByKind } from './module-name.ts';
import { SERIES_COUNT } from './palette.ts';
import { bottomAxis, leftAxis, linePath, type Point, plotFrame, svgFigure } from './plot.ts';
import { logScale, logSpacedIndices } from './scale.ts';

/** Singular values below this share of the norm hold too little energy to be worth a part of the picture. */
const SMALLEST = 1e-4;

/** Null where no spectrum was taken. */
export function spectrumFigure(id: string, record: ProbeRecord, width: number): Markup | null {
  const groups = groupByKind(record.layers.filter((layer) => layer.spectrum.length > 0));
  const spectra = [...groups.values()].flat().map((layer) => layer.spectrum);
  if (spectra.length === 0) return null;
  const frame = plotFrame(width);
  const positive = spectra
    .flatMap((spectrum) => [spectrum[0]!, spectrum.at(-1)!])
    .filter((value) => value > 0);
  const longest = Math.max(2, ...spectra.map((spectrum) => spectrum.length));
  const x = logScale([1, longest], [frame.left, frame.right]);
  const y = logScale([Math.max(SMALLEST, Math.min(0.1, ...positive)), 1], [frame.bottom, frame.top]);
  const lines = [...groups.values()].map((layers, kind) =>
    element(
      'g',
      { class: `s-${kind % SERIES_COUNT}` },
      ...layers.map(({ name, spectrum }) => {
        const points = logSpacedIndices(spectrum.length, width < 500 ? 24 : 48)
          .filter((i) => spectrum[i]! >= y.domain[0])
          .map((i): Point => [x.at(i + 1), y.at(spectrum[i]!)]);
        return element('path', { class: 'line hair', d: linePath(points) }, element('title', {}, name));
      }),
    ),
  );
  const description = `Singular values of the gradients of ${spectra.length} layers over their Frobenius norms, in descending order.`;
  return svgFigure(
    { id, title: 'Gradient spectra', description },
    frame,
    bottomAxis(x, frame, 'index of the singular value'),
    leftAxis(y, frame, 'σᵢ / ‖G‖'),
    element('g', { class: spectra.length > 60 ? 'many' : undefined }, ...lines),
  );
}
