/** Requests to the hub: redirects, silence, and what is worth another try. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors/index.ts';
import type { HubSettings } from './hub-settings.ts';

/** A failure that may have passed when asked again. */
export class Passing extends Error {
  /** How long the server wants to be left alone. */
  readonly waitMs: number | undefined;

  constructor(reason: string, waitMs?: number) {
    super(reason);
    this.waitMs = waitMs;
  }
}

/** Tries that may fail one after the other before a request is given up. */
const TRIES = 5;
/** A server that wants to be left alone for longer is told of, not waited for. */
const LONGEST_WAIT_MS = 120_000;
const REDIRECTS = 10;
const BUSY: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Refusals of a connection that another try would meet again. */
const LASTING = /^(CERT_|ERR_TLS|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|ERR_SSL|ENOTFOUND$|EPROTO$)/;

/** @param madeProgress whether the last try brought something: then the count begins again. */
export async function withRetries<T>(
  hub: HubSettings,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
  madeProgress: () => boolean = () => false,
): Promise<T> {
  for (let failed = 1; ; failed++) {
    refuseStopped(signal);
    try {
      return await attempt();
    } catch (error) {
      refuseStopped(signal);
      if (!(error instanceof Passing)) throw error;
      if (madeProgress()) failed = 1;
      const wait = error.waitMs ?? hub.pauseMs * 2 ** (failed - 1);
      if (failed >= TRIES || wait > LONGEST_WAIT_MS) throw unreachable(hub, error, wait);
      await sleep(wait, undefined, { signal }).catch(() => refuseStopped(signal));
    }
  }
}

/**
 * One answer of a server, redirects followed; the token goes to the endpoint's own host and never beyond. The body is
 * broken off when it is silent for too long.
 *
 * @throws {@link Passing} for a connection that breaks or stays silent and a server that is busy; `UserError`
 *   `hub-unreachable` where another try would not help.
 */
export async function request(
  hub: HubSettings,
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const patience = new Patience(hub.silenceMs);
  const either = signal === undefined ? patience.signal : AbortSignal.any([patience.signal, signal]);
  try {
    const response = await follow(hub, address, headers, either);
    if (BUSY.has(response.status)) {
      await response.body?.cancel();
      throw new Passing(`${response.status} ${response.statusText}`.trim(), waitOf(response.headers));
    }
    return { response, pieces: () => piecesOf(response, patience, hub) };
  } catch (error) {
    throw patience.signal.aborted ? silent(hub) : tellBroken(hub, error);
  } finally {
    patience.rest();
  }
}

export interface Answer {
  readonly response: Response;
  /** Its body. Throws {@link Passing} when it breaks off. */
  pieces(): AsyncGenerator<Uint8Array>;
}

async function follow(
  hub: HubSettings,
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const home = new URL(hub.endpoint).origin;
  let place = new URL(address);
  let { token } = hub;
  for (let count = 0; count <= REDIRECTS; count++) {
    if (place.origin !== home) token = undefined;
    const secret: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(place, {
      redirect: 'manual',
      signal,
      // A packed body would have another length, and no ranges.
      headers: { 'user-agent': 'rankscope', 'accept-encoding': 'identity', ...headers, ...secret },
    });
    const next = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || next === null) return response;
    await response.body?.cancel();
    if (!URL.canParse(next, place.href)) break;
    const target = new URL(next, place);
    const isWeaker = home.startsWith('https:') && target.protocol !== 'https:';
    if (isWeaker || !target.protocol.startsWith('http')) break;
    place = target;
  }
  throw new UserError('hub-unreachable', {
    what: `${hub.endpoint} sends requests on and on, or to where they cannot go.`,
    expected: `at most ${REDIRECTS} redirects, none from https to http`,
    fix: 'check HF_ENDPOINT and the proxy',
  });
}

async function* piecesOf(
  response: Response,
  patience: Patience,
  hub: HubSettings,
): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  try {
    patience.wake();
    for await (const piece of response.body) {
      patience.rest();
      yield piece;
      patience.wake();
    }
  } catch (error) {
    throw patience.signal.aborted ? silent(hub) : tellBroken(hub, error);
  } finally {
    patience.rest();
  }
}

/** Ends a connection that is silent while it is awake. */
class Patience {
  private readonly controller = new AbortController();
  private readonly silenceMs: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(silenceMs: number) {
    this.silenceMs = silenceMs;
    this.wake();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  wake(): void {
    this.timer = setTimeout(() => this.controller.abort(), this.silenceMs);
  }

  rest(): void {
    clearTimeout(this.timer);
  }
}

const silent = (hub: HubSettings) => new Passing(`nothing was heard for ${hub.silenceMs / 1000} s`);

/** What undici says of a connection, without the addresses in it, which may be signed. */
function tellBroken(hub: HubSettings, error: unknown): unknown {
  if (error instanceof UserError || error instanceof Passing || !(error instanceof Error)) return error;
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const code = cause !== undefined && 'code' in cause ? String(cause.code) : undefined;
  if (error.name === 'AbortError' || !(error instanceof TypeError)) return error;
  const reason = code ?? 'the connection broke off';
  if (code !== undefined && LASTING.test(code)) return unreachable(hub, new Passing(reason));
  return new Passing(reason);
}

/** `Retry-After` in seconds or as a date, or the hub's own `RateLimit: "api";r=0;t=55`. */
function waitOf(headers: Headers): number | undefined {
  const after = headers.get('retry-after');
  if (after !== null) {
    const ms = /^\d+$/.test(after) ? 1000 * Number(after) : Date.parse(after) - Date.now();
    if (Number.isFinite(ms)) return Math.max(0, ms);
  }
  const [, seconds] = /\br=0\b.*\bt=(\d+)/.exec(headers.get('ratelimit') ?? '') ?? [];
  return seconds === undefined ? undefined : 1000 * Number(seconds);
}

function unreachable(hub: HubSettings, reason: Passing, wait = 0): UserError {
  if (reason.waitMs !== undefined && wait > LONGEST_WAIT_MS) {
    return new UserError('hub-busy', {
      what: `${hub.endpoint} wants to be left alone for ${Math.ceil(wait / 60_000)} minutes.`,
      got: reason.message,
      fix: 'run the same command later, or with a token (HF_TOKEN): who is logged in may ask more often',
    });
  }
  return new UserError(
    'hub-unreachable',
    {
      what: `${hub.endpoint} could not be reached.`,
      got: reason.message,
      fix: 'check the connection and run the same command again: what was downloaded is kept. Behind a proxy: NODE_USE_ENV_PROXY=1 and HTTPS_PROXY, with Node 24',
    },
    { cause: reason },
  );
}

/** Throws {@link UserError} `stopped` once the work is asked to end. */
export function refuseStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new UserError('stopped', {
      what: 'stopped while downloading; the same command goes on from there',
    });
}
