/** Entries of JSON lines and of JSON lists, one after the other: no more than one of them is in memory. */
import { type Entry, invalidEntry, kindOf } from './entry.ts';

/** Characters of the longest entry: what a string can hold, less some room. */
const LONGEST = 2 ** 28;

/** The entries of a file with one JSON value per line; blank lines are passed over. */
export async function* readLines(path: string, pieces: AsyncIterable<string>): AsyncGenerator<Entry> {
  let number = 0;
  for await (const line of splitLines(path, pieces)) {
    number++;
    const place = `line ${number}`;
    if (line.trim() === '') continue;
    yield {
      place,
      value: parse(path, place, line, 'mend the JSON there; each line must be an object of its own'),
    };
  }
}

async function* splitLines(path: string, pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  let number = 1;
  for await (const piece of pieces) {
    let from = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      yield rest + piece.slice(from, end);
      rest = '';
      from = end + 1;
      number++;
    }
    rest += piece.slice(from);
    if (rest.length > LONGEST) throw tooLong(path, `line ${number}`);
  }
  if (rest !== '') yield rest;
}

/**
 * The entries of a file that is one list. One that begins with an object instead is read as JSON lines, as they are
 * often called `.json` too.
 */
export async function* readList(
  path: string,
  pieces: AsyncGenerator<string>,
  onLines: () => void,
): AsyncGenerator<Entry> {
  let head = '';
  for (;;) {
    const next = await pieces.next();
    if (!next.done) head += next.value;
    if (next.done || head.trim() !== '') break;
  }
  const first = head.trimStart()[0];
  const all = prepend(head, pieces);
  if (first === '[') yield* splitList(path, all);
  else if (first === '{' && isObject(head.trimStart().split('\n', 1)[0]!)) {
    onLines();
    yield* readLines(path, all);
  } else {
    const fix = 'mend the JSON there, or give the file the ending .txt when it is plain text';
    const value = parse(path, 'the file', head.slice(0, LONGEST), fix);
    throw invalidEntry(path, 'the file is not a list', kindOf(value), 'put the entries between [ and ]');
  }
}

async function* prepend(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

function isObject(line: string): boolean {
  try {
    return kindOf(JSON.parse(line)) === 'object';
  } catch {
    return false;
  }
}

/** Cuts a list where a comma stands in no string, list or object of an entry; `JSON.parse` checks what is between. */
async function* splitList(path: string, pieces: AsyncIterable<string>): AsyncGenerator<Entry> {
  let entry = '';
  let number = 0;
  let depth = 0;
  let [quoted, escaped, ended] = [false, false, false];
  const take = (): Entry => {
    const place = `entry ${++number}`;
    const value = parse(path, place, entry, 'mend the JSON there');
    entry = '';
    return { place, value };
  };
  for await (const piece of pieces) {
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at);
      if (quoted) {
        if (escaped) escaped = false;
        else if (code === BACKSLASH) escaped = true;
        else if (code === QUOTE) quoted = false;
      } else if (depth === 0) {
        if (code === OPEN_LIST && !ended) [depth, from] = [1, at + 1];
        else if (code > 0x20) throw afterList(path);
      } else if (code === QUOTE) quoted = true;
      else if (code === OPEN_LIST || code === OPEN_OBJECT) depth++;
      else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
        if (--depth > 0) continue;
        ended = true;
        entry += piece.slice(from, at);
        if (number > 0 || entry.trim() !== '') yield take();
      } else if (code === COMMA && depth === 1) {
        entry += piece.slice(from, at);
        from = at + 1;
        yield take();
      }
    }
    if (depth > 0) entry += piece.slice(from);
    if (entry.length > LONGEST) throw tooLong(path, `entry ${number + 1}`);
  }
  if (!ended) {
    throw invalidEntry(path, `entry ${number + 1} is not JSON`, 'the file ends in it', 'copy the file again');
  }
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

const afterList = (path: string) =>
  invalidEntry(
    path,
    'more follows the list',
    'a file of more than one value',
    'give JSON lines the ending .jsonl',
  );

const tooLong = (path: string, place: string) =>
  invalidEntry(path, `${place} is too long`, `more than ${LONGEST} characters`, 'part it into several');

function parse(path: string, place: string, text: string, fix: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidEntry(
      path,
      `${place} is not JSON`,
      error instanceof Error ? error.message : String(error),
      fix,
    );
  }
}
