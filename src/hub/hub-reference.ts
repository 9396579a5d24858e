/** What a person writes to name something on the hub. */

export interface HubReference {
  readonly kind: 'models' | 'datasets';
  /** `org/name` */
  readonly id: string;
  /** A branch, tag or commit; `main` when none was named. */
  readonly revision: string;
  /** A file of the repository. */
  readonly file: string | undefined;
  /** What stood behind a colon: `Q4_K_M` of a GGUF repository, `config/split` of a data set. */
  readonly part: string | undefined;
}

const NAME = /^[A-Za-z0-9_][\w.-]{0,95}$/;
/** Endings of files: `data/notes.txt` is a path, and never the name of a repository. */
const FILE_NAME = /\.(gguf|safetensors|bin|pt|pth|jsonl?|ndjson|parquet|csv|tsv|txt|md|ya?ml|gz|zst)$/i;
const ADDRESS = /^(?:hf:\/\/|https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/)(?:models\/)?/;
/** A page of the hub: what is shown, and of which revision. */
const PAGE = /^([^/]+\/[^/]+)\/(?:tree|blob|resolve|raw)\/([^/]+)(\/.+)?$/;

/**
 * `org/name[@revision]`, with `:part` or `/file` behind the name, or the address of its page; undefined for what can only
 * be a path. Whether a path of that name exists is not asked here.
 */
export function parseHubReference(text: string, kind: HubReference['kind']): HubReference | undefined {
  let rest = text.replace(ADDRESS, '').replace(/[?#].*$/, '');
  const isAddress = rest !== text && ADDRESS.test(text);
  if (!isAddress) rest = text;
  rest = rest.replace(/^datasets\//, kind === 'datasets' ? '' : '$&');
  if (isAddress) rest = rest.replace(/\/+$/, '').replace(PAGE, '$1$3@$2');
  const [, place = '', revision, behind] = /^([^@]*)(?:@([^:]+))?(?::(.+))?$/.exec(rest) ?? [];
  const [, path = '', before] = /^([^:]*)(?::(.+))?$/.exec(place) ?? [];
  const part = before ?? behind;
  const [organization = '', name = '', ...folders] = path.split('/');
  if (![organization, name].every(isName) || (before !== undefined && behind !== undefined)) return undefined;
  const file = folders.length === 0 ? undefined : folders.join('/');
  if (file === undefined ? FILE_NAME.test(name) : !FILE_NAME.test(file) || part !== undefined)
    return undefined;
  if (file !== undefined && !isFileName(file)) return undefined;
  if (revision !== undefined && !/^[\w.\-/]+$/.test(revision)) return undefined;
  if (revision?.includes('..')) return undefined;
  return { kind, id: `${organization}/${name}`, revision: revision ?? 'main', file, part };
}

const isName = (name: string): boolean =>
  NAME.test(name) && !/--|\.\.|\.git$|[.-]$/.test(name) && !name.startsWith('.');

/** Whether a name of a repository's file stays inside its folder on this machine. */
export const isFileName = (name: string): boolean =>
  name.split('/').every((part) => !['', '.', '..'].includes(part)) && !/[\\\0]/.test(name);

/** As it is written, with the revision where it is not the main one. */
export function tellReference({ id, revision, file, part }: HubReference): string {
  const place = file === undefined ? id : `${id}/${file}`;
  return `${place}${revision === 'main' ? '' : `@${revision}`}${part === undefined ? '' : `:${part}`}`;
}
