import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

import { DomainError } from '../kernel/domain-error.js';

/** One page of a list. */
export interface Page<T> {
  items: T[];
  /** Give it back as `cursor` for the next page; `null` on the last one. */
  nextCursor: string | null;
}

/** The query of every list. */
export class PageQuery {
  @ApiPropertyOptional({
    type: String,
    maxLength: 1024,
    description: '`nextCursor` of the page before; absent for the first page.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(1024)
  cursor?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 200,
    default: 50,
    description: 'Most items of the page.',
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit: number = 50;
}

/** Opaque to clients: the sort key of the last item that was sent. */
export function encodeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts), 'utf8').toString('base64url');
}

/**
 * The inverse of `encodeCursor`. A cursor is the client's to change, so the parts are checked for
 * their types only by the caller, who knows how many there are.
 *
 * @throws DomainError `invalid_cursor`
 */
export function decodeCursor(cursor: string): (string | number)[] {
  const parts = parsedParts(cursor);
  if (parts !== null && encodeCursor(parts) === cursor) return parts;
  throw invalidCursor();
}

/** Says that a cursor is none of this list's. */
export function invalidCursor(): DomainError {
  return new DomainError('invalid_cursor', 'The cursor is not one that this list gave out', {
    details: [{ field: 'cursor', message: 'must be a nextCursor of this list' }],
  });
}

function parsedParts(cursor: string): (string | number)[] | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) && value.every(isPart) ? value : null;
  } catch {
    return null;
  }
}

function isPart(value: unknown): value is string | number {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}
