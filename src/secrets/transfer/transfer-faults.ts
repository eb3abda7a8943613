import { DomainError } from '../../kernel/domain-error.js';
import { assertSecretKey, assertSecretValue } from '../secret-name.js';

/** The names whose name or value no secret may have, as Risoluto 0.6 let them. */
export function faultsOf(values: ReadonlyMap<string, string>): string[] {
  return [...values].filter(([key, value]) => isFaulty(key, value)).map(([key]) => key);
}

function isFaulty(key: string, value: string): boolean {
  try {
    assertSecretKey(key);
    assertSecretValue(value);
    return false;
  } catch (error) {
    if (error instanceof DomainError) return true;
    throw error;
  }
}
