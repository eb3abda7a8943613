import { Injectable } from '@nestjs/common';

import { SandboxImages } from '../sandbox/sandbox-images.js';
import { Sandboxes } from '../sandbox/sandboxes.js';
import { DiskMeter } from './disk-meter.js';
import { RunNetwork } from './run-network.js';

/** What a machine must offer for a sandbox to stand on it. */
@Injectable()
export class SandboxHost {
  constructor(
    readonly sandboxes: Sandboxes,
    readonly images: SandboxImages,
    readonly network: RunNetwork,
    readonly disk: DiskMeter,
  ) {}
}
