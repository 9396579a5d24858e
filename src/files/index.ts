/**
 * Room `files`: reading exact ranges of files, writing files and folders whole or not at all, and the operating
 * system's refusals told as mistakes that a person can mend. It imports only `errors`.
 */
export { type FileRange, fileEnds, readExactly, readPieces, withFile } from './read-range.ts';
export { readingError, refusalOf, tellWriteErrors, writingError } from './refusals.ts';
export { SequentialReader } from './sequential-reader.ts';
export { inTemporaryFolder } from './temporary-folder.ts';
export { makeFolder, writeFileAtomically, writeTextAtomically } from './write-file.ts';
export { refuseExisting, writeFolderAtomically } from './write-folder.ts';
