/**
 * Room `hub`: models and data sets of the Hugging Face hub, named by their ids, as files on this machine. Its cache is
 * that of huggingface_hub, read and filled as that does it. No connection is opened for what the cache has. It imports
 * `errors` and `files`.
 */
export type { DownloadProgress, HubOptions } from './fill-cache.ts';
export { type HubOrigin, hubOrigin } from './hub-cache.ts';
export { type HubSettings, readHubSettings } from './hub-settings.ts';
export { hubReferenceOf, locateData, locateModel } from './locate.ts';
