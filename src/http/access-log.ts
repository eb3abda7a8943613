import type { RootLogger } from '../kernel/root-logger.js';
import type { AnsweredRequest, RequestObserver } from './request-observers.js';

/**
 * One line for each answer, of the shape that the logger gives its own. Never a query, a body or a
 * header but the client's own request id. The line is put together here: there are as many of them
 * as requests, and a general serialiser costs several times as much.
 */
export function accessLog(root: RootLogger): RequestObserver {
  return (answered) => {
    if (root.pino.isLevelEnabled('info')) root.writeLine(lineOf(answered, Date.now()));
  };
}

function lineOf(answered: AnsweredRequest, now: number): string {
  const { actor, clientRequestId, aborted } = answered;
  return (
    `{"level":"info","time":"${isoTime(now)}","requestId":"${answered.requestId}"` +
    `,"method":${quoted(answered.method)},"path":${quoted(answered.path)}` +
    `,"route":${quoted(answered.route)},"status":${answered.status}` +
    `,"clientAddress":${quoted(answered.clientAddress)}` +
    (actor === undefined ? '' : `,"actor":${quoted(actor)}`) +
    (clientRequestId === undefined ? '' : `,"clientRequestId":${quoted(clientRequestId)}`) +
    (aborted ? ',"aborted":true' : '') +
    `,"durationMs":${Math.round(answered.durationMs * 1000) / 1000},"msg":"request"}\n`
  );
}

/** Printable ASCII but the quote and the backslash: what JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

let lastMs = Number.NaN;
let lastIso = '';

/** Many requests end in the same millisecond. */
function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms;
    lastIso = new Date(ms).toISOString();
  }
  return lastIso;
}
