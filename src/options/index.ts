/**
 * Room `options`: what an option is. Each room declares its own in one table, from which flags, keys of the options
 * file, types, defaults, checks and the tables in `docs/options.md` come.
 */
export * from './kinds.ts';
export * from './option.ts';
export * from './resolve.ts';
