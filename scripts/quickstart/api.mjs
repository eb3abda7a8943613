import { SetupError } from '../lib/setup-error.mjs';
import { SERVICE_URL } from './settings.mjs';

/**
 * One request to the service; throws what it answered when that is an error.
 *
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, accept?: string}} [options]
 */
export async function call(method, path, { body, accept } = {}) {
  const token = process.env.RISOLUTO_WRITE_TOKEN;
  const response = await fetch(`${SERVICE_URL}${path}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(accept !== undefined && { accept }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (response.ok) return response;
  const text = await response.text();
  throw new SetupError(`${method} ${path} was answered with ${response.status}`, [text]);
}

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function read(path) {
  return (await call('GET', path)).json();
}
