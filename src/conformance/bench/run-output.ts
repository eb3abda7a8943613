import type { ServiceApi } from './service-api.js';

/** What a run has printed until now on either stream, as the service stored it. */
export async function readOutput(api: ServiceApi, id: string): Promise<string> {
  const response = await api.stream(`/runs/${id}/output`, {
    headers: { accept: 'application/x-ndjson' },
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return textOf(Buffer.concat(chunks).toString('utf8'));
}

/** The text of records, one a line. A line feed alone ends one. */
export function textOf(ndjson: string): string {
  const lines = ndjson.split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { text?: string }).text ?? '').join('');
}
