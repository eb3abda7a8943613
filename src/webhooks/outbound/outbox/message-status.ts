/**
 * `pending`: waits to be sent; `sent`: all of it is done; `skipped`: there was no key to send it with;
 * `dead`: given up.
 */
export const MESSAGE_STATUSES = ['pending', 'sent', 'skipped', 'dead'] as const;

export type MessageStatus = (typeof MESSAGE_STATUSES)[number];
