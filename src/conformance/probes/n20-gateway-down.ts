import { elsewhere } from '../elsewhere.js';

export const gatewayDown = elsewhere(
  { id: 'N20', title: 'Without its gateway a sandbox reaches nothing', group: 'network' },
  'it would stop the service; the project’s tests do it (test/egress-gateway)',
);
