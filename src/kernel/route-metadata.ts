import { SetMetadata, applyDecorators } from '@nestjs/common';

import type { ErrorCode } from './error-codes.js';

/**
 * Who may call a route. `public`: anybody. `read`: reads, which `RISOLUTO_READ_TOKEN` may protect.
 * `write`: the write guard decides. `signed`: the route verifies its own signature (webhooks).
 * A route without it is denied.
 */
export type RouteAccess = 'public' | 'read' | 'write' | 'signed';

/** The allowance that a route counts against; `none` is not limited. */
export type RateGroupName = 'api' | 'webhooks' | 'none';

/** The audit action that a successful call leaves, or `none` for a route that changes nothing. */
export type AuditedAction = `${string}.${string}` | 'none';

export const ACCESS_METADATA = 'risoluto:access';
export const RATE_GROUP_METADATA = 'risoluto:rate-group';
export const AUDITED_METADATA = 'risoluto:audited';
export const FAILS_WITH_METADATA = 'risoluto:fails-with';
export const WRITE_PARAMETER_METADATA = 'risoluto:write-parameter';
export const MEDIA_TYPE_METADATA = 'risoluto:media-type';
export const RAW_BODY_METADATA = 'risoluto:raw-body';

export const Access = (access: RouteAccess) => SetMetadata(ACCESS_METADATA, access);
export const RateGroup = (group: RateGroupName) => SetMetadata(RATE_GROUP_METADATA, group);
export const Audited = (action: AuditedAction) => SetMetadata(AUDITED_METADATA, action);

/** The error codes that a route documents beside those that every route of its kind can answer. */
export const FailsWith = (...codes: ErrorCode[]) => SetMetadata(FAILS_WITH_METADATA, codes);

/** A route that reads, but costs so much with this query parameter that the write guard decides then. */
export const WriteWithParameter = (name: string) => SetMetadata(WRITE_PARAMETER_METADATA, name);

/** The handler gets the body's bytes; nothing parses them. */
export const RawBody = () => SetMetadata(RAW_BODY_METADATA, true);

/** A media type of JSON, in lower case, that the route takes beside `application/json`. */
export const AlsoTakes = (mediaType: string) => SetMetadata(MEDIA_TYPE_METADATA, mediaType);

/** A route of `/api/*` that only reads. */
export const ApiRead = (...codes: ErrorCode[]) =>
  applyDecorators(Access('read'), RateGroup('api'), Audited('none'), FailsWith(...codes));

/** A route of `/api/*` that changes something and leaves the audit action named. */
export const ApiWrite = (action: AuditedAction, ...codes: ErrorCode[]) =>
  applyDecorators(Access('write'), RateGroup('api'), Audited(action), FailsWith(...codes));
