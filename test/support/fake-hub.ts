/** A hub on this machine, which can be told to behave badly. It answers as huggingface.co does, for Python as well. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = `${'a'.repeat(39)}1`;

export interface FakeFile {
  readonly name: string;
  readonly bytes: Buffer;
  /** Kept as git-lfs keeps large files, and given out by another host. */
  readonly lfs?: boolean;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly token: string | undefined;
  /** Bytes of the body that went out. */
  sent: number;
  readonly host: 'hub' | 'files';
}

/** Answers in the hub's place when it returns true; `count` is how often the path was asked for before. */
export type Fault = (
  asked: Asked,
  response: ServerResponse,
  count: number,
  bytes: Buffer | undefined,
) => boolean;

export interface FakeHub {
  readonly endpoint: string;
  /** The host of large files. */
  readonly filesHost: string;
  readonly asked: Asked[];
  /** What is done before an answer; may be changed at any time. */
  fault: Fault | undefined;
  repositories: Record<string, readonly FakeFile[]>;
  /** What the cards of repositories declare, by id. */
  cards: Record<string, object>;
  /** Revisions beside `main` and the commit. */
  revisions: Record<string, string>;
  close(): Promise<void>;
}

export const etagOf = ({ bytes, lfs }: FakeFile): string =>
  lfs
    ? createHash('sha256').update(bytes).digest('hex')
    : createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** @param repositories by `models/org/name` or `datasets/org/name`. */
export async function startFakeHub(repositories: FakeHub['repositories']): Promise<FakeHub> {
  const asked: Asked[] = [];
  const counts = new Map<string, number>();
  const blobs = new Map<string, FakeFile>();
  const note = (request: IncomingMessage, host: Asked['host']) => {
    const { method = '', url = '', headers } = request;
    const path = decodeURIComponent(url);
    const entry = { method, path, range: headers.range, token: headers.authorization, sent: 0, host };
    asked.push(entry);
    const count = counts.get(`${host}${path}`) ?? 0;
    counts.set(`${host}${path}`, count + 1);
    return [entry, count] as const;
  };
  const files = createServer((request, response) => {
    const [entry, count] = note(request, 'files');
    const file = blobs.get(entry.path.slice(1));
    if (hub.fault?.(entry, response, count, file?.bytes)) return;
    if (file === undefined) response.writeHead(403).end();
    else send(entry, response, file, { etag: '"of-the-other-host"' });
  });
  const server = createServer((request, response) => {
    const [entry, count] = note(request, 'hub');
    const found = find(hub, entry.path);
    if (hub.fault?.(entry, response, count, found.file?.bytes)) return;
    if (found.error !== undefined) return refuse(response, found.error);
    if (found.file === undefined)
      return tellFiles(response, found.id, found.repository!, entry.path, hub.cards);
    const { file } = found;
    const headers = { 'x-repo-commit': COMMIT, etag: `"${etagOf(file)}"` };
    if (!file.lfs) return send(entry, response, file, headers);
    blobs.set(etagOf(file), file);
    response.writeHead(302, {
      'x-repo-commit': COMMIT,
      'x-linked-etag': headers.etag,
      'x-linked-size': String(file.bytes.length),
      location: `${hub.filesHost}/${etagOf(file)}`,
    });
    response.end();
  });
  const addresses = await Promise.all([server, files].map(listen));
  const hub: FakeHub = {
    endpoint: addresses[0]!,
    filesHost: addresses[1]!,
    asked,
    fault: undefined,
    repositories,
    cards: {},
    revisions: {},
    close: async () => {
      for (const one of [server, files]) {
        one.closeAllConnections();
        await new Promise((done) => one.close(done));
      }
    },
  };
  return hub;
}

function listen(server: ReturnType<typeof createServer>): Promise<string> {
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      done(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}

interface Found {
  readonly id: string;
  readonly repository?: readonly FakeFile[];
  readonly file?: FakeFile;
  readonly error?: readonly [status: number, code: string];
}

function find({ repositories, revisions }: FakeHub, path: string): Found {
  const plain = path.replace(/\?.*$/, '');
  const api = /^\/api\/(models|datasets)\/([^/]+\/[^/]+)(?:\/(?:revision|tree)\/(.+))?$/.exec(plain);
  const resolve = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(plain);
  const kind = api?.[1] ?? (resolve?.[1] === undefined ? 'models' : 'datasets');
  const id = api?.[2] ?? resolve?.[2] ?? '';
  const isFolder = /\/tree\/(main|[0-9a-f]{40})\//.test(plain);
  const named = isFolder ? api?.[3]?.split('/')[0] : api?.[3];
  const revision = api === null ? resolve?.[3] : (named ?? 'main');
  const repository = repositories[`${kind}/${id}`];
  if (repository === undefined) return { id, error: [404, 'RepoNotFound'] };
  if (revision !== 'main' && revision !== COMMIT && revisions[revision!] === undefined)
    return { id, error: [404, 'RevisionNotFound'] };
  // A folder of the tree: none of the repositories has one that is asked for.
  if (resolve === null && isFolder) return { id, error: [404, 'EntryNotFound'] };
  if (resolve === null) return { id, repository };
  const file = repository.find(({ name }) => name === resolve[4]);
  return file === undefined ? { id, error: [404, 'EntryNotFound'] } : { id, file };
}

export function refuse(response: ServerResponse, [status, code]: readonly [number, string]): void {
  const commit: Record<string, string> = code === 'EntryNotFound' ? { 'x-repo-commit': COMMIT } : {};
  const told = { 'x-error-code': code, 'x-error-message': `${code}, says the hub` };
  response.writeHead(status, { ...told, ...commit }).end();
}

function tellFiles(
  response: ServerResponse,
  id: string,
  repository: readonly FakeFile[],
  path: string,
  cards: FakeHub['cards'],
): void {
  const told = repository.map((file) => {
    const [size, blobId] = [file.bytes.length, etagOf({ ...file, lfs: false })];
    const lfs = file.lfs ? { sha256: etagOf(file), oid: etagOf(file), size, pointerSize: 134 } : undefined;
    return path.includes('/tree/')
      ? { type: 'file', path: file.name, size, oid: blobId, lfs }
      : { rfilename: file.name, size, blobId, lfs };
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  const card = cards?.[id];
  response.end(
    JSON.stringify(path.includes('/tree/') ? told : { id, sha: COMMIT, siblings: told, cardData: card }),
  );
}

function send(
  entry: Asked,
  response: ServerResponse,
  { bytes }: FakeFile,
  headers: Readonly<Record<string, string>>,
): void {
  const start = Number(/^bytes=(\d+)-$/.exec(entry.range ?? '')?.[1] ?? 0);
  const part = bytes.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, {
    ...headers,
    'content-length': part.length,
    'accept-ranges': 'bytes',
    ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
  });
  if (entry.method === 'HEAD') return void response.end();
  entry.sent = part.length;
  response.end(part);
}
