import { hash } from 'node:crypto';

import { DomainError } from '../../kernel/domain-error.js';
import { hexSignature, isSigned } from '../signature.js';
import type { WebhookSource } from '../webhook-source.js';
import { mapGithubPayload } from './github-event.js';
import { GitHubPayload } from './payloads.dto.js';
import { deliveryIdAt, header, nameAt } from './request-headers.js';

const SCHEME = 'sha256=';

/** GitHub: the HMAC of the body. Neither a time nor the delivery's id is signed. */
export const githubSource: WebhookSource = {
  name: 'github',
  named: false,
  title: 'Receive a delivery of GitHub',
  description:
    'Stores a delivery that GitHub signed, and answers when it is durable. GitHub signs no time: a body that was received before is a duplicate, however long ago that was, and so is a redelivery by hand.',
  headers: [
    {
      name: 'X-Hub-Signature-256',
      description: '`sha256=` and the HMAC-SHA-256 of the body, in lower-case hexadecimal',
      example: 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    },
    {
      name: 'X-GitHub-Delivery',
      description: 'The id of the delivery: 1 to 200 visible ASCII characters',
      example: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    },
    { name: 'X-GitHub-Event', description: 'The event', example: 'issues' },
  ],
  payload: GitHubPayload,
  example: { action: 'opened' },
  failsWith: ['event_missing'],

  keyOf: (secret) => Buffer.from(secret.reveal(), 'utf8'),

  verify(request, keys) {
    const value = header(request, 'x-hub-signature-256');
    if (value === null) return 'missing';
    const signature = hexSignature(value.slice(SCHEME.length));
    const wellFormed = signature.wellFormed && value.startsWith(SCHEME);
    return isSigned([request.body], keys, [{ ...signature, wellFormed }]) ? 'valid' : 'invalid';
  },

  identify(request) {
    const deliveryId = deliveryIdAt(request, 'X-GitHub-Delivery');
    const eventName = nameAt(request, 'x-github-event');
    if (eventName === null) {
      const message = 'must name the event';
      throw new DomainError('event_missing', `The header X-GitHub-Event ${message}`, {
        details: [{ field: 'X-GitHub-Event', message }],
      });
    }
    const bodyHash = hash('sha256', request.body);
    return { deliveryId, bodyHash, signedAt: null, eventName };
  },

  read: (payload, eventName) => mapGithubPayload(payload, eventName ?? ''),
};
