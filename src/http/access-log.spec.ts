import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { StreamRootLogger, type LogLevelName } from '../kernel/root-logger.js';
import { accessLog } from './access-log.js';
import type { AnsweredRequest } from './request-observers.js';

function linesOf(answered: AnsweredRequest, level: LogLevelName = 'info'): string[] {
  const lines: string[] = [];
  accessLog(new StreamRootLogger(level, { write: (line) => void lines.push(line) }))(answered);
  return lines;
}

const ANSWERED: AnsweredRequest = {
  requestId: '01J00000000000000000000000',
  method: 'GET',
  path: '/api/v1/runs/x',
  route: '/api/v1/runs/:id',
  status: 404,
  aborted: false,
  durationMs: 1.23456,
  clientAddress: '192.0.2.1',
  actor: undefined,
  clientRequestId: undefined,
};

describe('the access log', () => {
  it('writes one line of JSON with a time, and leaves out what is not there', () => {
    const [line = '', ...more] = linesOf(ANSWERED);
    expect(more).toEqual([]);
    const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    expect(Math.abs(Date.parse(String(time)) - Date.now())).toBeLessThan(60_000);
    const { actor: _, clientRequestId: __, aborted: ___, ...present } = ANSWERED;
    expect(rest).toEqual({ level: 'info', ...present, durationMs: 1.235, msg: 'request' });
  });

  it(
    'stays one line that reads back the same, whatever a client put into it',
    { timeout: 60_000 },
    () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), fc.string(), (path, clientRequestId) => {
          const given = { ...ANSWERED, path, clientRequestId, actor: 'write-token', aborted: true };
          const [line = ''] = linesOf(given);
          expect(line.indexOf('\n')).toBe(line.length - 1);
          expect(JSON.parse(line)).toMatchObject({ path, clientRequestId, aborted: true });
        }),
      );
    },
  );

  it('is silent where the log is', () => {
    expect(linesOf(ANSWERED, 'warn')).toEqual([]);
  });
});
