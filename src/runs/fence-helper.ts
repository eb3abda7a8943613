import { Injectable } from '@nestjs/common';

import {
  FenceHelperLauncher,
  FenceHelperSlot,
  type FenceHelperStream,
} from '../egress/fence-helper-launcher.js';
import { HelperContainers } from '../sandbox/helper-containers.js';

/** Made by `npm run quickstart` and by `scripts/Dockerfile.fence`. */
const IMAGE = 'risoluto-fence:latest';

/** Starts the fence's helper on the engine, for a service that may not place the rules itself. */
@Injectable()
export class ContainerFenceHelper extends FenceHelperLauncher {
  constructor(
    private readonly helpers: HelperContainers,
    slot: FenceHelperSlot,
  ) {
    super();
    slot.fill(this);
  }

  start(argv: readonly string[]): Promise<FenceHelperStream> {
    return this.helpers.serve({
      purpose: 'fence',
      argv,
      mounts: [],
      caps: ['NET_ADMIN'],
      network: 'host',
      image: IMAGE,
    });
  }
}
