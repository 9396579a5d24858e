/** What the hub's refusals mean, and what to do about them. */
import { someOf, UserError } from '../errors/index.ts';
import { type HubReference, tellReference } from './hub-reference.ts';
import { Passing } from './hub-request.ts';
import type { HubSettings } from './hub-settings.ts';

const THING = { models: 'model', datasets: 'data set' } as const;

/**
 * The error for an answer that is none of success: `hub-gated`, `hub-not-allowed`, `hub-repository-not-found`,
 * `hub-revision-not-found`, `hub-file-not-found`, `hub-answer`.
 */
export async function refusedBy(
  hub: HubSettings,
  reference: HubReference,
  response: Response,
  { file, revisions = [] }: { readonly file?: string; readonly revisions?: readonly string[] } = {},
): Promise<UserError> {
  await response.body?.cancel();
  const { kind, id, revision } = reference;
  const thing = THING[kind];
  const page = `${hub.endpoint}/${kind === 'datasets' ? 'datasets/' : ''}${id}`;
  const reason = response.headers.get('x-error-code');
  const message = response.headers.get('x-error-message');
  const got = `${response.status}${reason === null ? '' : ` ${reason}`}${message === null ? '' : `: ${message}`}`;
  const giveToken =
    hub.token === undefined
      ? 'give a token: HF_TOKEN=hf_…, or `hf auth login`'
      : 'check that the token (HF_TOKEN, or of `hf auth login`) is valid and may read it';
  if (reason === 'GatedRepo') {
    return new UserError('hub-gated', {
      what: `The ${thing} ${id} is given out to those who ask for it.`,
      got,
      fix: `ask for access on ${page}, then ${giveToken}`,
    });
  }
  if (reason === 'RevisionNotFound') {
    return new UserError('hub-revision-not-found', {
      what: `The ${thing} ${id} has no revision ${revision}.`,
      got,
      ...(revisions.length === 0 ? {} : { expected: `one of ${someOf(revisions)}, or a commit` }),
      fix: `choose one of ${page}/commits, or leave @${revision} out`,
    });
  }
  if (reason === 'EntryNotFound') {
    return new UserError('hub-file-not-found', {
      what: `The ${thing} ${id} has no file ${file ?? reference.file ?? ''}.`,
      got,
      fix: `choose one of ${page}/tree/${revision}`,
    });
  }
  // Without a token the hub answers 401 for what does not exist, as for what is private.
  if (reason === 'RepoNotFound' || response.status === 404 || response.status === 401) {
    const here = kind === 'models' ? 'no file or folder' : 'no file';
    return new UserError('hub-repository-not-found', {
      what: `There is ${here} ${id} here, and ${hub.endpoint} shows no ${thing} of that name${response.status === 401 ? ' to who is not known to it' : ''}.`,
      got,
      expected: `a path that exists, or the id of a ${thing}: org/name`,
      fix: `check the spelling; if it is private, ${giveToken}`,
    });
  }
  if (response.status === 403) {
    return new UserError('hub-not-allowed', {
      what: `${hub.endpoint} does not give out the ${thing} ${id}.`,
      got,
      fix: `see ${page}; ${giveToken}`,
    });
  }
  return new UserError('hub-answer', {
    what: `${hub.endpoint} gave an answer for the ${thing} ${id} that is not understood.`,
    got,
    fix: 'check HF_ENDPOINT and the proxy, or try again later',
  });
}

/** A hub that cannot be reached, told to who may have meant a path; any other error as it is. */
export function notHereNorThere(hub: HubSettings, reference: HubReference, error: unknown): unknown {
  if (!(error instanceof UserError && error.code === 'hub-unreachable' && error.cause instanceof Passing))
    return error;
  const here = reference.kind === 'models' ? 'no file or folder' : 'no file';
  return new UserError(
    error.code,
    {
      what: `There is ${here} ${tellReference(reference)} here, and ${hub.endpoint} could not be reached to look for it.`,
      got: error.cause.message,
      expected: `a path that exists, or the id of a ${THING[reference.kind]} and a connection`,
      fix: 'check the path or the connection. Behind a proxy: NODE_USE_ENV_PROXY=1 and HTTPS_PROXY, with Node 24',
    },
    { cause: error.cause },
  );
}
