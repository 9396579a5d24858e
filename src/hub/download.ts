/** One file of the hub into the cache: goes on at the byte where it broke off, and has its name once it is checked. */
import { statSync } from 'node:fs';
import { UserError } from '../errors/index.ts';
import type { HubReference } from './hub-reference.ts';
import { refusedBy } from './hub-refusal.ts';
import { Passing, refuseStopped, request, withRetries } from './hub-request.ts';
import type { HubSettings } from './hub-settings.ts';
import { PartialFile } from './partial-file.ts';
import type { HubFile } from './repository-info.ts';

/** Where files come from. */
export interface Source {
  readonly hub: HubSettings;
  readonly reference: HubReference;
  readonly commit: string;
  readonly signal: AbortSignal | undefined;
}

/** huggingface_hub puts its own process's mark in this place; its versions before 1 append to `<etag>.incomplete`. */
const partOf = (blob: string): string => `${blob}.rankscope.incomplete`;

/** Bytes that an earlier run left of a blob. */
export const bytesThere = (blob: string): number =>
  statSync(partOf(blob), { throwIfNoEntry: false })?.size ?? 0;

/**
 * Downloads a file to `blob`. Its address names the commit, so that what an earlier run left is of the same file (the
 * hosts of large files have etags of their own, of which `If-Range` would make nothing); whether all of it is right, its
 * hash says, whatever servers say of lengths and ranges.
 *
 * @param onBytes told how many bytes of the file are there: at first what an earlier run left.
 * @throws UserError `hub-file-wrong`, `cannot-write`, `stopped`, those of `request` and `refusedBy`.
 */
export async function downloadBlob(
  source: Source,
  file: HubFile,
  blob: string,
  onBytes: (there: number) => void,
): Promise<void> {
  const wasBegun = bytesThere(blob) > 0;
  const found = await fetchAll(source, file, blob, onBytes);
  if (found === undefined) return;
  // What was left may have been damaged since, by a machine that went down: fetched whole, it is right or it is not.
  const foundAgain = wasBegun ? await fetchAll(source, file, blob, onBytes) : found;
  if (foundAgain !== undefined) throw wrongFile(source, file, foundAgain);
}

/** @returns the hash that it has, when that is not the one that it should have. */
async function fetchAll(
  source: Source,
  file: HubFile,
  blob: string,
  onBytes: (there: number) => void,
): Promise<string | undefined> {
  // A server that knows no ranges and breaks off begins again and again: only new ground is progress.
  let [furthest, reached] = [bytesThere(blob), 0];
  const attempt = async () => {
    const part = await PartialFile.open(partOf(blob), file);
    try {
      onBytes(part.length);
      if (part.length < file.size) await receive(source, file, part, onBytes);
      return await part.become(blob);
    } finally {
      reached = part.length;
      await part.close();
    }
  };
  return withRetries(source.hub, source.signal, attempt, () => {
    const isNew = reached > furthest;
    furthest = Math.max(furthest, reached);
    return isNew;
  });
}

async function receive(
  source: Source,
  file: HubFile,
  part: PartialFile,
  onBytes: (there: number) => void,
): Promise<void> {
  const { hub, reference, signal } = source;
  const range: Record<string, string> = part.length > 0 ? { range: `bytes=${part.length}-` } : {};
  const { response, pieces } = await request(hub, addressOf(source, file), range, signal);
  if (response.status === 416 || (response.status === 206 && startOf(response) !== part.length)) {
    await response.body?.cancel();
    await part.restart();
    throw new Passing('a range was asked for, and another one given');
  }
  if (!response.ok) throw await refusedBy(hub, reference, response, { file: file.name });
  if (response.status !== 206) await part.restart();
  for await (const piece of pieces()) {
    refuseStopped(signal);
    if (part.length + piece.length > file.size) {
      const more = `more than ${file.size} bytes`;
      await part.restart();
      throw wrongFile(source, file, more);
    }
    await part.append(piece);
    onBytes(part.length);
  }
  if (part.length < file.size)
    throw new Passing(`${file.name} ended at ${part.length} of ${file.size} bytes`);
}

function addressOf({ hub, reference: { kind, id }, commit }: Source, { name }: HubFile): string {
  const place = kind === 'datasets' ? `datasets/${id}` : id;
  return `${hub.endpoint}/${place}/resolve/${commit}/${name.split('/').map(encodeURIComponent).join('/')}`;
}

/** The first byte of an answer to a range. */
function startOf(response: Response): number | undefined {
  const [, start] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? [];
  return start === undefined ? undefined : Number(start);
}

function wrongFile(
  { hub, reference: { id } }: Source,
  { name, size, etag }: HubFile,
  got: string,
): UserError {
  return new UserError('hub-file-wrong', {
    what: `What came as ${name} of ${id} is not that file, and was thrown away.`,
    got,
    expected: `${size} bytes with the hash ${etag}`,
    fix: `run the same command again; if it stays so, what stands between here and ${hub.endpoint} changes files`,
  });
}
