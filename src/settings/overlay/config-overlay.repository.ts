import { Injectable } from '@nestjs/common';
import { Like, type EntityManager } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import { ConfigOverlayEntity } from './config-overlay.entity.js';

const CURRENT = 'current';

/** The rows of overlays: one in force at most, and any number set aside. */
@Injectable()
export class ConfigOverlayRepository {
  constructor(private readonly read: ReadSource) {}

  current(manager: EntityManager = this.read.manager): Promise<ConfigOverlayEntity | null> {
    return manager.findOneBy(ConfigOverlayEntity, { id: CURRENT });
  }

  newestSetAside(): Promise<ConfigOverlayEntity | null> {
    return this.read.manager.findOne(ConfigOverlayEntity, {
      where: { id: Like('set-aside-%') },
      order: { id: 'DESC' },
    });
  }

  async put(
    manager: EntityManager,
    {
      content,
      changedAt,
      changedBy,
    }: Pick<ConfigOverlayEntity, 'content' | 'changedAt' | 'changedBy'>,
  ): Promise<void> {
    await manager.delete(ConfigOverlayEntity, { id: CURRENT });
    await manager.insert(ConfigOverlayEntity, {
      id: CURRENT,
      content,
      problems: null,
      changedAt,
      changedBy,
    });
  }

  /** Renames what is in force, so that it is kept and no longer in force. */
  async setAside(manager: EntityManager, at: string, problems: string): Promise<void> {
    await manager.update(ConfigOverlayEntity, { id: CURRENT }, { id: `set-aside-${at}`, problems });
  }
}
