import type { LinearClient } from '@linear/sdk';

import type { Redacted } from '../../../kernel/redacted.js';
import { SendFailure } from '../sender/send-failure.js';
import { linearFailure } from './linear-failure.js';

const REQUEST_TIMEOUT_MS = 10_000;

/** Keys of OAuth applications are sent as bearer tokens; personal ones are not. */
const OAUTH_PREFIX = 'lin_oauth_';

export interface LinearAccess {
  readonly apiUrl: string;
  readonly key: Redacted;
  /** Ends the request that is under way. */
  readonly stop: AbortSignal;
  readonly now: () => number;
}

/** An issue's state, and those of its team that have a name, however it is capitalised. */
export interface IssueStates {
  readonly current: string;
  readonly named: readonly { readonly id: string; readonly name: string }[];
}

/** The SDK's own document of an issue asks for all there is of it, and breaks where a part is missing. */
const STATES = `query issueStates($issue: String!, $name: String!) {
  issue(id: $issue) {
    state { id }
    team { states(filter: { name: { eqIgnoreCase: $name } }, first: 50) { nodes { id name } } }
  }
}`;

interface StatesAnswer {
  issue: { state: { id: string }; team: { states: { nodes: { id: string; name: string }[] } } };
}

const COMMENT = 'query commentThere($id: String!) { comment(id: $id) { id } }';

/** The few things that are asked of Linear, each at most ten seconds long. All throw SendFailure. */
export class LinearApi {
  constructor(private readonly access: LinearAccess) {}

  async createComment(id: string, issueId: string, body: string): Promise<void> {
    const { success } = await this.#ask((linear) => linear.createComment({ id, issueId, body }));
    refuseUnless(success, 'the comment');
  }

  async hasComment(id: string): Promise<boolean> {
    try {
      await this.#ask(({ client }) => client.rawRequest(COMMENT, { id }));
      return true;
    } catch (error) {
      if (error instanceof SendFailure && error.consequence === 'give_up') return false;
      throw error;
    }
  }

  async states(issue: string, name: string): Promise<IssueStates> {
    const { data } = await this.#ask(({ client }) =>
      client.rawRequest<StatesAnswer, { issue: string; name: string }>(STATES, { issue, name }),
    );
    if (data === undefined) throw new Error('an answer without an error and without data');
    const { state, team } = data.issue;
    return { current: state.id, named: team.states.nodes };
  }

  async moveIssue(issueId: string, stateId: string): Promise<void> {
    const { success } = await this.#ask((linear) => linear.updateIssue(issueId, { stateId }));
    refuseUnless(success, 'the change of state');
  }

  async #ask<T>(question: (linear: LinearClient) => PromiseLike<T>): Promise<T> {
    const { key, now } = this.access;
    const secret = key.reveal();
    // The text of an error about a header would hold it.
    if (!/^[\u0021-\u007e]+$/.test(secret)) {
      throw new SendFailure('key_unusable', 'the API key has characters that no key has', {
        consequence: 'retry',
      });
    }
    const linear = await this.#client(secret);
    try {
      return await question(linear);
    } catch (error) {
      throw linearFailure(error, secret, now());
    }
  }

  /** Made for one request, whose time begins now. Loaded when it is first needed: it has 3 MB of code. */
  async #client(secret: string): Promise<LinearClient> {
    const { LinearClient: Client } = await import('@linear/sdk');
    const { apiUrl, stop } = this.access;
    return new Client({
      apiUrl,
      ...(secret.startsWith(OAUTH_PREFIX) ? { accessToken: secret } : { apiKey: secret }),
      // The key goes nowhere else.
      redirect: 'error',
      signal: AbortSignal.any([stop, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });
  }
}

function refuseUnless(success: boolean, what: string): void {
  if (success) return;
  throw new SendFailure('request_refused', `Linear did not take ${what}`, {
    consequence: 'give_up',
    answered: true,
  });
}
