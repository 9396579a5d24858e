/** A part of a tokenizer that is not followed exactly, and is refused therefore. */
export class UnsupportedPart extends Error {
  readonly expected: string;

  constructor(got: string, expected: string) {
    super(got);
    this.expected = expected;
  }
}
