/** A data set of the hub as files on this machine. */
import { UserError } from '../errors/index.ts';
import { chooseData } from './choose-data.ts';
import { fillCache, type HubOptions, inTurn } from './fill-cache.ts';
import { CachedRepository } from './hub-cache.ts';
import { type HubReference, tellReference } from './hub-reference.ts';
import { readHubSettings } from './hub-settings.ts';
import { askRepository, type RepositoryInfo } from './repository-info.ts';

/**
 * The files of a data set, in the cache of the hub. A file that was named is taken from there and nothing is asked; which
 * files a split has, the hub is asked each time, and the cache where it may not be asked or cannot be reached.
 *
 * @throws UserError `hub-offline`, and those of settings, requests, choices and downloads.
 */
export async function fetchData(
  reference: HubReference,
  options: HubOptions = {},
): Promise<readonly string[]> {
  const { hub = readHubSettings(), signal, onDownload, onNote } = options;
  const repository = new CachedRepository(hub.cache, reference);
  const commit = repository.commitOf(reference.revision);
  const snapshot = commit === undefined ? undefined : repository.snapshot(commit);
  if (reference.file !== undefined && snapshot?.has(reference.file)) return [snapshot.path(reference.file)];
  const findCached = () => {
    const names = snapshot?.names() ?? [];
    if (snapshot === undefined || names.length === 0 || reference.file !== undefined) return undefined;
    const found = chooseData(names, [], reference);
    onNote?.(
      `Of ${tellReference(reference)} the cache has ${found.length} ${found.length === 1 ? 'file' : 'files'}; whether that is all of it was not asked.`,
    );
    return found.map((name) => snapshot.path(name));
  };
  if (hub.offline) {
    const cached = findCached();
    if (cached !== undefined) return cached;
    throw new UserError('hub-offline', {
      what: `There is no file ${tellReference(reference)} here, and as a data set of the hub it is not in the cache.`,
      got: `nothing of it in ${hub.cache}, and HF_HUB_OFFLINE is set`,
      fix: 'unset HF_HUB_OFFLINE, or set HF_HOME to the folder whose hub/ has it',
    });
  }
  let info: RepositoryInfo;
  try {
    info = await askRepository(hub, reference, signal);
  } catch (error) {
    const isAway = error instanceof UserError && error.code === 'hub-unreachable';
    const cached = isAway ? findCached() : undefined;
    if (cached === undefined) throw error;
    return cached;
  }
  const chosen = chooseData(
    info.files.map(({ name }) => name),
    info.configs,
    reference,
  );
  const files = info.files.filter(({ name }) => chosen.includes(name));
  const current = repository.snapshot(info.commit);
  const isThere = chosen.every((name) => current.has(name)) && commit === info.commit;
  if (!isThere) {
    await inTurn(repository.lockFolder, options, async () => {
      const source = { hub, reference, commit: info.commit, signal };
      await fillCache(source, repository, files, onDownload);
      repository.keepCommit(reference.revision, info.commit);
    });
  }
  return chosen.map((name) => current.path(name));
}
