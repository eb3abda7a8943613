import { z } from 'zod';

import { SECRET_KEY } from '../kernel/secret-key.js';

/** Names a stored secret, which need not be there yet. */
export const secretReference = z.string().regex(SECRET_KEY, 'must be the name of a stored secret');
