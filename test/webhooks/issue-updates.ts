import { issueUpdate, signedByLinear, type SentDelivery } from './senders.js';

export interface Told {
  at?: number;
  state?: string;
  title?: string;
  /** What the update changed; the state unless told. */
  from?: object;
}

/** An update that Linear sends now, of what was so at `at`. */
export function update(identifier: string, told: Told = {}): SentDelivery {
  const { at = Date.now(), state = 'In Progress', title = `About ${identifier}` } = told;
  const whole = issueUpdate(identifier, at) as { data: object };
  const data = { ...whole.data, title, state: { id: `id of ${state}`, name: state } };
  const updatedFrom = told.from ?? { stateId: 'id of another' };
  return signedByLinear({ ...whole, data, updatedFrom, webhookTimestamp: Date.now() });
}
