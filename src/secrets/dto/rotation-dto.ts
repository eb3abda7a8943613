import { ApiProperty, ApiSchema } from '@nestjs/swagger';

@ApiSchema({ description: 'What a rotation of the master key did' })
export class RotationView {
  /** `false`: everything was under `MASTER_KEY` before, and nothing was changed. */
  @ApiProperty({ example: true })
  rotated: boolean;

  /** Secrets that were encrypted anew. */
  @ApiProperty({ type: 'integer', example: 12 })
  secrets: number;

  /** Other texts that were: the values of runs whose command goes on. */
  @ApiProperty({ type: 'integer', example: 0 })
  others: number;
}
