import type { WaitingReason } from './run-view.js';

/** Why no run is started now; shown with every run that waits. `null` when only room is missing. */
export class WaitingRoom {
  reason: WaitingReason | null = null;
}
