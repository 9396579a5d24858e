/** What a file is by its first bytes, for telling what stands in a file's place. */

const CONVERT = 'save the model as safetensors: model.save_pretrained(folder, safe_serialization=True)';
const UNPACK = 'unpack it and name the folder or file inside';
const DOWNLOAD = 'download the file itself, with the access that it needs';

/** How many of a file's first bytes tell its kind. */
export const KIND_BYTES = 512;

interface Kind {
  /** With its article, for a message. */
  readonly name: string;
  /** What to do where a file of a model was wanted. */
  readonly fix: string;
  /** @param text the bytes as Latin-1. */
  readonly fits: (text: string, bytes: Uint8Array) => boolean;
}

/** In the order in which they are tried. */
const KINDS = {
  // First: a header's length may begin with the bytes of any other kind, but not be below 100 MB and go on with `{`.
  safetensors: {
    name: 'a safetensors file',
    fix: 'name the folder that it stands in',
    fits: (text, bytes: Uint8Array) => text.slice(4, 9) === '\0\0\0\0{' && bytes[3]! < 6,
  },
  empty: {
    name: 'an empty file',
    fix: 'download or copy the file again',
    fits: (text) => text === '',
  },
  lfs: {
    name: 'a Git LFS pointer, not the file that it stands for',
    fix: 'fetch the file: git lfs pull',
    fits: (text) => text.startsWith('version https://git-lfs.github.com/spec/'),
  },
  html: {
    name: 'a web page',
    fix: DOWNLOAD,
    fits: (text) => /^(\u00ef\u00bb\u00bf)?\s*<(!doctype html|html|head|body|!--|\?xml)/i.test(text),
  },
  gguf: {
    name: 'a GGUF file',
    fix: 'name it as the model itself',
    fits: (text) => text.startsWith('GGUF'),
  },
  ggml: {
    name: 'a file of GGML, which GGUF came after',
    fix: 'convert the model to GGUF with a current llama.cpp',
    fits: (text) => /^(lmgg|fmgg|tjgg|algg|ggml|ggmf|ggjt|ggla)/.test(text),
  },
  pytorch: {
    name: 'a PyTorch checkpoint (pickled)',
    fix: CONVERT,
    fits: (text) => text.startsWith('PK\u0003\u0004') && text.includes('data.pkl'),
  },
  zip: {
    name: 'a zip archive',
    fix: UNPACK,
    fits: (text) => text.startsWith('PK\u0003\u0004'),
  },
  pickle: {
    name: 'a Python pickle',
    fix: CONVERT,
    fits: (_, bytes: Uint8Array) => bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5,
  },
  gzip: { name: 'a gzip archive', fix: UNPACK, fits: (text) => text.startsWith('\u001f\u008b') },
  bzip2: { name: 'a bzip2 archive', fix: UNPACK, fits: (text) => /^BZh[1-9]/.test(text) },
  xz: { name: 'an xz archive', fix: UNPACK, fits: (text) => text.startsWith('\u00fd7zXZ\0') },
  zstd: { name: 'a Zstandard archive', fix: UNPACK, fits: (text) => text.startsWith('(\u00b5/\u00fd') },
  sevenZip: { name: 'a 7-Zip archive', fix: UNPACK, fits: (text) => text.startsWith('7z\u00bc\u00af') },
  tar: { name: 'a tar archive', fix: UNPACK, fits: (text) => text.slice(257, 262) === 'ustar' },
  hdf5: { name: 'an HDF5 file', fix: CONVERT, fits: (text) => text.startsWith('\u0089HDF\r\n') },
  numpy: { name: 'a NumPy array', fix: CONVERT, fits: (text) => text.startsWith('\u0093NUMPY') },
  parquet: { name: 'a Parquet file', fix: DOWNLOAD, fits: (text) => text.startsWith('PAR1') },
  arrow: { name: 'an Arrow file', fix: DOWNLOAD, fits: (text) => text.startsWith('ARROW1') },
  pdf: { name: 'a PDF', fix: DOWNLOAD, fits: (text) => text.startsWith('%PDF') },
  sqlite: { name: 'an SQLite database', fix: DOWNLOAD, fits: (text) => text.startsWith('SQLite format 3') },
  utf16: {
    name: 'a text in UTF-16',
    fix: 'convert it: iconv -f utf-16 -t utf-8',
    fits: (text) => /^(\u00ff\u00fe|\u00fe\u00ff)/.test(text),
  },
  json: {
    name: 'a JSON file',
    fix: DOWNLOAD,
    fits: (text) => /^\s*[{[]\s*("|\{|\[|\d|[\]}]|$)/.test(text),
  },
  text: {
    name: 'a short text',
    fix: DOWNLOAD,
    fits: (text) => text.length > 8 && text.length < KIND_BYTES && /^[\t\n\r\u0020-\u007e]*$/.test(text),
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof KINDS;

/** A kind of file, in words for a message. */
export interface FileKind {
  readonly id: KindName;
  /** With its article: "a web page". */
  readonly name: string;
  /** What to do where a file of a model was wanted. */
  readonly fix: string;
}

/** The kind of a file that begins with these bytes (its first {@link KIND_BYTES}), where it is known. */
export function recognizeKind(bytes: Uint8Array): FileKind | undefined {
  const text = Buffer.from(bytes.subarray(0, KIND_BYTES)).toString('latin1');
  const found = (Object.entries(KINDS) as [KindName, Kind][]).find(([, { fits }]) => fits(text, bytes));
  return found === undefined ? undefined : { id: found[0], name: found[1].name, fix: found[1].fix };
}
