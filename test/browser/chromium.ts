/** Where a Chromium may be on this machine. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const FOLDERS = ['/usr/bin', '/usr/local/bin', '/snap/bin'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** `CHROMIUM_PATH` where it is set, else the first usual name in the usual places or on the PATH; else null. */
export function findChromium(): string | null {
  const asked = process.env.CHROMIUM_PATH;
  if (asked !== undefined && asked !== '') return existsSync(asked) ? asked : null;
  const folders = [
    ...FOLDERS,
    ...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
  ];
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...paths, MAC].find((path) => existsSync(path)) ?? null;
}
