import type { IncomingMessage } from 'node:http';

import { DomainError } from '../kernel/domain-error.js';
import { frameError } from './framework-errors.js';

/** What a piece of a body costs beside its bytes: clients may send them one by one. */
const PIECE_BYTES = 128;

interface ArrivingBody {
  /** Of memory. */
  held: number;
  readonly fail: (error: DomainError) => void;
}

/**
 * Reads bodies into memory, each up to a limit and all that are under way together up to another.
 * Anybody may begin a body, and they are read before any guard; so where they come to too much, the
 * one that began first gives way: it is the slowest, and small ones never wait behind large ones.
 */
export class ArrivingBodies {
  /** In the order in which they began. */
  readonly #bodies = new Set<ArrivingBody>();
  #held = 0;

  constructor(
    private readonly mostOfOne: number,
    private readonly mostOfAll: number,
  ) {}

  /**
   * The whole body.
   *
   * @throws DomainError `body_too_large`, `server_busy` when it gave way, `malformed_request` when the
   *   client broke off. The rest of it has then not been read.
   */
  read(message: IncomingMessage): Promise<Buffer> {
    if (Number(message.headers['content-length'] ?? 0) > this.mostOfOne) {
      return Promise.reject(frameError('body_too_large'));
    }
    return new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      const leave = () => {
        this.#bodies.delete(body);
        this.#held -= body.held;
        message.off('data', take).off('end', end).off('close', broken);
      };
      const body: ArrivingBody = {
        held: 0,
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      const take = (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        body.held += piece.length + PIECE_BYTES;
        this.#held += piece.length + PIECE_BYTES;
        if (bytes > this.mostOfOne) body.fail(frameError('body_too_large'));
        else if (this.#held > this.mostOfAll) this.#makeRoom();
      };
      const end = () => {
        leave();
        resolve(Buffer.concat(pieces, bytes));
      };
      const broken = () => body.fail(frameError('malformed_request'));
      this.#bodies.add(body);
      // Without a listener a client that breaks off would end the process.
      message.on('data', take).on('end', end).on('close', broken).on('error', ignore);
    });
  }

  #makeRoom(): void {
    const [oldest] = this.#bodies;
    oldest?.fail(
      new DomainError('server_busy', 'Too many bodies are on their way; try again', {
        retryAfterSeconds: 1,
      }),
    );
  }
}

/** `close` follows, and tells the same. */
function ignore(): void {}
