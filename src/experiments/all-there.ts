/** What is read from trials that may be missing. */

/** The items, one and all; undefined while one of them is missing, or the list itself. */
export const allThere = <T>(items: readonly (T | undefined)[] | undefined): T[] | undefined =>
  items?.every((item) => item !== undefined) ? (items as T[]) : undefined;
