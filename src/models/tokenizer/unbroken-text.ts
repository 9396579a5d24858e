/** Characters in one stretch that has to be looked at as a whole, at most: it is held several times over. */
export const LONGEST_STRETCH = 2 ** 20;

/** A word too long to be made into tokens with bounded memory. */
export class UnbrokenText extends Error {
  constructor() {
    super(`a stretch of more than ${LONGEST_STRETCH} characters without a place where it may be cut`);
  }
}
