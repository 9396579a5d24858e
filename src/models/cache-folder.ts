/** Where decoded weights are kept between runs. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `$XDG_CACHE_HOME/rankscope`, or `~/.cache/rankscope` where that is empty or not absolute, as its specification says. */
export function defaultCacheFolder(): string {
  const { XDG_CACHE_HOME: given = '' } = process.env;
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'rankscope');
}
