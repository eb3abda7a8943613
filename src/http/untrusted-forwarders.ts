/** Remembers the last peer that sent a forwarding header although nobody trusts it to: one field. */
export class UntrustedForwarders {
  #lastPeer: string | null = null;

  note(peer: string): void {
    this.#lastPeer = peer;
  }

  /** `null`: none since the start. */
  get lastPeer(): string | null {
    return this.#lastPeer;
  }
}
