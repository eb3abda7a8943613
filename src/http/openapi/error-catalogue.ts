import type { ErrorCode } from '../../kernel/error-codes.js';

/** What each code tells a client, for the document. */
export const ERROR_MEANINGS: Readonly<Record<ErrorCode, string>> = {
  malformed_request: 'The request is not HTTP that can be understood.',
  invalid_json: 'The body is not JSON in UTF-8, or names a key twice.',
  validation_failed: 'A field or parameter is wrong or unknown; `details` name it.',
  invalid_cursor: 'The cursor is not one that this list gave out.',
  invalid_idempotency_key: 'The header is not 1 to 255 visible ASCII characters.',
  invalid_secret_key: 'A key is 1 to 128 ASCII letters, digits, or one of `. _ : -`.',
  invalid_secret_value: 'A value is non-empty text of at most 64 KiB as UTF-8.',
  invalid_payload:
    'The body is signed, but it is not a JSON object of at most 64 levels in UTF-8, or lacks what every delivery of its source has.',
  invalid_delivery_id:
    'The header with the delivery’s id is missing, or is not 1 to 200 visible ASCII characters.',
  event_missing: 'The header that names the event is missing.',
  signature_missing: 'A header that carries the signature, or a part of what it signs, is missing.',
  signature_invalid: 'No secret of this source signs these bytes so.',
  replay_rejected:
    'The signed time is too long ago, or ahead, and the delivery was not received before.',
  write_unauthorized: 'The write token is missing or wrong.',
  read_unauthorized: 'A read token is needed from here, and it is missing or wrong.',
  write_forbidden: 'No write token is set, so only programs of the service’s machine may write.',
  read_forbidden: 'This may not be read from here.',
  sandbox_forbidden: 'The request comes from a sandbox, which may change nothing.',
  access_undeclared: 'The route does not say who may call it, so nobody may.',
  not_found: 'There is nothing at this path.',
  secret_not_found: 'There is no secret with this key.',
  run_not_found: 'There is no run with this id.',
  approval_not_found: 'The run has no approval with this id.',
  turn_not_found: 'The run has no turn with this number.',
  workspace_not_found: 'There is no workspace of this issue.',
  delivery_not_found: 'There is no delivery with this id.',
  message_not_found: 'There is no message with this id.',
  method_not_allowed: 'The path does not take this method; `Allow` says which it takes.',
  request_timeout: 'The request did not arrive in time.',
  turn_active: 'A turn of the run waits or is executed; ask again when it is over.',
  approval_decided: 'Somebody answered it before, or its time was up.',
  turn_not_steerable: 'No turn goes on that takes messages, or its agent refused this one.',
  run_not_kept_alive: 'The run was not started with `keepAlive`, so it takes no further turns.',
  run_finished: 'The run has finished; it cannot be cancelled and takes no further turn.',
  workspace_busy: 'A run or another request uses the workspace; try again when it has ended.',
  workspace_taken:
    'A later run of the issue has the workspace, or has had it, so it does not tell what this one changed.',
  workspace_gone: 'The workspace in which the run worked was deleted or replaced.',
  diff_unavailable:
    'The run has not begun, or what its workspace was before is not known; the message says why.',
  repository_unreadable:
    'The commit at which the run began cannot be read from the workspace, or a file of the workspace cannot.',
  sandbox_not_ready: 'The run, or its turn, has no sandbox, or does not have it yet.',
  delivery_pending: 'The delivery waits to be handled already.',
  message_not_given_up: 'The message was sent, or waits to be sent already.',
  message_overtaken:
    'A newer message about the issue was sent, and this one would move the issue back.',
  precondition_failed: 'What `If-Match` names is not what is there now; read it again.',
  body_too_large: 'The body is larger than 1 MiB.',
  archive_too_large:
    'The archive, packed or unpacked, is larger than a workspace may be; holes in files count too.',
  diff_too_large:
    'What the run changed is more than is computed; the message names the bound. Download the workspace instead.',
  uri_too_long: 'A part of the path is longer than 4096 characters.',
  unsupported_media_type:
    'The body is not of the media type that the route takes: `application/json` in UTF-8, uncompressed, unless the route says another.',
  policy_widened: 'The request asks for more than the operator’s policy allows.',
  overlay_refused: 'These settings belong to the operator’s file; `details` name them.',
  idempotency_key_reused: 'The key was used with another body within 24 hours.',
  key_mismatch: 'The copy of the master key is not the key that is in use.',
  secret_unknown: 'The request names secrets that do not exist; `details` name them.',
  credential_route_unknown:
    'The request names credential routes that the operator has not set up; `details` name them.',
  environment_refused: 'An environment variable may not be set; `details` say which and why.',
  compaction_unsupported:
    'The run has no agent, or one of a kind that cannot be told to shorten its conversation.',
  agent_unknown: 'This service has no agent of this kind; the message names those it has.',
  archive_refused:
    'The archive is not unpacked; `details` name the entry and what is wrong with it.',
  rate_limited: 'Too many requests from this address; wait for `Retry-After` seconds.',
  headers_too_large: 'The headers are larger than 16 KiB together.',
  internal_error: 'Something went wrong inside; the service’s log has this request’s id.',
  secret_unreadable: 'A stored secret does not decrypt with the master key.',
  storage_busy: 'Too many changes wait for the database; try again.',
  storage_unavailable: 'The database cannot be used at the moment.',
  secrets_locked: 'The service has no master key (`MASTER_KEY`), so secrets are locked.',
  webhook_not_configured:
    'No secret is configured for this source, so nothing it sends can be verified.',
  server_busy: 'Too many bodies are on their way; try again.',
  disk_low: 'The disk of the workspaces, or of the service’s own data, has too little free space.',
  queue_full: 'As many runs wait as may (`runs.maxQueued`); nothing was stored. Try again later.',
  shutting_down: 'The service is stopping; try again.',
  too_many_streams:
    'Too many clients, or too many of this address, wait for runs or read output; try again.',
  not_ready: 'A part without which the service cannot serve has failed; `details` name it.',
  engine_unavailable: 'The container engine does not answer.',
  egress_unenforceable:
    'The allowlist of outbound connections could not be enforced, so nothing was started; the details say what failed and the remedy',
  control_unavailable: 'A control that is asked for cannot be applied on this host.',
};
