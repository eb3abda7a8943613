import { getSchemaPath } from '@nestjs/swagger';

import { OutputRecordView } from './run-responses.dto.js';

const NDJSON_EXAMPLE = `{"seq":1,"at":"2026-11-23T12:00:00.000Z","turn":1,"stream":"stdout","text":"The greeting is ***\\n"}
`;

const EVENTS_EXAMPLE = `: output of the run follows
retry: 1000

id: 1
event: output
data: {"seq":1,"at":"2026-11-23T12:00:00.000Z","turn":1,"stream":"stdout","text":"The greeting is ***\\n"}

event: end
data: {"status":"succeeded","exitCode":0}

`;

const TEXT_EXAMPLE = 'The greeting is ***\n';

const RECORD = { $ref: getSchemaPath(OutputRecordView) };

/**
 * The forms of a run's output, for the document. Plain text is first, because Swagger UI asks for the
 * first one and a person reads it there. OpenAPI 3.1 has no word for the schema of one item.
 */
export const OUTPUT_CONTENT = {
  'text/plain': { schema: { type: 'string' }, example: TEXT_EXAMPLE },
  'application/x-ndjson': {
    schema: { type: 'string', 'x-item-schema': RECORD },
    example: NDJSON_EXAMPLE,
  },
  'text/event-stream': {
    schema: { type: 'string', 'x-item-schema': RECORD },
    example: EVENTS_EXAMPLE,
  },
} as const;
