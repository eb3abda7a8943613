/** How long a client may leave a full buffer unread. */
export const STALL_MS = 30_000;

/**
 * Passes chunks on, and calls `cut` when one was not fetched for too long: the client does not
 * read. What waits for it is bounded by the stream's buffer.
 */
export async function* cutWhenStalled(
  chunks: AsyncGenerator<string>,
  cut: () => void,
  stallMs = STALL_MS,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    const timer = setTimeout(cut, stallMs);
    try {
      yield Buffer.from(chunk, 'utf8');
    } finally {
      clearTimeout(timer);
    }
  }
}
