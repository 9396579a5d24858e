/**
 * The cache of the Hugging Face hub, as huggingface_hub lays it out: `blobs` by their hash, `snapshots/<commit>` with
 * links into them under the names of files, `refs` from branches and tags to commits, and in `.no_exist` the names that
 * a commit is known to lack.
 */
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { makeFolder, tellWriteErrors, writeTextAtomically } from '../files/index.ts';
import type { HubReference } from './hub-reference.ts';

const COMMIT = /^[0-9a-f]{40}$/;

/** The part of the cache that one repository has. */
export class CachedRepository {
  readonly folder: string;
  /** Where processes that fill it take turns. */
  readonly lockFolder: string;

  constructor(cache: string, { kind, id }: Pick<HubReference, 'kind' | 'id'>) {
    const name = `${kind}--${id.replace('/', '--')}`;
    this.folder = resolve(cache, name);
    this.lockFolder = resolve(cache, '.locks', name);
  }

  /** The commit that a revision stood for when it was last asked for. */
  commitOf(revision: string): string | undefined {
    if (COMMIT.test(revision)) return revision;
    try {
      const commit = readFileSync(join(this.folder, 'refs', revision), 'utf8').trim();
      return COMMIT.test(commit) ? commit : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps that answer, unless it is kept already: a cache may be shared and not writable. */
  keepCommit(revision: string, commit: string): void {
    if (revision === commit || this.commitOf(revision) === commit) return;
    const path = join(this.folder, 'refs', revision);
    tellWriteErrors(path, () => makeFolder(dirname(path)));
    writeTextAtomically(path, commit);
  }

  blob(etag: string): string {
    return join(this.folder, 'blobs', etag);
  }

  snapshot(commit: string): Snapshot {
    return new Snapshot(this, commit);
  }
}

/** The files of one commit, as far as they are there. */
export class Snapshot {
  readonly folder: string;
  readonly commit: string;
  private readonly repository: CachedRepository;

  constructor(repository: CachedRepository, commit: string) {
    this.repository = repository;
    this.commit = commit;
    this.folder = join(repository.folder, 'snapshots', commit);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Whether a file is there, and not only a link whose blob was removed. */
  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** Whether the commit is known to have no such file. */
  lacks(name: string): boolean {
    return existsSync(this.marker(name));
  }

  /** Names of the files that are there. */
  names(): string[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .map((name) => name.split(sep).join('/'))
      .filter((name) => statSync(this.path(name), { throwIfNoEntry: false })?.isFile())
      .toSorted();
  }

  /** Puts a blob that is there under its name; a link takes the place of what stood there. */
  link(name: string, etag: string): void {
    const path = this.path(name);
    const target = relative(dirname(path), this.repository.blob(etag));
    tellWriteErrors(path, () => {
      makeFolder(dirname(path));
      const passing = `${path}.${process.pid}.tmp`;
      rmSync(passing, { force: true });
      symlinkSync(target, passing);
      renameSync(passing, path);
    });
  }

  /** Keeps that the commit has no such file. */
  keepLack(name: string): void {
    const path = this.marker(name);
    if (existsSync(path)) return;
    tellWriteErrors(path, () => {
      makeFolder(dirname(path));
      writeFileSync(path, '');
    });
  }

  private marker(name: string): string {
    return join(this.repository.folder, '.no_exist', this.commit, name);
  }
}

/** What a path in a hub's cache holds. */
export interface HubOrigin {
  /** `org/name` */
  readonly id: string;
  readonly commit: string;
  /** The file, where the path is one. */
  readonly file?: string;
}

const SNAPSHOT = /[/\\]models--([^/\\]+?)--([^/\\]+)[/\\]snapshots[/\\]([0-9a-f]{40})(?:[/\\](.+))?$/;

/** The id and commit of a model by its path, when that lies in a cache of the hub. */
export function hubOrigin(path: string): HubOrigin | undefined {
  const [, organization, name, commit, file] = SNAPSHOT.exec(resolve(path)) ?? [];
  if (organization === undefined || commit === undefined) return undefined;
  const id = `${organization}/${name}`;
  return file === undefined ? { id, commit } : { id, commit, file: file.split(sep).join('/') };
}
