/** What stands above the operations: all that somebody needs who has Swagger UI and nothing else. */
export const GUIDE = `Risoluto runs coding agents and CI commands in hardened containers. You ask for a **run** of a
command on an **issue**; it gets the issue's workspace, the secrets that it names and no network, and
what it prints is kept with those secrets masked.

### The first three calls

Open an operation, press **Try it out**, then **Execute**; what is filled in works as it is.

1. \`PUT /api/v1/secrets/{key}\` stores a secret under \`GREETING\`. The answer is 204.
2. \`POST /api/v1/runs\` starts a run; choose the example *A command with a secret*. The answer is 202
   with the run: copy its \`id\`.
3. \`GET /api/v1/runs/{id}/output\` shows what it printed, with \`***\` for the secret, and
   \`GET /api/v1/runs/{id}/sandbox\` the controls that it ran under.

### Who may call

- **Reads** are open, unless the operator set \`RISOLUTO_READ_TOKEN\`: then a read from another machine
  needs the read or the write token.
- **Writes** (\`PUT\`, \`POST\`, \`DELETE\`) need the write token where \`RISOLUTO_WRITE_TOKEN\` is set. Where
  it is not, only programs of the service's own machine may write.

Press **Authorize**, paste a token and nothing else, and every call carries it as
\`Authorization: Bearer …\`. The page forgets it when it is closed.

### What every answer has

- Every error is \`{"error":{"code","message","details"?}}\`. \`code\` is stable; \`message\` is for people;
  \`details\` name the fields.
- \`X-Request-ID\` names the request in the service's log and in the audit trail.
- \`RateLimit-Limit\`, \`-Remaining\` and \`-Reset\` say how many requests are left in this minute; past
  them comes 429 with \`Retry-After\`.
- Lists answer \`{"items","nextCursor"}\`: give \`nextCursor\` back as \`cursor\` for the next page.

This document is also at [/api/v1/openapi.json](/api/v1/openapi.json), and in the build as
\`dist/openapi.json\`, for making clients.`;
