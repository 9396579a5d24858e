/** Rows of Parquet files, a stretch of a row group at a time. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UserError } from '../../errors/index.ts';
import { readExactly } from '../../files/index.ts';
import type { Entry } from './entry.ts';

/** Rows that are made into objects at once. */
const ROWS = 4096;

/** Rows as objects by their columns. Throws {@link UserError} `text-format`. */
export async function* readParquet(path: string): AsyncGenerator<Entry> {
  const descriptor = openSync(path, 'r');
  try {
    const byteLength = fstatSync(descriptor).size;
    const file = {
      byteLength,
      slice: (start: number, end = byteLength): ArrayBuffer =>
        readExactly(descriptor, path, start, end - start).buffer as ArrayBuffer,
    };
    const telling = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        throw damaged(path, error);
      }
    };
    const metadata = await telling(() => parquetMetadataAsync(file));
    let row = 0;
    for (const group of metadata.row_groups) {
      const end = row + Number(group.num_rows);
      for (let rowStart = row; rowStart < end; rowStart += ROWS) {
        const rowEnd = Math.min(end, rowStart + ROWS);
        const rows = await telling(() =>
          parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors, useOffsetIndex: true }),
        );
        for (const [index, value] of rows.entries()) yield { place: `row ${rowStart + index + 1}`, value };
      }
      row = end;
    }
  } finally {
    closeSync(descriptor);
  }
}

const damaged = (path: string, cause: unknown): UserError =>
  cause instanceof UserError
    ? cause
    : new UserError(
        'text-format',
        {
          what: `${path} cannot be read as a Parquet file.`,
          got: (cause instanceof Error ? cause.message : String(cause)).slice(0, 300),
          expected: 'a whole Parquet file, not encrypted',
          fix: 'copy or download it again, or write it anew: pandas.read_parquet(…).to_parquet(…)',
        },
        { cause },
      );
