import { ApiProperty } from '@nestjs/swagger';

import { RunView } from '../run-view.dto.js';

export class RunPage {
  @ApiProperty({ type: [RunView] })
  items!: RunView[];

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;
}

export class SandboxControl {
  @ApiProperty({ example: 'resources.memory' })
  name!: string;

  @ApiProperty({ description: 'What the engine says is in force', example: 4_294_967_296 })
  value!: unknown;

  @ApiProperty({ enum: ['default', 'config', 'request', 'always'] })
  source!: string;
}

/** The controls of a sandbox, read back from the engine before the command began. */
export class SandboxReportView {
  @ApiProperty({ type: [SandboxControl] })
  controls!: SandboxControl[];

  @ApiProperty({
    type: [String],
    description: 'The equivalent command line; what is secret is left out',
    example: ['docker', 'run', '--rm', '--cap-drop=ALL'],
  })
  dockerRun!: string[];

  @ApiProperty({
    type: 'object',
    properties: { reference: { type: 'string' }, id: { type: 'string' } },
    example: { reference: 'risoluto-sandbox:latest', id: 'sha256:0123' },
  })
  image!: { reference: string; id: string };
}
