/** What bases and families are called in reports. */
import type { Basis, Family } from '../record/index.ts';

export const BASIS_MEANING: Readonly<Record<Basis, string>> = {
  svd: 'top singular vectors of the weights',
  'svd-minor': 'bottom singular vectors of the weights',
  random: 'uniformly random frames',
  gradient: 'top singular vectors of the calibration gradient',
  'gradient-lora-ga': 'singular vectors of the calibration gradient, split as in LoRA-GA',
  natural: 'canonical directions between inputs and output gradients',
  activation: 'principal directions of inputs and of output gradients',
  file: 'frames of the first file named in --bases',
  'file-2': 'frames of the second file named in --bases',
  'file-3': 'frames of the third file named in --bases',
};

export const FAMILY_MEANING: Readonly<Record<Family, string>> = {
  core: 'frozen frames, a trained K×K core (LoRA-XS, CT-LoRA)',
  left: 'frozen left frame, trained right factor',
  right: 'frozen right frame, trained left factor (LoRA at its start, LoRA-FA)',
  factors: 'both factors trained (LoRA)',
  diagonal: 'frozen frames, trained singular values (SVF)',
};
