/** A file that is being downloaded: what is there of it, and the hash of that. */
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, writingError } from '../files/index.ts';
import type { HubFile } from './repository-info.ts';

const PIECE = 2 ** 22;

export class PartialFile {
  private readonly path: string;
  private readonly file: HubFile;
  private readonly handle: FileHandle;
  private hash: Hash;
  private count = 0;

  /** Opens what an earlier run left, or begins. */
  static async open(path: string, file: HubFile): Promise<PartialFile> {
    try {
      makeFolder(dirname(path));
      const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
      const partial = new PartialFile(path, file, handle);
      await partial.readAgain();
      return partial;
    } catch (error) {
      throw writingError(path, error);
    }
  }

  private constructor(path: string, file: HubFile, handle: FileHandle) {
    this.path = path;
    this.file = file;
    this.handle = handle;
    this.hash = newHash(file);
  }

  /** Bytes that are there. */
  get length(): number {
    return this.count;
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; )
        done += (await this.handle.write(bytes, done, bytes.length - done, this.count + done)).bytesWritten;
    } catch (error) {
      throw writingError(this.path, error);
    }
    this.hash.update(bytes);
    this.count += bytes.length;
  }

  /** Begins again with nothing. */
  async restart(): Promise<void> {
    await this.handle.truncate(0);
    this.hash = newHash(this.file);
    this.count = 0;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  /** Gives it its name when it is what it should be. @returns the hash of what it is otherwise, removed. */
  async become(path: string): Promise<string | undefined> {
    const found = this.hash.digest('hex');
    if (found !== this.file.etag) {
      await rm(this.path, { force: true });
      return found;
    }
    try {
      await this.handle.sync();
      await rename(this.path, path);
    } catch (error) {
      throw writingError(path, error);
    }
    return undefined;
  }

  private async readAgain(): Promise<void> {
    const { size } = await this.handle.stat();
    if (size > this.file.size) return this.restart();
    const buffer = Buffer.alloc(Math.min(PIECE, size));
    while (this.count < size) {
      const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, this.count);
      if (bytesRead === 0) return;
      this.hash.update(buffer.subarray(0, bytesRead));
      this.count += bytesRead;
    }
  }
}

/** Large files are named by their sha256; small ones by git's sha1 of a blob, which begins with its length. */
function newHash({ etag, size }: HubFile): Hash {
  return etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}
