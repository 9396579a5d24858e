/** Colours, one per basis everywhere, after Okabe and Ito: told apart with any colour vision, in light and dark. */
import { BASES, BASIS_DESCRIPTIONS, type Colour, namedBasis, type ProbeRecord } from '../../record/index.ts';

/** For frames that the user brings, in the order of the record; a fourth begins again, with another marker. */
const FILE_COLOURS: readonly Colour[] = [
  { light: '#5b5b5b', dark: '#bdbdbd' },
  { light: '#7a4b1e', dark: '#c99a6b' },
  { light: '#8a8a2b', dark: '#d3d36b' },
];

/** How a basis is drawn, the same in every figure: series must differ by more than colour. */
export interface BasisMark {
  /** Class of what is drawn in its colour. */
  readonly class: string;
  readonly shape: number;
}

export function basisMark({ settings }: ProbeRecord, name: string): BasisMark {
  const basis = namedBasis(name);
  if (basis !== null) return { class: `b-${basis}`, shape: BASES.indexOf(basis) };
  const place = settings.framesFiles.findIndex((file) => file.name === name);
  return { class: `b-file-${place % FILE_COLOURS.length}`, shape: BASES.length + place };
}

/** For kinds of layers, which have no fixed names. */
const SERIES: readonly Colour[] = [
  { light: '#0072b2', dark: '#56a8e0' },
  { light: '#d55e00', dark: '#f08a43' },
  { light: '#008f68', dark: '#2fc79a' },
  { light: '#b8578c', dark: '#e394bf' },
  { light: '#c98a00', dark: '#ecb945' },
  { light: '#4a9fd0', dark: '#a5d4f5' },
  { light: '#5b5b5b', dark: '#bdbdbd' },
  { light: '#7a4b1e', dark: '#c99a6b' },
];
export const SERIES_COUNT = SERIES.length;

/** Gains at which the heat map changes colour; 0.8 to 1.25 is neutral: as good as random frames. */
export const GAIN_STEPS: readonly number[] = [0.5, 0.8, 1.25, 2, 5, 10, 30, 100, 1000];

/** One colour per interval of {@link GAIN_STEPS}: blue below the null, ever further from the page above it. */
const GAIN_COLOURS: readonly Colour[] = [
  { light: '#4a8fc2', dark: '#3f86c0' },
  { light: '#abcfe6', dark: '#28506f' },
  { light: '#e9e8e4', dark: '#33353a' },
  { light: '#fde3b0', dark: '#4d3a26' },
  { light: '#fbc26c', dark: '#704423' },
  { light: '#f29a3e', dark: '#96501f' },
  { light: '#dd7020', dark: '#bd651f' },
  { light: '#b84c12', dark: '#de8429' },
  { light: '#86320f', dark: '#f5ad4b' },
  { light: '#541f10', dark: '#ffe0a0' },
];

/** Which colour of the heat map a gain has. */
export function gainStep(gain: number): number {
  return GAIN_STEPS.filter((step) => gain >= step).length;
}

/** The names under which a style sheet knows the colours, for one scheme: `--basis-svd: #0072b2;` … */
export function paletteVariables(scheme: 'light' | 'dark'): string {
  return [
    ...BASES.map((basis) => `--basis-${basis}:${BASIS_DESCRIPTIONS[basis].colour[scheme]}`),
    ...FILE_COLOURS.map((colour, i) => `--basis-file-${i}:${colour[scheme]}`),
    ...SERIES.map((colour, i) => `--series-${i}:${colour[scheme]}`),
    ...GAIN_COLOURS.map((colour, i) => `--gain-${i}:${colour[scheme]}`),
  ].join(';');
}

/** `class` → colour rules that draw with those names. */
export function paletteRules(): string {
  return [
    ...[...BASES, ...FILE_COLOURS.map((_, i) => `file-${i}`)].map(
      (name) => `.b-${name}{--c:var(--basis-${name})}`,
    ),
    ...SERIES.map((_, i) => `.s-${i}{--c:var(--series-${i})}`),
    ...GAIN_COLOURS.map((_, i) => `.g-${i}{fill:var(--gain-${i});background:var(--gain-${i})}`),
  ].join('');
}
