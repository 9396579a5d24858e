/** What the environment says of the hub, in the words of huggingface_hub 2.4. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../errors/index.ts';

export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** The folder of `models--org--name`. */
  readonly cache: string;
  /** Goes to the endpoint's own host alone, into no file and no message. */
  readonly token: string | undefined;
  /** No connection is opened. */
  readonly offline: boolean;
  /** A connection that says nothing for so long is taken for broken. */
  readonly silenceMs: number;
  /** Before the first try again; each pause is twice the one before. */
  readonly pauseMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_SILENCE_S = 30;

/** @throws UserError `hub-setting` for an endpoint that is no address and a token that fits into no header. */
export function readHubSettings(env: Environment = process.env): HubSettings {
  const cacheHome = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const home = expand(env.HF_HOME || join(cacheHome, 'huggingface'));
  const timeout = Number(env.HF_HUB_DOWNLOAD_TIMEOUT);
  return {
    endpoint: readEndpoint(env.HF_ENDPOINT || 'https://huggingface.co'),
    cache: expand(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
    token: isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? undefined : readToken(env, home),
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    silenceMs: 1000 * (timeout > 0 && timeout < 1e6 ? timeout : DEFAULT_SILENCE_S),
    pauseMs: 1000,
  };
}

const isTrue = (value = ''): boolean => ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase());

const expand = (path: string): string => path.replace(/^~(?=\/|$)/, homedir());

function readEndpoint(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return value.replace(/\/+$/, '');
  throw new UserError('hub-setting', {
    what: 'HF_ENDPOINT is not the address of a hub.',
    got: value,
    expected: 'an address that begins with https:// or http://',
    fix: 'unset HF_ENDPOINT for https://huggingface.co',
  });
}

function readToken(env: Environment, home: string): string | undefined {
  const token = (
    env.HF_TOKEN ||
    env.HUGGING_FACE_HUB_TOKEN ||
    readIfThere(expand(env.HF_TOKEN_PATH || join(home, 'token'))) ||
    ''
  )
    .replaceAll(/[\r\n]/g, '')
    .trim();
  if (token === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UserError('hub-setting', {
    what: 'The token of the hub (HF_TOKEN, or the file that `hf auth login` writes) holds characters that none has.',
    fix: 'copy it again from the hub’s page of tokens, or unset it for public models',
  });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
