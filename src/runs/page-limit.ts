/** A request can be 1 MiB; a page of many such is cut short. */
const PAGE_LIMIT_BYTES = 4 * 1024 * 1024;

/** The first of the rows that make a page: at most `limit`, at least one, and not too large together. */
export function pageOf<T extends { size: number }>(rows: readonly T[], limit: number): T[] {
  const page: T[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, limit)) {
    bytes += row.size;
    if (page.length > 0 && bytes > PAGE_LIMIT_BYTES) break;
    page.push(row);
  }
  return page;
}
