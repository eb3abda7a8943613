/** Finds the addresses of a name, in the order in which they are to be tried. */
export abstract class NameResolver {
  /** Rejects, or resolves with none, where the name has no address or nobody could say. */
  abstract resolve(name: string): Promise<readonly string[]>;
}
