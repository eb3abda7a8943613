import { Global, Module } from '@nestjs/common';

import { AccessGuard } from './access.guard.js';
import { DeniedPeerRanges, DeniedPeers } from './denied-peers.js';

/** The guard is made here and registered in the application's one list of guards. */
@Global()
@Module({
  providers: [AccessGuard, { provide: DeniedPeers, useClass: DeniedPeerRanges }],
  exports: [AccessGuard, DeniedPeers],
})
export class AuthModule {}
