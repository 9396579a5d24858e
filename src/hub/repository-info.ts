/** What a repository holds at a revision, by one question to the hub's API. */
import { z } from 'zod';
import { UserError } from '../errors/index.ts';
import { parseJson, SIZE_LIMITS } from '../files/index.ts';
import { type HubReference, isFileName } from './hub-reference.ts';
import { notHereNorThere, refusedBy } from './hub-refusal.ts';
import { type Answer, request, withRetries } from './hub-request.ts';
import type { HubSettings } from './hub-settings.ts';

/** A file of a repository. */
export interface HubFile {
  readonly name: string;
  readonly size: number;
  /** What names its blob in the cache: the sha256 of a large file, git's sha1 of a small one. */
  readonly etag: string;
}

export interface RepositoryInfo {
  readonly commit: string;
  readonly files: readonly HubFile[];
  /** Configurations that a data set's card declares: which files each split has, as patterns. */
  readonly configs: readonly DataConfig[];
}

export interface DataConfig {
  readonly name: string;
  readonly splits: readonly {
    /** null where names of files tell it. */
    readonly split: string | null;
    readonly patterns: readonly string[];
  }[];
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const sha1 = z.string().regex(/^[0-9a-f]{40}$/);
const size = z.int().nonnegative();
const sibling = z.object({
  rfilename: z.string(),
  size: size.optional(),
  blobId: sha1.optional(),
  lfs: z.object({ sha256, size }).nullish(),
});
const answer = z.object({ sha: sha1, siblings: z.array(sibling), cardData: z.unknown().optional() });

const patterns = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const dataFiles = z.union([
  patterns.transform((found) => [{ split: 'train', path: found }]),
  z.array(z.object({ split: z.string(), path: patterns })),
]);
const card = z.object({
  configs: z.array(
    z.object({
      config_name: z.string().default('default'),
      data_files: dataFiles.optional(),
      data_dir: z.string().default('.'),
    }),
  ),
});

/** @throws UserError those of `refusedBy` and `request`; `hub-answer` for an answer that is no list of files. */
export async function askRepository(
  hub: HubSettings,
  reference: HubReference,
  signal: AbortSignal | undefined,
): Promise<RepositoryInfo> {
  const { kind, id, revision } = reference;
  const address = `${hub.endpoint}/api/${kind}/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const text = await withRetries(hub, signal, async () => {
    const answered = await request(hub, address, { accept: 'application/json' }, signal);
    if (answered.response.ok) return readText(answered);
    const isRevision = answered.response.headers.get('x-error-code') === 'RevisionNotFound';
    const revisions = isRevision ? await askRevisions(hub, reference, signal) : [];
    throw await refusedBy(hub, reference, answered.response, { revisions });
  }).catch((error: unknown) => {
    throw notHereNorThere(hub, reference, error);
  });
  const found = answer.safeParse(tryToParse(text));
  if (!found.success) {
    throw new UserError('hub-answer', {
      what: `${hub.endpoint} does not answer as a hub does.`,
      got: text.slice(0, 200),
      expected: 'a commit and a list of files',
      fix: 'check HF_ENDPOINT, and whether the network asks for a login',
    });
  }
  const { sha, siblings, cardData } = found.data;
  const files = siblings.flatMap(toFile);
  if (files.length > 0 || siblings.length === 0) return { commit: sha, files, configs: toConfigs(cardData) };
  throw new UserError('hub-answer', {
    what: `${hub.endpoint} does not say of what size its files are, and with which hashes.`,
    got: `names alone, of ${siblings.length} files`,
    expected: 'what huggingface.co tells for ?blobs=true',
    fix: 'use another HF_ENDPOINT, or download with `hf download` and name the folder',
  });
}

const refs = z.object({
  branches: z.array(z.object({ name: z.string() })).default([]),
  tags: z.array(z.object({ name: z.string() })).default([]),
});

/** Branches and tags, for the one who named another; none when the hub does not say. */
async function askRevisions(
  hub: HubSettings,
  { kind, id }: HubReference,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  try {
    const answered = await request(hub, `${hub.endpoint}/api/${kind}/${id}/refs`, {}, signal);
    const found = refs.parse(tryToParse(await readText(answered)));
    return [...found.branches, ...found.tags].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Files without a hash are not told of: what they should be could not be known. */
function toFile({ rfilename: name, size, blobId, lfs }: z.infer<typeof sibling>): HubFile[] {
  if (!isFileName(name)) return [];
  if (lfs) return [{ name, size: lfs.size, etag: lfs.sha256 }];
  return size === undefined || blobId === undefined ? [] : [{ name, size, etag: blobId }];
}

function toConfigs(data: unknown): DataConfig[] {
  const found = card.safeParse(data);
  if (!found.success) return [];
  return found.data.configs.map(({ config_name: name, data_files, data_dir }) => ({
    name,
    splits: data_files?.map(({ split, path }) => ({ split, patterns: path })) ?? [
      { split: null, patterns: [data_dir === '.' ? '**' : data_dir] },
    ],
  }));
}

async function readText({ pieces }: Answer): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces()) {
    parts.push(piece);
    length += piece.length;
    if (length > SIZE_LIMITS.index) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

function tryToParse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
