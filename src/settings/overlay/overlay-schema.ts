import { z } from 'zod';

import { isOverlayable } from '../../config/overlay-bounds.js';
import { yamlSchema } from '../../config/yaml-schema.js';

interface Schema {
  type?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean;
  [key: string]: unknown;
}

/** What an overlay may hold, for the document; of a merge patch, `null` is allowed everywhere. */
export function overlaySchema(patch = false): Record<string, unknown> {
  const schema = z.toJSONSchema(yamlSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => void delete jsonSchema.default,
  }) as Schema;
  return { ...picked(schema, '', patch), description: DESCRIPTION };
}

const DESCRIPTION = 'Settings over those of the file, in its shape';

/** The part that leads to keys that may be overlaid; `null` where none does. */
function picked(schema: Schema, path: string, patch: boolean): Schema | null {
  if (isOverlayable(path)) return patch ? { anyOf: [schema, { type: 'null' }] } : schema;
  const properties: Record<string, Schema> = {};
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const part = picked(property, path === '' ? key : `${path}.${key}`, patch);
    if (part !== null) properties[key] = part;
  }
  if (Object.keys(properties).length === 0) return null;
  const type = patch && path !== '' ? ['object', 'null'] : 'object';
  return { type, additionalProperties: false, properties };
}
