import { z } from 'zod';

import { secretReference } from './secret-reference.js';

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/** What a key is sent to must be a server that shows who it is, or a program of this machine. */
function isSafeApi(text: string): boolean {
  const url = parsed(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  return (
    url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_NAMES.has(url.hostname))
  );
}

/** A place that a path can be put behind. */
function isBase(text: string): boolean {
  const url = parsed(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return url.username + url.password + url.search + url.hash === '';
}

function parsed(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

const linearSchema = z.strictObject({
  apiUrl: z
    .string()
    .max(2000)
    .refine(isSafeApi, { message: 'must be an https address; http is for loopback alone' })
    .default('https://api.linear.app/graphql')
    .describe('Where Linear’s GraphQL API is'),
  apiKeySecret: secretReference
    .default('LINEAR_API_KEY')
    .describe('The stored secret that holds the API key; while there is none, nothing is sent'),
});

/** What others are told of the runs that they asked for. */
export const outboundSchema = z.strictObject({
  linear: linearSchema.prefault({}),
  linkBaseUrl: z
    .string()
    .max(2000)
    .refine((text) => text === '' || isBase(text), {
      message: 'must be an http or https address without a query',
    })
    .default('')
    .describe('Where readers of a comment find this service; empty: comments have no link'),
  commentOutputLines: z
    .number()
    .int()
    .min(0)
    .max(200)
    .default(20)
    .describe('How many of the last lines of the masked output a comment shows'),
  maxAttempts: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(40)
    .describe('How often it is tried to send a message; 40 are about four hours'),
});
