/** What bases and families are called in reports. */
import { BASIS_DESCRIPTIONS, type Family, namedBasis, type ProbeRecord } from '../record/index.ts';

/** What the frames of a basis of this record are. */
export function basisMeaning({ settings }: ProbeRecord, name: string): string {
  const basis = namedBasis(name);
  if (basis !== null) return BASIS_DESCRIPTIONS[basis].meaning;
  const file = settings.framesFiles.find((one) => one.name === name);
  return file === undefined ? '' : `the frames ${file.label} of ${file.path}`;
}

export const FAMILY_MEANING: Readonly<Record<Family, string>> = {
  core: 'frozen frames, a trained K×K core (LoRA-XS, CT-LoRA)',
  left: 'frozen left frame, trained right factor (LoRA at its start, LoRA-FA: PEFT’s A is frozen)',
  right: 'frozen right frame, trained left factor (PEFT’s B is frozen)',
  factors: 'both factors trained (LoRA)',
  diagonal: 'frozen frames, trained singular values (SVF)',
};
