import type { IncomingMessage } from 'node:http';

import { expect } from 'vitest';

import type { RunningService } from '../support/service.js';

export interface OutputLine {
  seq: number;
  at: string;
  turn: number;
  stream: 'stdout' | 'stderr' | 'system' | 'agent';
  text: string;
  event?: Record<string, unknown> & { type: string };
}

export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/** The stored output of a run, record by record. */
export async function outputOf(
  service: RunningService,
  id: string,
  query = '',
): Promise<OutputLine[]> {
  const answer = await service.api('GET', `/api/v1/runs/${id}/output${query}`);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
  expect(answer.text === '' || answer.text.endsWith('\n')).toBe(true);
  return answer.text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as OutputLine);
}

export function followEvents(
  service: RunningService,
  id: string,
  lastEventId?: number,
): Promise<IncomingMessage> {
  return service.stream(`/api/v1/runs/${id}/output`, {
    headers: {
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }),
    },
  });
}

/** The events of a stream until it ends or is cut off. Comments are left out. */
export async function* eventsOf(response: IncomingMessage): AsyncGenerator<ServerEvent> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += chunk as string;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = parseEvent(text.slice(0, end));
      text = text.slice(end + 2);
      if (event !== null) yield event;
    }
  }
  expect(text, 'a stream ends behind an event').toBe('');
}

export async function allEvents(response: IncomingMessage): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of eventsOf(response)) events.push(event);
  return events;
}

/** The records that a stream's `output` events carry. */
export function linesOf(events: readonly ServerEvent[]): OutputLine[] {
  return events
    .filter(({ event }) => event === 'output')
    .map(({ id, data }) => {
      const line = JSON.parse(data) as OutputLine;
      expect(id).toBe(String(line.seq));
      return line;
    });
}

function parseEvent(block: string): ServerEvent | null {
  const fields = new Map(
    block
      .split('\n')
      .filter((line) => !line.startsWith(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const data = fields.get('data');
  if (data === undefined) return null;
  return { id: fields.get('id') ?? null, event: fields.get('event') ?? 'message', data };
}
