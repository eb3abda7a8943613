import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';

import { LiveSettings } from '../../config/live-settings.js';
import { mergePatch, type JsonObject } from '../../config/merge-patch.js';
import { overlaid } from '../../config/overlaid-settings.js';
import type { Settings } from '../../config/settings.js';
import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { SYSTEM_ORIGIN, type Origin } from '../../kernel/origin.js';
import { ReadinessProbes, type Readiness, type ReadinessProbe } from '../../kernel/readiness.js';
import { Transactions, type Transaction } from '../../persistence/transactions.js';
import { ConfigOverlayRepository } from './config-overlay.repository.js';
import { differenceOf, matches, readOverlay, type OverlayDifference } from './stored-overlay.js';

const TARGET = 'overlay';

export interface OverlayChange {
  overlay: JsonObject;
  difference: OverlayDifference;
}

/** What a start could not use of the overlay. It is kept, and not in force. */
export interface SetAside {
  at: string;
  problems: string[];
}

interface Taken extends OverlayChange {
  settings: Settings;
}

/** The overlay of the configuration: what is stored, and that it is in force. */
@Injectable()
export class ConfigOverlay implements OnApplicationBootstrap, ReadinessProbe {
  readonly name = 'config';
  readonly #logger = new Logger('Config');
  #overlay: JsonObject = {};
  #broken: { content: string } | null = null;
  #setAside: SetAside | null = null;
  /** Changes are in force in the order of their commits, whoever hears of his first. */
  #taken = 0;
  #inForce = 0;

  constructor(
    private readonly rows: ConfigOverlayRepository,
    private readonly transactions: Transactions,
    private readonly live: LiveSettings,
    private readonly clock: Clock,
    probes: ReadinessProbes,
  ) {
    probes.register(this);
  }

  get current(): JsonObject {
    return this.#overlay;
  }

  /** `null` once a change has followed it. */
  get setAside(): SetAside | null {
    return this.#setAside;
  }

  /** Puts what is stored in force, before anything reads the settings. A broken one is not used. */
  async load(): Promise<void> {
    const row = await this.rows.current();
    if (row === null) {
      const earlier = await this.rows.newestSetAside();
      if (earlier !== null) this.#setAside = setAsideOf(earlier);
      return;
    }
    const read = readOverlay(this.live.base, row.content, this.live.judge);
    if ('problems' in read) {
      const { problems } = read;
      this.#broken = { content: row.content };
      this.#setAside = { at: new Date(this.clock.now()).toISOString(), problems };
      this.#logger.error(`the configuration overlay is not used: ${problems.join('; ')}`);
      return;
    }
    this.#overlay = read.overlay;
    this.live.replace(read.settings);
    if (read.wider.length === 0) return;
    this.#setAside = { at: new Date(this.clock.now()).toISOString(), problems: read.wider };
    this.#logger.warn(`the file counts in the overlay’s place: ${read.wider.join('; ')}`);
  }

  /** Once the audit trail is open: what is broken is renamed. If that fails, the next start does it. */
  async onApplicationBootstrap(): Promise<void> {
    const broken = this.#broken;
    if (broken === null) return;
    try {
      await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
        // Whoever changed it meanwhile has replaced what was broken.
        if ((await this.rows.current(tx.manager))?.content !== broken.content) return;
        await this.#keep(tx.manager);
        tx.audit({ action: 'config.overlay_set_aside', target: TARGET });
      });
    } catch (error) {
      this.#logger.error('the broken configuration overlay could not be set aside yet', error);
    }
  }

  check(): Promise<Readiness> {
    if (this.#setAside === null) return Promise.resolve({ status: 'ok' });
    return Promise.resolve({
      status: 'degraded',
      reason:
        'the start could not use the configuration overlay, or parts of it, and the file counts there: ' +
        `${this.#setAside.problems.join('; ').slice(0, 500)}; ` +
        'PUT or DELETE /api/v1/config/overlay ends this',
    });
  }

  /**
   * Puts another overlay in the place of the present one: stored with its audit row and in force when
   * it resolves. Concurrent changes follow one another. One that changes nothing leaves no audit row.
   * @param condition of `If-Match`
   * @throws DomainError `precondition_failed`, `validation_failed`, `overlay_refused`; nothing is
   *   changed then
   */
  replace(origin: Origin, overlay: JsonObject, condition?: string): Promise<OverlayChange> {
    return this.#change(origin, () => overlay, condition);
  }

  /** As `replace`, with a merge patch (RFC 7396) of the present one. */
  patch(origin: Origin, patch: JsonObject, condition?: string): Promise<OverlayChange> {
    return this.#change(origin, (now) => mergePatch(now, patch) as JsonObject, condition);
  }

  async #change(
    origin: Origin,
    changed: (now: JsonObject) => JsonObject,
    condition: string | undefined,
  ): Promise<OverlayChange> {
    const taken = await this.transactions.run(origin, async (tx) => {
      const row = await this.rows.current(tx.manager);
      const before = this.#usable(row?.content);
      if (!matches(condition, before)) throw preconditionFailed();
      const after = changed(before);
      const settings = this.#judged(after);
      const difference = differenceOf(before, after);
      const idle = difference.set.length + difference.removed.length === 0;
      if (idle && this.#setAside === null)
        return { overlay: before, settings, difference, order: 0 };
      if (row !== null && row.content === this.#broken?.content) await this.#keep(tx.manager);
      const changedAt = this.clock.now();
      const content = JSON.stringify(after);
      await this.rows.put(tx.manager, { content, changedAt, changedBy: origin.actor });
      tx.audit({ action: 'config.overlay_changed', target: TARGET, details: { ...difference } });
      return { overlay: after, settings, difference, order: (this.#taken += 1) };
    });
    if (taken.order > 0) this.#putInForce(taken, taken.order);
    return taken;
  }

  /** Renames what is broken. */
  async #keep(manager: Transaction['manager']): Promise<void> {
    if (this.#setAside === null) return;
    const { at, problems } = this.#setAside;
    await this.rows.setAside(manager, at, JSON.stringify(problems));
  }

  /** What a start could not use counts as none. */
  #usable(content: string | undefined): JsonObject {
    if (content === undefined) return {};
    const read = readOverlay(this.live.base, content, this.live.judge);
    return 'problems' in read ? {} : read.overlay;
  }

  #judged(overlay: JsonObject): Settings {
    const result = overlaid(this.live.base, overlay, this.live.judge);
    if ('settings' in result) return result.settings;
    const { refused, problems } = result;
    throw new DomainError(
      refused ? 'overlay_refused' : 'validation_failed',
      refused
        ? 'An overlay narrows what the operator’s file states, and may not set these so'
        : 'The configuration with this overlay would be wrong',
      { details: problems.map(({ key, rule }) => ({ field: key.slice(0, 200), message: rule })) },
    );
  }

  #putInForce({ overlay, settings }: Taken, order: number): void {
    if (order < this.#inForce) return;
    this.#inForce = order;
    this.#overlay = overlay;
    this.#broken = null;
    this.#setAside = null;
    this.live.replace(settings);
  }
}

function setAsideOf(row: { id: string; problems: string | null }): SetAside {
  return {
    at: row.id.slice('set-aside-'.length),
    problems: JSON.parse(row.problems ?? '[]') as string[],
  };
}

function preconditionFailed(): DomainError {
  return new DomainError(
    'precondition_failed',
    'The overlay is not what If-Match names: read it again, and decide anew',
  );
}
