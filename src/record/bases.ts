/**
 * The bases that the program makes, as records and reports know them. How each is made stands in
 * `coverage/bases.ts`, in a table over these names: a new basis is an entry here and one there.
 */

/** In a light and in a dark page, after Okabe and Ito: told apart with any colour vision. */
export interface Colour {
  readonly light: string;
  readonly dark: string;
}

/** A basis as a reader meets it. */
export interface BasisDescription {
  /** What its frames are, in a few words. */
  readonly meaning: string;
  readonly colour: Colour;
  /** Drawn, not made out of anything: it can be drawn several times, and is what other bases are held against. */
  readonly drawn?: true;
}

const DESCRIPTIONS = {
  svd: {
    meaning: 'top singular vectors of the weights',
    colour: { light: '#0072b2', dark: '#56a8e0' },
  },
  'svd-minor': {
    meaning: 'bottom singular vectors of the weights',
    colour: { light: '#4a9fd0', dark: '#a5d4f5' },
  },
  random: {
    meaning: 'uniformly random frames',
    colour: { light: '#7b6a8f', dark: '#b3a5c4' },
    drawn: true,
  },
  gradient: {
    meaning: 'top singular vectors of the calibration gradient',
    colour: { light: '#d55e00', dark: '#f08a43' },
  },
  'gradient-lora-ga': {
    meaning: 'singular vectors of the calibration gradient, split as in LoRA-GA',
    colour: { light: '#c98a00', dark: '#ecb945' },
  },
  natural: {
    meaning: 'canonical directions between inputs and output gradients',
    colour: { light: '#008f68', dark: '#2fc79a' },
  },
  activation: {
    meaning: 'principal directions of inputs and of output gradients',
    colour: { light: '#b8578c', dark: '#e394bf' },
  },
} as const satisfies Readonly<Record<string, BasisDescription>>;

/** A way in which frames are made. */
export type Basis = keyof typeof DESCRIPTIONS;

export const BASIS_DESCRIPTIONS: Readonly<Record<Basis, BasisDescription>> = DESCRIPTIONS;

export const BASES = Object.keys(DESCRIPTIONS) as readonly Basis[];

/** The basis of that name; null for any other text, such as that of a file. */
export const namedBasis = (name: string): Basis | null => BASES.find((basis) => basis === name) ?? null;

/** Whether these are frames that are drawn, not made out of anything. */
export function isDrawn(name: string): boolean {
  const basis = namedBasis(name);
  return basis !== null && BASIS_DESCRIPTIONS[basis].drawn === true;
}
