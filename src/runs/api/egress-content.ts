import { getSchemaPath } from '@nestjs/swagger';

import { AllowlistSuggestionView, DecisionPage, DecisionView } from './run-egress.dto.js';

const DECISION =
  '{"id":"01K8Z3Q5V7W9X1Y3Z5A7B9C1D3","seq":1,"at":"2026-11-23T12:00:00.000Z","turn":1,' +
  '"host":"registry.npmjs.org","port":443,"allowed":true,"rule":"*.npmjs.org","reason":null,';

const GOES_ON = `${DECISION}"bytesUp":0,"bytesDown":0,"durationMs":null,"count":1}`;
const ENDED = `${DECISION}"bytesUp":1204,"bytesDown":48213,"durationMs":310,"count":1}`;

const EVENTS_EXAMPLE = `: egress decisions of the run follow
retry: 1000

id: 1
event: decision
data: ${GOES_ON}

event: update
data: ${ENDED}

event: end
data: {"status":"succeeded","exitCode":0}

`;

/** The forms of a run's decisions, for the document. */
export const EGRESS_CONTENT = {
  'application/json': {
    schema: {
      oneOf: [
        { $ref: getSchemaPath(DecisionPage) },
        { $ref: getSchemaPath(AllowlistSuggestionView) },
      ],
    },
    example: { items: [JSON.parse(ENDED) as unknown], nextCursor: null, mode: 'enforce' },
  },
  'text/event-stream': {
    schema: { type: 'string', 'x-item-schema': { $ref: getSchemaPath(DecisionView) } },
    example: EVENTS_EXAMPLE,
  },
} satisfies Record<string, object>;
