import { malformed, Refusal } from './refusal.js';

/** What a client is told whose request Node could not read; `null` where it has just gone away. */
export function refusalOfUnreadable({ code = '' }: NodeJS.ErrnoException): Refusal | null {
  if (code === 'HPE_HEADER_OVERFLOW')
    return malformed('The head of the request is too large.', 431);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Refusal('malformed', 408, 'The request did not arrive in time.', {
      isWrittenDown: false,
    });
  }
  if (!code.startsWith('HPE_') || code === 'HPE_INVALID_EOF_STATE') return null;
  return malformed('This is no request of HTTP/1.1.');
}
