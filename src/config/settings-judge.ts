import type { Settings } from './settings.js';
import type { KeyProblem } from './yaml-file.js';

/**
 * What a higher module finds wrong with settings whose every value is right by itself. Judged at the
 * start and before an overlay changes them.
 */
export type SettingsJudge = (settings: Settings) => KeyProblem[];

/** Finds nothing wrong. */
export const NO_JUDGE: SettingsJudge = () => [];
