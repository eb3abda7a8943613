import type { OpenAPIObject } from '@nestjs/swagger';

/** In the order in which a newcomer needs them. */
const TAGS = [
  {
    name: 'secrets',
    description: 'Values that runs may name. They are stored encrypted and never shown again.',
  },
  { name: 'runs', description: 'Start commands in sandboxes, follow them, cancel them.' },
  {
    name: 'workspaces',
    description: 'The directories that runs work in: send a checkout, take artefacts, remove.',
  },
  {
    name: 'webhooks',
    description: 'Signed deliveries of other services, and the inbox that keeps them.',
  },
  { name: 'audit', description: 'The hash-chained trail of every change, and its verification.' },
  { name: 'config', description: 'What the service runs with, and what may be configured.' },
  { name: 'hardening', description: 'How well this installation is protected, and what to do.' },
  { name: 'operations', description: 'Health, metrics and facts, for whoever runs the service.' },
] as const;

/** The known tags that operations use, in our order. */
export function usedTags(document: OpenAPIObject): { name: string; description: string }[] {
  const used = new Set(
    Object.values(document.paths).flatMap((item) =>
      Object.values(item as Record<string, { tags?: string[] }>).flatMap(({ tags }) => tags ?? []),
    ),
  );
  return TAGS.filter(({ name }) => used.has(name)).map((tag) => ({ ...tag }));
}
