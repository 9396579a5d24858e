/** The parts that line figures share: frame, axes with grid lines, lines, areas, markers. */
import { type Child, element, join, type Markup, shortNumber } from './markup.ts';
import type { Scale } from './scale.ts';

export interface PlotFrame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export type Point = readonly [x: number, y: number];

/** The frame of a line figure of a given width: narrow screens get one that is taller for its width. */
export function plotFrame(width: number): PlotFrame {
  const height = width < 500 ? 290 : 380;
  return { width, height, left: 52, right: width - 12, top: 30, bottom: height - 44 };
}

export interface FigureText {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

/** An SVG with a name and a description for those who cannot see it. */
export function svgFigure(
  text: FigureText,
  { width, height }: Pick<PlotFrame, 'width' | 'height'>,
  ...children: readonly Child[]
): Markup {
  const { id, title, description } = text;
  return element(
    'svg',
    {
      viewBox: `0 0 ${shortNumber(width)} ${shortNumber(height)}`,
      role: 'img',
      'aria-labelledby': `${id}-title ${id}-desc`,
    },
    element('title', { id: `${id}-title` }, title),
    element('desc', { id: `${id}-desc` }, description),
    ...children,
  );
}

/** Drawn for wide screens and for narrow ones; the style sheet shows the one that fits. */
const WIDE = 912;
const NARROW = 368;

/** A drawing at both widths, with what stands below it; null where there is nothing to draw. */
export function bothWidths(
  draw: (width: number) => Markup | null,
  ...below: readonly Child[]
): Markup | null {
  const [wide, narrow] = [draw(WIDE), draw(NARROW)];
  if (wide === null || narrow === null) return null;
  return element(
    'figure',
    {},
    element('div', { class: 'wide' }, wide),
    element('div', { class: 'narrow' }, narrow),
    ...below,
  );
}

/** An entry of a legend: a piece of the drawing, and what it stands for. */
export function legendItem(text: string, ...drawing: readonly Child[]): Markup {
  return element('li', {}, element('svg', { viewBox: '0 0 30 12', 'aria-hidden': 'true' }, ...drawing), text);
}

/** The line of a legend. */
export function legendStroke(className: string): Markup {
  return element('path', { class: className, d: 'M1 6H29' });
}

export function bottomAxis(scale: Scale, frame: PlotFrame, label: string): Markup {
  const marks = scale.ticks.map((tick) => {
    const x = scale.at(tick);
    return join([
      element('line', { class: 'grid', x1: x, x2: x, y1: frame.top, y2: frame.bottom }),
      element('text', { class: 'tick', x, y: frame.bottom + 16, 'text-anchor': 'middle' }, tickLabel(tick)),
    ]);
  });
  const base = element('line', {
    class: 'axis',
    x1: frame.left,
    x2: frame.right,
    y1: frame.bottom,
    y2: frame.bottom,
  });
  const x = (frame.left + frame.right) / 2;
  const text = element('text', { class: 'label', x, y: frame.bottom + 36, 'text-anchor': 'middle' }, label);
  return join([...marks, base, text]);
}

/** Ticks at the left; the label stands above the axis, where it can be read without turning one’s head. */
export function leftAxis(scale: Scale, frame: PlotFrame, label: string): Markup {
  const marks = scale.ticks.map((tick) => {
    const y = scale.at(tick);
    return join([
      element('line', { class: 'grid', x1: frame.left, x2: frame.right, y1: y, y2: y }),
      element('text', { class: 'tick', x: frame.left - 7, y: y + 4, 'text-anchor': 'end' }, tickLabel(tick)),
    ]);
  });
  return join([...marks, element('text', { class: 'label', x: 0, y: 11 }, label)]);
}

/** An SVG path through the points, in drawing coordinates with one decimal. */
export function linePath(points: readonly Point[]): string {
  return points
    .map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${shortNumber(x, 1)} ${shortNumber(y, 1)}`)
    .join('');
}

/** A reference line known at one place only is drawn across the frame: a single point would not be seen. */
export function acrossFrame(points: readonly Point[], frame: PlotFrame): readonly Point[] {
  const [only] = points;
  if (only === undefined || points.length > 1) return points;
  return [
    [frame.left, only[1]],
    [frame.right, only[1]],
  ];
}

/** The closed area between two lines over the same positions. */
export function areaPath(upper: readonly Point[], lower: readonly Point[]): string {
  return `${linePath([...upper, ...[...lower].reverse()])}Z`;
}

const MARKERS: readonly string[] = [
  'M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0Z',
  'M-3.2 -3.2H3.2V3.2H-3.2Z',
  'M0 -4.2L4 3.2H-4Z',
  'M0 -4.6L4.6 0L0 4.6L-4.6 0Z',
  'M0 4.2L4 -3.2H-4Z',
  'M-4 -1.3H-1.3V-4H1.3V-1.3H4V1.3H1.3V4H-1.3V1.3H-4Z',
  'M-4 -2L0 -4.5L4 -2V2L0 4.5L-4 2Z',
  'M-4 -1.6H4V1.6H-4Z',
  'M-1.6 -4H1.6V4H-1.6Z',
  'M-4 -4L4 4L-4 4L4 -4Z',
];

/** One of ten shapes around a point, so that series differ by more than colour. */
export function marker(shape: number, [x, y]: Point, tooltip: string): Markup {
  const transform = `translate(${shortNumber(x, 1)} ${shortNumber(y, 1)})`;
  return element(
    'path',
    { class: 'mark', d: MARKERS[shape % MARKERS.length]!, transform },
    element('title', {}, tooltip),
  );
}

/** A tick in at most seven characters: `0.25`, `10,000`, `2M`, `3·10⁻⁴`. */
export function tickLabel(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${shortNumber(value / 1e6)}M`;
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  if (size === 0 || size >= 0.001) return shortNumber(value, 4);
  const [digits, exponent] = value.toExponential(1).split('e');
  const factor = shortNumber(Number(digits), 1);
  const power = `10${superscript(Number(exponent))}`;
  return factor === '1' ? power : `${factor}·${power}`;
}

function superscript(exponent: number): string {
  return String(exponent).replace(/./g, (digit) =>
    digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(Number(digit)),
  );
}
