/** What must hold of every file that a killed process leaves. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readSafetensorsHeader } from '../../../src/checkpoint/index.ts';

/** Files that were not yet whole; the next process in the place removes them. */
const isPart = (path: string) => path.endsWith('.partial') || basename(path).startsWith('.');

/** Paths below a folder that cannot be read as what they are, each with the reason. */
export function unreadableIn(folder: string): string[] {
  return filesIn(folder)
    .filter((path) => !path.includes('.partial') && !isPart(path))
    .flatMap((path) => {
      try {
        read(path);
        return [];
      } catch (error) {
        return [`${path}: ${error instanceof Error ? error.message : String(error)}`];
      }
    });
}

/** Parts of files that nobody will finish. */
export const partsIn = (folder: string): string[] =>
  filesIn(folder).filter((path) => path.includes('.partial'));

/** Without what links lead to: from Node 22 on, a recursive reading of a folder follows them. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.isFile() ? [path] : [];
  });
}

function read(path: string): void {
  if (path.endsWith('.json')) JSON.parse(readFileSync(path, 'utf8'));
  else if (path.endsWith('.safetensors')) readSafetensorsHeader(path);
  else if (path.endsWith('.html') && !readFileSync(path, 'utf8').trimEnd().endsWith('</html>'))
    throw new Error('cut off');
  else if (path.endsWith('.jsonl')) {
    // A last line without its break was in the middle of being written.
    for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) JSON.parse(line);
  }
}
