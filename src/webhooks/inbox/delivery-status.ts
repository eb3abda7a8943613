export const DELIVERY_STATUSES = [
  // Waits to be handled, for the first time or again.
  'pending',
  // A rule matched, and its effect is there.
  'handled',
  // Nothing was to be done.
  'ignored',
  // Something newer of the same thing was handled before.
  'superseded',
  // Given up, with the reason: the dead letters.
  'failed',
] as const;

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];
