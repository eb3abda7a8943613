import type { Readable } from 'node:stream';

import type Docker from 'dockerode';

import { dial } from './engine-dial.js';

interface EventQuery {
  id: string;
  kind: string;
  query?: { until: string };
  signal?: AbortSignal;
}

/** Events of one container: those that the engine's memory holds, then, without `until`, what comes. */
export function openEvents(docker: Docker, { id, kind, query, signal }: EventQuery) {
  return dial<Readable>(docker, {
    method: 'GET',
    path: '/events?',
    isStream: true,
    options: {
      since: '0',
      ...query,
      filters: JSON.stringify({ container: [id], event: [kind] }),
    },
    ...(signal ? { abortSignal: signal } : {}),
    expected: 200,
  });
}

/** The engine writes an event in one line. */
export async function* eachEvent(events: Readable): AsyncGenerator<void, void, void> {
  for await (const chunk of events) {
    for (const byte of chunk as Buffer) if (byte === NEWLINE) yield;
  }
}

const NEWLINE = 0x0a;
