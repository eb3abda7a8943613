import { hash } from 'node:crypto';

import { invalidPayload } from '../parse-payload.js';
import { hexSignature, isSigned } from '../signature.js';
import type { WebhookSource } from '../webhook-source.js';
import { mapLinearPayload } from './linear-event.js';
import { LinearPayload } from './payloads.dto.js';
import { deliveryIdAt, header } from './request-headers.js';

/**
 * Linear: the hexadecimal HMAC of the body. `webhookTimestamp` in the body is signed and required;
 * the delivery's id is not signed.
 */
export const linearSource: WebhookSource = {
  name: 'linear',
  named: false,
  title: 'Receive a delivery of Linear',
  description:
    'Stores a delivery that Linear signed, and answers when it is durable. One that was received before, by its body or by its id, is answered with `duplicate: true` and changes nothing.',
  headers: [
    {
      name: 'Linear-Signature',
      description: 'HMAC-SHA-256 of the body, in lower-case hexadecimal',
      example: '766e1d90a96e2f5ecec342a99c5552999dd95d49250171b902d703fd674f5086',
    },
    {
      name: 'Linear-Delivery',
      description: 'The id of the delivery: 1 to 200 visible ASCII characters',
      example: '234d1a4e-b617-4388-90fe-adc3633d6b72',
    },
  ],
  payload: LinearPayload,
  example: { type: 'Issue', action: 'update', webhookTimestamp: 1795392000000 },
  failsWith: [],

  keyOf: (secret) => Buffer.from(secret.reveal(), 'utf8'),

  verify(request, keys) {
    const signature = header(request, 'linear-signature');
    if (signature === null) return 'missing';
    return isSigned([request.body], keys, [hexSignature(signature)]) ? 'valid' : 'invalid';
  },

  identify(request, payload) {
    const deliveryId = deliveryIdAt(request, 'Linear-Delivery');
    const { webhookTimestamp } = payload;
    if (typeof webhookTimestamp !== 'number') {
      throw invalidPayload('has no webhookTimestamp, in milliseconds');
    }
    const bodyHash = hash('sha256', request.body);
    return { deliveryId, bodyHash, signedAt: webhookTimestamp, eventName: null };
  },

  read: mapLinearPayload,
};
