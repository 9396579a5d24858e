/** Sizes of what is read: doors, and files. The linter holds functions to 80 lines. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const rooms = readdirSync(SRC).filter((room) => existsSync(join(SRC, room, 'index.ts')));

/**
 * Doors that are wider, as what they offer is a vocabulary that is learned once: each op of a graph, each tool for matrices
 * and numbers, each file of a run with its reader, writer and options. They do not grow without a thought either.
 */
const WIDER: Readonly<Record<string, number>> = { graph: 110, numeric: 60, record: 60 };

it.each(rooms)('the door of %s has few values', async (room) => {
  const door = await import(join(SRC, room, 'index.ts'));
  expect(Object.keys(door).length).toBeLessThanOrEqual(WIDER[room] ?? 40);
});

describe('files of src', () => {
  const sizes = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|(^|[\\/])testing/.test(file))
    .map((file) => ({ file, lines: readFileSync(join(SRC, file), 'utf8').split('\n').length }))
    .toSorted((a, b) => a.lines - b.lines);

  it('have 400 lines at most, and half of them no more than 120', () => {
    expect(sizes.filter(({ lines }) => lines > 400)).toEqual([]);
    expect(sizes[Math.floor(sizes.length / 2)]!.lines).toBeLessThanOrEqual(120);
  });
});
