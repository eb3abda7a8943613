/**
 * Whether a `Content-Type` says JSON in UTF-8: `application/json` or another type that the route takes,
 * with no charset or with `charset=utf-8`. Other parameters mean nothing to JSON and are passed over.
 */
export function isJsonMediaType(
  contentType: string | undefined,
  also: string | null = null,
): boolean {
  if (contentType === undefined) return false;
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase());
  if (type !== 'application/json' && (also === null || type !== also)) return false;
  return parameters
    .filter((parameter) => /^charset\s*=/.test(parameter))
    .every((parameter) => /^charset\s*=\s*("utf-8"|utf-8)$/.test(parameter));
}
