/**
 * Room `files`: reading exact ranges of files, and text and JSON of a bounded size; what a file is by its first bytes;
 * writing files and folders whole or not at all; one process at a time in a folder; the operating system's refusals told as mistakes that a person can
 * mend. It imports only `errors`.
 */
export { followLink } from './follow-link.ts';
export { JsonScanner } from './json-scanner.ts';
export { type FolderLock, isLockFile, lockFolder } from './lock-folder.ts';
export {
  findRepeatedKey,
  type JsonFile,
  notJson,
  parseJson,
  readJsonFile,
  readJsonObject,
  readTextFile,
  SIZE_LIMITS,
} from './read-json.ts';
export { type FileRange, fileEnds, readExactly, readFirstBytes, readPieces, withFile } from './read-range.ts';
export { type FileKind, type KindName, recognizeKind } from './recognize-file.ts';
export { readingError, refusalOf, systemRefusal, tellWriteErrors, writingError } from './refusals.ts';
export { removeOwnRemains, removeRemains } from './remains.ts';
export { SequentialReader } from './sequential-reader.ts';
export { inTemporaryFolder, makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts';
export { makeFolder, writeFileAtomically, writeTextAtomically } from './write-file.ts';
export { refuseExisting, writeFolderAtomically } from './write-folder.ts';
