import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What a run's workspace was when the run began. Of those that are there nobody knows it. */
export class AddRunBase1795492000000 implements MigrationInterface {
  readonly name = 'AddRunBase1795492000000';

  async up(runner: QueryRunner): Promise<void> {
    // The Table API would copy all runs.
    await runner.query('ALTER TABLE runs ADD COLUMN base text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE runs DROP COLUMN base');
  }
}
