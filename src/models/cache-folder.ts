/** Where decoded weights are kept between runs. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$XDG_CACHE_HOME/rankscope`, or `~/.cache/rankscope`. */
export function defaultCacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rankscope');
}
