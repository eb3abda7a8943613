import { ApiProperty, ApiSchema } from '@nestjs/swagger';

@ApiSchema({ description: 'What a change of the overlay did' })
export class OverlayChangeView {
  /** The overlay that is in force now. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { runs: { maxConcurrent: 2 } },
  })
  overlay: Record<string, unknown>;

  /**
   * Dotted paths of settings whose new values count from now on; those of sandboxes count for runs
   * that start after this.
   */
  @ApiProperty({ type: [String], example: ['runs.maxConcurrent'] })
  applied: string[];

  /** Dotted paths of settings whose new values count after the next start. */
  @ApiProperty({ type: [String], example: [] })
  needsRestart: string[];
}
