/** The candidate that is most like a misspelt key, or `null` when none is near enough to be meant. */
export function nearestKey(unknown: string, candidates: readonly string[]): string | null {
  const wanted = normalise(unknown);
  let best: { key: string; distance: number } | null = null;
  for (const key of candidates) {
    const distance = editDistance(wanted, normalise(key));
    if (best === null || distance < best.distance) best = { key, distance };
  }
  const tolerance = Math.max(2, Math.floor(wanted.length / 3));
  return best !== null && best.distance <= tolerance ? best.key : null;
}

function normalise(key: string): string {
  return key.toLowerCase().replaceAll(/[_-]/g, '');
}

/** Levenshtein's distance. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = cell(previous, column - 1) + (left[row - 1] === right[column - 1] ? 0 : 1);
      const shortest = Math.min(
        replaced,
        cell(previous, column) + 1,
        cell(current, column - 1) + 1,
      );
      current.push(shortest);
    }
    previous = current;
  }
  return cell(previous, right.length);
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
