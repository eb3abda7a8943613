import { ApiProperty, ApiSchema } from '@nestjs/swagger';

@ApiSchema({ description: 'One part of the service and how it is' })
export class ReadinessCheck {
  /** Which part. */
  @ApiProperty({ example: 'database' })
  name: string;

  /** `degraded`: it does not work, and the service serves without it. */
  status: 'ok' | 'degraded' | 'failed';

  /** What is wrong and what to do; absent when `ok`. */
  @ApiProperty({ example: 'the container engine does not answer' })
  reason?: string;
}

@ApiSchema({ description: 'Whether the service should get traffic, and how its parts are' })
export class ReadinessReport {
  /** The worst of all checks; `degraded` still serves. */
  status: 'ok' | 'degraded' | 'failed';

  /** Every part that was asked. */
  checks: ReadinessCheck[];
}

@ApiSchema({ description: 'The process runs and answers' })
export class Liveness {
  /** Always `ok`: whoever is not does not answer. */
  status: 'ok';
}
