import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { graphql, GraphQLError } from 'graphql';

import { linearSchema } from './linear-schema.js';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export interface ImpostorIssue {
  id: string;
  identifier: string;
  teamId: string;
  stateId: string;
}

export interface ImpostorComment {
  id: string;
  issueId: string;
  body: string;
}

export interface AskedOperation {
  readonly name: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly authorization: string | undefined;
}

/**
 * What it does to a request instead of answering it. `done`: what was asked for is done all the same;
 * `hang`: never answers; `cut`: ends the connection.
 */
export interface Trouble {
  readonly operation?: string;
  readonly done?: boolean;
  readonly with: 'hang' | 'cut' | TroubleAnswer;
}

export interface TroubleAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly { message: string; extensions?: Readonly<Record<string, unknown>> }[];
}

interface GraphQLRequest {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

function refusal(message: string): GraphQLError {
  const extensions = { type: 'invalid input', code: 'INPUT_ERROR', userError: true };
  return new GraphQLError(message, { extensions });
}

/**
 * Linear's API on loopback: documents are checked against Linear's own schema and carried out on a
 * small workspace. Like Linear it makes one comment of an id, and knows issues by id and identifier.
 */
export class LinearImpostor {
  readonly comments: ImpostorComment[] = [];
  readonly moves: { issueId: string; stateId: string }[] = [];
  readonly asked: AskedOperation[] = [];
  readonly issues: ImpostorIssue[] = [];
  readonly states = [
    { id: 'state-todo', name: 'Todo', team: { id: 'team-1' } },
    { id: 'state-doing', name: 'In Progress', team: { id: 'team-1' } },
    { id: 'state-review', name: 'In Review', team: { id: 'team-1' } },
    { id: 'state-done', name: 'Done', team: { id: 'team-1' } },
    { id: 'state-other', name: 'Done', team: { id: 'team-2' } },
  ];
  key = 'lin_api_impostor';
  readonly #troubles: Trouble[] = [];
  readonly #server: Server;
  #most = 0;
  #now = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(): Promise<LinearImpostor> {
    const impostor = new LinearImpostor();
    await new Promise<void>((resolve) => {
      impostor.#server.listen(0, '127.0.0.1', resolve);
    });
    return impostor;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/graphql`;
  }

  /** As many requests as were ever under way at once. */
  get mostAtOnce(): number {
    return this.#most;
  }

  addIssue(id: string, identifier: string): ImpostorIssue {
    const issue = { id, identifier, teamId: 'team-1', stateId: 'state-todo' };
    this.issues.push(issue);
    return issue;
  }

  /** Happens to the next requests that it fits, once each, in this order. */
  makeTrouble(...troubles: readonly Trouble[]): void {
    this.#troubles.push(...troubles);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#now += 1;
    this.#most = Math.max(this.#most, this.#now);
    response.on('close', () => (this.#now -= 1));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as GraphQLRequest;
    const { authorization } = request.headers;
    const name = nameOf(body.query);
    this.asked.push({ name, variables: body.variables, authorization });
    const trouble = this.#troubleFor(name);
    if (trouble?.done === true) await this.#execute(body);
    if (trouble !== null) return misbehave(response, trouble.with);
    if (authorization !== this.key) {
      const error = {
        message: 'Authentication required',
        extensions: { type: 'authentication error' },
      };
      return misbehave(response, { status: 401, errors: [error] });
    }
    const result = await this.#execute(body);
    answer(response, result.errors === undefined ? 200 : 400, result);
  }

  #troubleFor(name: string): Trouble | null {
    const index = this.#troubles.findIndex(({ operation }) => (operation ?? name) === name);
    return index < 0 ? null : (this.#troubles.splice(index, 1)[0] ?? null);
  }

  #execute({ query, variables }: GraphQLRequest) {
    return graphql({
      schema: linearSchema(),
      source: query,
      variableValues: variables,
      rootValue: {
        commentCreate: ({ input }: { input: ImpostorComment }) => this.#comment(input),
        comment: ({ id }: { id: string }) => this.#find(this.comments, 'Comment', id),
        issue: ({ id }: { id: string }) => this.#issue(id),
        issueUpdate: ({ id, input }: { id: string; input: { stateId: string } }) =>
          this.#move(id, input.stateId),
      },
    });
  }

  #comment({ id, issueId, body }: ImpostorComment) {
    if (!UUID_V4.test(id)) throw refusal('Argument Validation Error: id must be a UUID');
    if (this.comments.some((comment) => comment.id === id)) {
      throw refusal('conflict: an entity with this id exists');
    }
    const issue = this.#find(this.issues, 'Issue', issueId);
    this.comments.push({ id, issueId: issue.id, body });
    return { success: true, lastSyncId: 1, comment: { id } };
  }

  #issue(id: string) {
    const { teamId, stateId } = this.#find(this.issues, 'Issue', id);
    const states = ({ filter }: { filter: StateFilter }) => this.#states(teamId, filter);
    return { id, team: { id: teamId, states }, state: { id: stateId } };
  }

  #move(id: string, stateId: string) {
    const issue = this.#find(this.issues, 'Issue', id);
    const state = this.#find(this.states, 'WorkflowState', stateId);
    if (state.team.id !== issue.teamId) throw refusal('the state is of another team');
    issue.stateId = stateId;
    this.moves.push({ issueId: issue.id, stateId });
    return { success: true, lastSyncId: 1, issue: { id: issue.id } };
  }

  #states(teamId: string, { name }: StateFilter) {
    const wanted = name.eqIgnoreCase.toLowerCase();
    const nodes = this.states.filter(
      (state) => state.team.id === teamId && state.name.toLowerCase() === wanted,
    );
    return { nodes, pageInfo: { hasNextPage: false, hasPreviousPage: false } };
  }

  #find<T extends { id: string }>(all: readonly T[], what: string, id: string): T {
    const found = all.find(
      (one) => one.id === id || ('identifier' in one && one.identifier === id),
    );
    if (found === undefined) throw refusal(`Entity not found: ${what}`);
    return found;
  }
}

interface StateFilter {
  name: { eqIgnoreCase: string };
}

function nameOf(query: string): string {
  // A document that is none is refused when it is carried out.
  return /^\s*(?:query|mutation)\s+(\w+)/.exec(query)?.[1] ?? '';
}

function misbehave(response: ServerResponse, trouble: Trouble['with']): void {
  if (trouble === 'hang') return;
  if (trouble === 'cut') {
    response.socket?.destroy();
    return;
  }
  const { status, headers, errors } = trouble;
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  if (errors === undefined) response.writeHead(status).end('trouble');
  else answer(response, status, { errors });
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
