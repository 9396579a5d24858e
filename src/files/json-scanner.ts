/** Reading JSON value by value, for headers whose format is stricter than `JSON.parse`. */

/** How deep lists and objects may stand in each other; the limit of the tokenizers and safetensors libraries (serde). */
export const MAXIMUM_DEPTH = 128;

const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** An object says a key twice. */
export class RepeatedKey extends SyntaxError {
  readonly key: string;

  constructor(key: string) {
    super(`the key ${JSON.stringify(key)} stands twice`);
    this.key = key;
  }
}

/**
 * Takes values off a JSON text in order and builds nothing but what is asked for. A key that stands twice in an object
 * is refused. All methods throw `SyntaxError`.
 */
export class JsonScanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Calls `onMember` for every key; it has to take the value. */
  object(onMember: (key: string) => void): void {
    const keys = new Set<string>();
    this.items('{', '}', () => {
      const key = this.string();
      if (keys.has(key)) throw new RepeatedKey(key);
      keys.add(key);
      this.take(':');
      onMember(key);
    });
  }

  string(): string {
    const start = this.take('"');
    let end = start;
    for (;;) {
      end = this.text.indexOf('"', end);
      if (end < 0) throw this.fault('a string has no end');
      let backslashes = 0;
      while (this.text[end - 1 - backslashes] === '\\') backslashes++;
      if (backslashes % 2 === 0) break;
      end++;
    }
    const raw = this.text.slice(start, end);
    this.at = end + 1;
    const value = raw.includes('\\') || /\p{Cc}/u.test(raw) ? (JSON.parse(`"${raw}"`) as string) : raw;
    if (/\p{Cs}/u.test(value)) throw this.fault('a string holds half of a character');
    return value;
  }

  /** Takes a value of any kind, and gives it as it is written. */
  raw(): string {
    this.skipWhitespace();
    const start = this.at;
    this.skip(0);
    return this.text.slice(start, this.at);
  }

  /** Takes `null` if it comes next. */
  takeNull(): boolean {
    this.skipWhitespace();
    if (!this.text.startsWith('null', this.at)) return false;
    this.at += 4;
    return true;
  }

  /** Throws unless nothing but white space is left. */
  end(): void {
    if (this.next() !== undefined) throw this.fault('more follows the value');
  }

  private skip(depth: number): void {
    if (depth > MAXIMUM_DEPTH) {
      throw this.fault(`lists and objects stand more than ${MAXIMUM_DEPTH} deep in each other`);
    }
    const next = this.next();
    if (next === '{') this.object(() => this.skip(depth + 1));
    else if (next === '[') this.items('[', ']', () => this.skip(depth + 1));
    else if (next === '"') this.string();
    else if (next !== undefined && /[tfn]/.test(next)) this.match(WORD, 'a value');
    else this.match(NUMBER, 'a value');
  }

  private items(open: string, close: string, onItem: () => void): void {
    this.take(open);
    if (this.next() === close) {
      this.at++;
      return;
    }
    for (;;) {
      onItem();
      if (this.next() !== ',') break;
      this.at++;
    }
    this.take(close);
  }

  /** Takes one character, and gives the place behind it. */
  private take(character: string): number {
    const found = this.next();
    if (found === character) return ++this.at;
    throw this.fault(`${character} is wanted, found ${found ?? 'the end'}`);
  }

  private next(): string | undefined {
    this.skipWhitespace();
    return this.text[this.at];
  }

  private skipWhitespace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x09 && code !== 0x0d) return;
      this.at++;
    }
  }

  private match(pattern: RegExp, wanted: string): string {
    this.skipWhitespace();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) {
      throw this.fault(`${wanted} is wanted, found ${this.text.slice(this.at, this.at + 20) || 'the end'}`);
    }
    this.at += found.length;
    return found;
  }

  private fault(problem: string): SyntaxError {
    return new SyntaxError(`${problem} (character ${this.at})`);
  }
}
