/** What a file is by its first bytes, for telling what stands in a file's place. */

/** A kind of file, in words for a message. */
export interface FileKind {
  /** Set for the kinds that a program asks about. */
  readonly format?: 'gguf' | 'safetensors' | 'json' | 'text';
  /** With its article: "a Git LFS pointer". */
  readonly name: string;
  /** What to do where a model's file was wanted. */
  readonly fix: string;
}

/** How many of a file's first bytes tell its kind. */
export const KIND_BYTES = 512;

const CONVERT = 'save the model as safetensors: model.save_pretrained(folder, safe_serialization=True)';
const UNPACK = 'unpack it and name the folder or file inside';
const DOWNLOAD = 'download the file itself, with the access that it needs';

type Test = (bytes: Uint8Array, text: string) => boolean;

const KINDS: readonly (readonly [test: Test, kind: FileKind])[] = [
  // First: a header's length may begin with the bytes of any other kind, but not be below 100 MB and go on with `{`.
  [
    (bytes, text) => text.slice(4, 9) === '\0\0\0\0{' && bytes[3]! < 6,
    { format: 'safetensors', name: 'a safetensors file', fix: 'name the folder that it stands in' },
  ],
  [(bytes) => bytes.length === 0, { name: 'an empty file', fix: 'download or copy the file again' }],
  [
    (_, text) => text.startsWith('version https://git-lfs.github.com/spec/'),
    { name: 'a Git LFS pointer, not the file that it stands for', fix: 'fetch the file: git lfs pull' },
  ],
  [
    (_, text) => /^(\u00ef\u00bb\u00bf)?\s*<(!doctype html|html|head|body|!--|\?xml)/i.test(text),
    { name: 'a web page', fix: DOWNLOAD },
  ],
  [
    (_, text) => text.startsWith('GGUF'),
    { format: 'gguf', name: 'a GGUF file', fix: 'name it as the model itself' },
  ],
  [
    (_, text) => /^(lmgg|fmgg|tjgg|algg|ggml|ggmf|ggjt|ggla)/.test(text),
    {
      name: 'a file of GGML, which GGUF came after',
      fix: 'convert the model to GGUF with a current llama.cpp',
    },
  ],
  [
    (_, text) => text.startsWith('PK\u0003\u0004') && text.includes('data.pkl'),
    { name: 'a PyTorch checkpoint (pickled)', fix: CONVERT },
  ],
  [(_, text) => text.startsWith('PK\u0003\u0004'), { name: 'a zip archive', fix: UNPACK }],
  [
    (bytes) => bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5,
    { name: 'a Python pickle', fix: CONVERT },
  ],
  [(_, text) => text.startsWith('\u001f\u008b'), { name: 'a gzip archive', fix: UNPACK }],
  [(_, text) => text.startsWith('BZh'), { name: 'a bzip2 archive', fix: UNPACK }],
  [(_, text) => text.startsWith('\u00fd7zXZ\0'), { name: 'an xz archive', fix: UNPACK }],
  [(_, text) => text.startsWith('(\u00b5/\u00fd'), { name: 'a Zstandard archive', fix: UNPACK }],
  [(_, text) => text.startsWith('7z\u00bc\u00af\u0027\u001c'), { name: 'a 7-Zip archive', fix: UNPACK }],
  [(_, text) => text.slice(257, 262) === 'ustar', { name: 'a tar archive', fix: UNPACK }],
  [(_, text) => text.startsWith('\u0089HDF\r\n'), { name: 'an HDF5 file', fix: CONVERT }],
  [(_, text) => text.startsWith('\u0093NUMPY'), { name: 'a NumPy array', fix: CONVERT }],
  [(_, text) => text.startsWith('PAR1'), { name: 'a Parquet file', fix: DOWNLOAD }],
  [
    (_, text) => /^\s*[{[]\s*("|\{|\[|\d|[\]}]|$)/.test(text),
    { format: 'json', name: 'a JSON file', fix: DOWNLOAD },
  ],
  [
    (bytes, text) => bytes.length > 8 && bytes.length < KIND_BYTES && /^[\t\n\r\u0020-\u007e]*$/.test(text),
    { format: 'text', name: 'a short text', fix: DOWNLOAD },
  ],
];

/** The kind of a file that begins with these bytes (its first {@link KIND_BYTES}), where it is known. */
export function recognizeKind(bytes: Uint8Array): FileKind | undefined {
  const text = Buffer.from(bytes.subarray(0, KIND_BYTES)).toString('latin1');
  return KINDS.find(([test]) => test(bytes, text))?.[1];
}
