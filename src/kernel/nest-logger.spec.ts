import { describe, expect, it } from 'vitest';

import { NestLogger } from './nest-logger.js';
import { Redacted } from './redacted.js';
import { StreamRootLogger } from './root-logger.js';

function capture(level: 'info' | 'debug' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as never) };
  return { lines, logger: new NestLogger(new StreamRootLogger(level, stream).pino) };
}

describe('NestLogger', () => {
  it('writes message, level and context as one JSON line', () => {
    const { lines, logger } = capture();
    logger.warn('careful', 'Runs');
    expect(lines).toMatchObject([{ level: 'warn', msg: 'careful', context: 'Runs' }]);
  });

  it('keeps type, message and stack of an error, and of its causes', () => {
    const { lines, logger } = capture();
    const error = new TypeError('outer', { cause: new Error('inner') });
    logger.error(error, 'Runs');
    logger.error('could not', error, 'Runs');
    for (const line of lines) {
      expect(line).toMatchObject({ level: 'error', context: 'Runs', err: { type: 'TypeError' } });
      expect(JSON.stringify(line)).toContain('inner');
    }
    expect(lines.map((line) => line['msg'])).toEqual(['outer', 'could not']);
  });

  it('writes the fields of an object, without what is secret', () => {
    const { lines, logger } = capture();
    logger.log({ msg: 'made', runId: '1', value: new Redacted('hunter2') }, 'Runs');
    expect(lines).toMatchObject([{ msg: 'made', runId: '1', value: '***' }]);
  });

  it('leaves out what is below its level, and what Nest says of its own start', () => {
    const { lines, logger } = capture();
    logger.debug('quiet', 'Runs');
    logger.log('Mapped {/healthz, GET} route', 'RouterExplorer');
    expect(lines).toEqual([]);
  });
});
