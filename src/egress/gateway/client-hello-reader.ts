import { parseClientHello, type ClientHello } from './client-hello.js';
import { HeldBytes } from './held-bytes.js';

export type HelloState =
  | { readonly kind: 'incomplete' }
  /** Also what begins as TLS and then is not as the standard has it. */
  | { readonly kind: 'not-tls' }
  | ({ readonly kind: 'hello' } & ClientHello);

export const LONGEST_HELLO_BYTES = 16 * 1024;
export const MOST_HELLO_RECORDS = 64;

const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_HEADER_BYTES = 4;
const LONGEST_RECORD_BYTES = 16 * 1024;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;

const INCOMPLETE: HelloState = { kind: 'incomplete' };
const NOT_TLS: HelloState = { kind: 'not-tls' };

/**
 * Finds the ClientHello at the start of a stream, in whatever segments and TLS records it comes. Holds
 * no more than the longest hello, and knows after the first byte of most other protocols that they are
 * not TLS.
 */
export class ClientHelloReader {
  readonly #header: number[] = [];
  readonly #message = new HeldBytes();
  #records = 0;
  /** What the record that is being read still lacks. */
  #missing = 0;
  #state = INCOMPLETE;

  /** The state after these bytes too; once it is not `incomplete` it stays. */
  feed(bytes: Buffer): HelloState {
    let rest = bytes;
    while (rest.length > 0 && this.#state === INCOMPLETE) {
      const taken = this.#missing > 0 ? this.#readFragment(rest) : this.#readHeader(rest);
      rest = rest.subarray(taken);
    }
    return this.#state;
  }

  #readHeader(bytes: Buffer): number {
    const taken = bytes.subarray(0, RECORD_HEADER_BYTES - this.#header.length);
    this.#header.push(...taken);
    const [type, major = 3, minor = 0, high = 0, low = 0] = this.#header;
    if (type !== HANDSHAKE || major !== 3 || minor > 4) this.#state = NOT_TLS;
    if (this.#header.length < RECORD_HEADER_BYTES) return taken.length;
    this.#header.length = 0;
    this.#records += 1;
    this.#missing = high * 256 + low;
    const fits = this.#missing > 0 && this.#missing <= LONGEST_RECORD_BYTES;
    if (!fits || this.#records > MOST_HELLO_RECORDS) this.#state = NOT_TLS;
    return taken.length;
  }

  #readFragment(bytes: Buffer): number {
    const taken = bytes.subarray(0, this.#missing);
    this.#missing -= taken.length;
    this.#message.append(taken);
    this.#state = this.#look();
    return taken.length;
  }

  #look(): HelloState {
    const { bytes, length } = this.#message;
    if (bytes[0] !== CLIENT_HELLO) return NOT_TLS;
    if (length < HANDSHAKE_HEADER_BYTES) return INCOMPLETE;
    const size = HANDSHAKE_HEADER_BYTES + bytes.readUIntBE(1, 3);
    // A hello shares no record with what follows it.
    if (size > LONGEST_HELLO_BYTES || length + this.#missing > size) return NOT_TLS;
    if (length < size) return INCOMPLETE;
    const hello = parseClientHello(bytes.subarray(HANDSHAKE_HEADER_BYTES));
    return hello === null ? NOT_TLS : { kind: 'hello', ...hello };
  }
}
