import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/**
 * `secrets.enc` by the format's description alone, without a line of the product: pretty JSON over one
 * AES-256-GCM ciphertext of the JSON map, key: SHA-256 of the master key, no additional data.
 */
export function secretsFileOf06(masterKey: string, values: Record<string, string>): string {
  const iv = randomBytes(12);
  const gcm = createCipheriv('aes-256-gcm', keyOf(masterKey), iv);
  const ciphertext = Buffer.concat([gcm.update(JSON.stringify(values), 'utf8'), gcm.final()]);
  const file = {
    version: 1,
    algorithm: 'aes-256-gcm',
    iv: iv.toString('base64'),
    authTag: gcm.getAuthTag().toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** The table of Risoluto 0.6 with these secrets, as SQL: each has a ciphertext of its own. */
export function secretsTableOf06(masterKey: string, values: Record<string, string>): string {
  const rows = Object.entries(values).map(([key, value]) => {
    const iv = randomBytes(12);
    const gcm = createCipheriv('aes-256-gcm', keyOf(masterKey), iv);
    const ciphertext = Buffer.concat([gcm.update(value, 'utf8'), gcm.final()]);
    const columns = [ciphertext, iv, gcm.getAuthTag()].map((bytes) => bytes.toString('base64'));
    return `('${[key, ...columns].join("','")}', '2025-06-01 10:20:30')`;
  });
  return `CREATE TABLE encrypted_secrets
    (key TEXT PRIMARY KEY, ciphertext TEXT, iv TEXT, auth_tag TEXT, updated_at TEXT);
    INSERT INTO encrypted_secrets VALUES ${rows.join()}`;
}

/** As Risoluto 0.6 reads it. @throws Error for what it could not read */
export function valuesOfFileFor06(masterKey: string, text: string): Record<string, string> {
  const file = JSON.parse(text) as Record<string, string | number>;
  if (file.version !== 1 || file.algorithm !== 'aes-256-gcm') throw new Error('another format');
  if (text !== `${JSON.stringify(file, null, 2)}\n`) throw new Error('not written as 0.6 does');
  if (Object.keys(file).join() !== 'version,algorithm,iv,authTag,ciphertext') {
    throw new Error('other properties');
  }
  const bytes = (name: string) => Buffer.from(String(file[name]), 'base64');
  const gcm = createDecipheriv('aes-256-gcm', keyOf(masterKey), bytes('iv'));
  gcm.setAuthTag(bytes('authTag'));
  const text06 = Buffer.concat([gcm.update(bytes('ciphertext')), gcm.final()]).toString('utf8');
  return JSON.parse(text06) as Record<string, string>;
}

function keyOf(masterKey: string): Buffer {
  return createHash('sha256').update(masterKey).digest();
}
