import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IsIn, IsString, Length } from 'class-validator';

@ApiSchema({ description: 'The answer to what an agent asked' })
export class DecideApprovalDto {
  /** Of the approval. */
  @ApiProperty({ example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3', minLength: 1, maxLength: 64 })
  @IsString()
  @Length(1, 64)
  id!: string;

  /** Whether the agent may. */
  @ApiProperty({ enum: ['approve', 'deny'], example: 'deny' })
  @IsIn(['approve', 'deny'])
  decision!: 'approve' | 'deny';
}
