/** What went wrong, in the terms that decide an HTTP status; the table is in `http/error-status.ts`. */
export type ErrorKind =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'timeout'
  | 'conflict'
  | 'precondition_failed'
  | 'too_large'
  | 'uri_too_long'
  | 'unsupported_media_type'
  | 'unprocessable'
  | 'rate_limited'
  | 'headers_too_large'
  | 'internal'
  | 'unavailable';

/** Every code that a client may see. A code is never renamed and never changes its kind. */
export const ERROR_KINDS = {
  malformed_request: 'invalid',
  invalid_json: 'invalid',
  validation_failed: 'invalid',
  invalid_cursor: 'invalid',
  invalid_idempotency_key: 'invalid',
  invalid_secret_key: 'invalid',
  invalid_secret_value: 'invalid',
  invalid_payload: 'invalid',
  invalid_delivery_id: 'invalid',
  event_missing: 'invalid',
  write_unauthorized: 'unauthorized',
  read_unauthorized: 'unauthorized',
  signature_missing: 'unauthorized',
  signature_invalid: 'unauthorized',
  replay_rejected: 'unauthorized',
  write_forbidden: 'forbidden',
  read_forbidden: 'forbidden',
  sandbox_forbidden: 'forbidden',
  access_undeclared: 'forbidden',
  not_found: 'not_found',
  secret_not_found: 'not_found',
  run_not_found: 'not_found',
  turn_not_found: 'not_found',
  workspace_not_found: 'not_found',
  delivery_not_found: 'not_found',
  method_not_allowed: 'method_not_allowed',
  request_timeout: 'timeout',
  run_finished: 'conflict',
  turn_active: 'conflict',
  run_not_kept_alive: 'conflict',
  workspace_busy: 'conflict',
  sandbox_not_ready: 'conflict',
  delivery_pending: 'conflict',
  precondition_failed: 'precondition_failed',
  body_too_large: 'too_large',
  archive_too_large: 'too_large',
  uri_too_long: 'uri_too_long',
  unsupported_media_type: 'unsupported_media_type',
  policy_widened: 'unprocessable',
  overlay_refused: 'unprocessable',
  idempotency_key_reused: 'unprocessable',
  secret_unknown: 'unprocessable',
  environment_refused: 'unprocessable',
  agent_unknown: 'unprocessable',
  key_mismatch: 'unprocessable',
  archive_refused: 'unprocessable',
  rate_limited: 'rate_limited',
  headers_too_large: 'headers_too_large',
  internal_error: 'internal',
  secret_unreadable: 'internal',
  storage_busy: 'unavailable',
  storage_unavailable: 'unavailable',
  secrets_locked: 'unavailable',
  webhook_not_configured: 'unavailable',
  shutting_down: 'unavailable',
  too_many_streams: 'unavailable',
  server_busy: 'unavailable',
  disk_low: 'unavailable',
  queue_full: 'unavailable',
  not_ready: 'unavailable',
  engine_unavailable: 'unavailable',
  control_unavailable: 'unprocessable',
  egress_unenforceable: 'unprocessable',
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;
