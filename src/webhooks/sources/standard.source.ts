import { createHash } from 'node:crypto';

import { invalidPayload } from '../parse-payload.js';
import { base64Signature, isSigned } from '../signature.js';
import type { WebhookSource } from '../webhook-source.js';
import { StandardPayload } from './payloads.dto.js';
import { deliveryIdAt, header } from './request-headers.js';
import { mapStandardPayload } from './standard-event.js';

const SECRET_PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const SECONDS = /^[1-9]\d{0,11}$/;
/** Less is no key: nothing at all would sign with the empty one. */
const LEAST_KEY_BYTES = 16;
/** Of one header: a sender that rotates its key has two. */
const MOST_SIGNATURES = 8;

/**
 * The format of https://www.standardwebhooks.com: `v1` signatures over id, time and body, so all
 * three are signed. Each sender has a name of its own, `standard/<name>`.
 */
export const standardSource: WebhookSource = {
  name: 'standard',
  named: true,
  title: 'Receive a delivery in the Standard Webhooks format',
  description:
    'Stores a delivery of a sender that `webhooks.standard` of the settings names, and answers when it is durable. One that was received before, by its id, is answered with `duplicate: true` and changes nothing.',
  headers: [
    {
      name: 'webhook-id',
      description: 'The id of the delivery: 1 to 200 visible ASCII characters',
      example: 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W',
    },
    {
      name: 'webhook-timestamp',
      description: 'When it was sent, in seconds since 1970',
      example: '1795392000',
    },
    {
      name: 'webhook-signature',
      description:
        '`v1,` and the HMAC-SHA-256 of `id.timestamp.body` in base64; or several such, with spaces between',
      example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
    },
  ],
  payload: StandardPayload,
  example: { type: 'deploy.wanted', data: { id: '1', issue: { identifier: 'MT-42' } } },
  failsWith: [],

  keyOf(secret) {
    const value = secret.reveal();
    const encoded = value.startsWith(SECRET_PREFIX) ? value.slice(SECRET_PREFIX.length) : value;
    const key = BASE64.test(encoded) ? Buffer.from(encoded, 'base64') : null;
    return key !== null && key.length >= LEAST_KEY_BYTES ? key : null;
  },

  verify(request, keys) {
    const [id, at, list] = [
      header(request, 'webhook-id'),
      header(request, 'webhook-timestamp'),
      header(request, 'webhook-signature'),
    ];
    if (id === null || at === null || list === null) return 'missing';
    const signatures = list
      .split(' ', MOST_SIGNATURES)
      .map((one) => (one.startsWith('v1,') ? base64Signature(one.slice(3)) : base64Signature('')));
    return isSigned([`${id}.${at}.`, request.body], keys, signatures) ? 'valid' : 'invalid';
  },

  identify(request) {
    const deliveryId = deliveryIdAt(request, 'webhook-id');
    const at = header(request, 'webhook-timestamp') ?? '';
    if (!SECONDS.test(at)) throw invalidPayload('comes with a webhook-timestamp that is no time');
    // A sender may say the same twice, under two ids.
    const hash = createHash('sha256').update(`${deliveryId}.`).update(request.body);
    return {
      deliveryId,
      bodyHash: hash.digest('hex'),
      signedAt: Number(at) * 1000,
      eventName: null,
    };
  },

  read: (payload, _eventName, sender) => mapStandardPayload(payload, sender),
};
