/** A model of the hub as a path on this machine. */
import { UserError } from '../errors/index.ts';
import { parseJson, readTextFile, SIZE_LIMITS } from '../files/index.ts';
import { ASIDE, CONFIG_FILE, chooseModel, filesAside, INDEX_FILE, TOKENIZER_FILES } from './choose-files.ts';
import { fillCache, type HubOptions, inTurn } from './fill-cache.ts';
import { CachedRepository, type Snapshot } from './hub-cache.ts';
import { type HubReference, tellReference } from './hub-reference.ts';
import { type HubSettings, readHubSettings } from './hub-settings.ts';
import { askRepository, type HubFile, type RepositoryInfo } from './repository-info.ts';

/** What is needed of a model. */
export type ModelNeed = 'model' | 'tokenizer';

/**
 * The folder of a model, or its GGUF file, in the cache of the hub. What the cache has of the revision is taken from there
 * and nothing is asked; else the files that are missing are downloaded, and only those that are needed.
 *
 * @throws UserError `hub-offline`, and those of the reading of settings, of requests, choices and downloads.
 */
export async function fetchModel(
  reference: HubReference,
  need: ModelNeed,
  options: HubOptions = {},
): Promise<string> {
  const { hub = readHubSettings(), signal, onDownload, onNote } = options;
  const repository = new CachedRepository(hub.cache, reference);
  const commit = repository.commitOf(reference.revision);
  const snapshot = commit === undefined ? undefined : repository.snapshot(commit);
  const find = (isSure: boolean) => snapshot && findCached(snapshot, reference, need, isSure);
  const cached = find(!hub.offline);
  if (cached !== undefined) return cached;
  if (hub.offline) throw offline(hub, reference, snapshot);
  let info: RepositoryInfo;
  try {
    info = await askRepository(hub, reference, signal);
  } catch (error) {
    const old = error instanceof UserError && error.code === 'hub-unreachable' ? find(false) : undefined;
    if (old === undefined) throw error;
    onNote?.(`${hub.endpoint} could not be reached: ${reference.id} is taken as the cache has it.`);
    return old;
  }
  const source = { hub, reference, commit: info.commit, signal };
  const fill = (names: readonly string[]) =>
    fillCache(source, repository, pick(info, names, reference), onDownload);
  return inTurn(repository.lockFolder, options, async () => {
    const path = await fetchNeeded(info, repository.snapshot(info.commit), reference, need, fill, options);
    repository.keepCommit(reference.revision, info.commit);
    return path;
  });
}

/** Downloads small files before large ones: where the weights are whole, nothing else is missing. */
async function fetchNeeded(
  info: RepositoryInfo,
  snapshot: Snapshot,
  reference: HubReference,
  need: ModelNeed,
  fill: (names: readonly string[]) => Promise<void>,
  { beforeWeights }: HubOptions,
): Promise<string> {
  const names = info.files.map(({ name }) => name);
  const choice = need === 'model' ? chooseModel(names, reference) : undefined;
  if (choice?.form === 'gguf') {
    await fill(choice.files);
    return snapshot.path(choice.files[0]!);
  }
  await fill(filesAside(names));
  for (const name of [...ASIDE, INDEX_FILE]) if (!names.includes(name)) snapshot.keepLack(name);
  if (choice === undefined) return snapshot.folder;
  beforeWeights?.(snapshot.folder);
  await fill([choice.weights]);
  if (choice.weights === INDEX_FILE) await fill(shardsOf(snapshot));
  return snapshot.folder;
}

/** @param isSure whether files beside the weights must be there, or be known not to exist. */
function findCached(
  snapshot: Snapshot,
  reference: HubReference,
  need: ModelNeed,
  isSure: boolean,
): string | undefined {
  const isSettled = (name: string) => snapshot.has(name) || (isSure ? snapshot.lacks(name) : true);
  const hasTokenizer = TOKENIZER_FILES.every(isSettled);
  if (need === 'tokenizer')
    return hasTokenizer && snapshot.has(TOKENIZER_FILES[0]) ? snapshot.folder : undefined;
  const isNamed = reference.file !== undefined || reference.part !== undefined;
  if (!isNamed && snapshot.has(CONFIG_FILE) && hasTokenizer && hasWeights(snapshot)) return snapshot.folder;
  // Of a repository with one GGUF file in the cache, only the hub knows whether it has more of them.
  if (!isNamed && isSure) return undefined;
  try {
    const choice = chooseModel(snapshot.names(), reference);
    return choice.form === 'gguf' ? snapshot.path(choice.files[0]!) : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function hasWeights(snapshot: Snapshot): boolean {
  if (snapshot.has(INDEX_FILE)) return shardsOf(snapshot).every((name) => snapshot.has(name));
  return snapshot.has('model.safetensors');
}

/** The files that an index names; what is wrong with an index is told by who opens the model. */
function shardsOf(snapshot: Snapshot): string[] {
  try {
    const index = parseJson(readTextFile(snapshot.path(INDEX_FILE), SIZE_LIMITS.index));
    const map = (index as { weight_map?: unknown } | null)?.weight_map;
    return [...new Set(Object.values(map ?? {}))].filter((name) => typeof name === 'string').toSorted();
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function pick({ files }: RepositoryInfo, names: readonly string[], { id }: HubReference): HubFile[] {
  return names.map((name) => {
    const file = files.find((one) => one.name === name);
    if (file !== undefined) return file;
    throw new UserError('hub-no-model', {
      what: `The model ${id} is not whole on the hub.`,
      got: `no file ${name}, which its index names`,
      fix: 'choose another revision, or another model',
    });
  });
}

function offline(hub: HubSettings, reference: HubReference, snapshot: Snapshot | undefined): UserError {
  const there = snapshot?.names() ?? [];
  return new UserError('hub-offline', {
    what: `There is no file or folder ${reference.id} here, and as a model of the hub it is not whole in the cache.`,
    got:
      snapshot === undefined
        ? `nothing of ${tellReference(reference)} in ${hub.cache}`
        : `${there.slice(0, 8).join(', ') || 'nothing'} in ${snapshot.folder}`,
    expected: 'all files of the model: HF_HUB_OFFLINE is set, so that none can be downloaded',
    fix: 'unset HF_HUB_OFFLINE, or set HF_HOME to the folder whose hub/ has the model',
  });
}
