/** Long words cut into stretches that are looked at one by one. */

/** Characters in one stretch that has to be looked at as a whole, at most: it is held several times over. */
export const LONGEST_STRETCH = 2 ** 20;

/** A word too long to be made into tokens with bounded memory. */
export class UnbrokenText extends Error {
  constructor() {
    super(`a stretch of more than ${LONGEST_STRETCH} characters without a place where it may be cut`);
  }
}

/** A word in stretches, cut between any two characters that may stand `apart`. Throws {@link UnbrokenText}. */
export function* cutApart(
  word: string,
  apart: (before: string, after: string) => boolean,
): Generator<string> {
  let start = 0;
  let before = '';
  for (let at = 0; at < word.length; at += before.length) {
    const after = String.fromCodePoint(word.codePointAt(at)!);
    if (before !== '' && apart(before, after)) {
      yield word.slice(start, at);
      start = at;
    }
    before = after;
    if (at - start > LONGEST_STRETCH) throw new UnbrokenText();
  }
  yield word.slice(start);
}
