import { isAlias, isCollection, isScalar, isSeq, parseDocument, type Document } from 'yaml';

/** Why a key cannot be set in this text. */
export class NotSettable extends Error {}

/**
 * The text of a `risoluto.yaml` with one key set; its comments, order and style stay. Maps that
 * lack on the way are made. `value` is one line of YAML: `true`, `300`, `[]`, `sha256:…`.
 * @param key dotted; a number is a place in a list
 * @throws NotSettable
 */
export function withKeySet(text: string, key: string, value: string): string {
  const document = parseDocument(text, { version: '1.2' });
  const given = parseDocument(value, { version: '1.2' });
  if (document.errors.length > 0) throw new NotSettable('the file is no valid YAML');
  if (given.errors.length > 0 || given.contents === null) {
    throw new NotSettable('the value is no valid YAML; quote a text that has colons or braces');
  }
  const path = key.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  clearTheWay(document, path);
  document.setIn(path, given.toJS());
  return document.toString({ lineWidth: 0 });
}

/** A key that stands there without a value is an empty map. */
function clearTheWay(document: Document, path: readonly (string | number)[]): void {
  for (let depth = 0; depth < path.length; depth += 1) {
    const above = path.slice(0, depth);
    const node: unknown = depth === 0 ? document.contents : document.getIn(above, true);
    if (isAlias(node)) throw new NotSettable(`${above.join('.')} is an alias: edit the file`);
    if (node === undefined || node === null) {
      if (typeof path[depth] === 'number') throw new NotSettable(`${above.join('.')} has no items`);
      continue;
    }
    if (isScalar(node) && node.value === null) {
      if (depth > 0) document.setIn(above, document.createNode({}));
    } else if (!isCollection(node) || (isSeq(node) && typeof path[depth] !== 'number')) {
      throw new NotSettable(`${above.join('.') || 'the document'} holds no keys`);
    }
  }
}
