import type { BackOff } from '../../kernel/back-off.js';

/** Between two attempts to handle a delivery. */
export const HANDLE_BACK_OFF: BackOff = { firstMs: 1000, longestMs: 300_000 };
