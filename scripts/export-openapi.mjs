// The end of `npm run build`: writes the OpenAPI document of what was built to dist/openapi.json.
import 'reflect-metadata';

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { documentOfService } from '../dist/src/app.document.js';
import { ROOT } from './lib/paths.mjs';

const document = await documentOfService();
writeFileSync(join(ROOT, 'dist/openapi.json'), `${JSON.stringify(document, null, 2)}\n`);
