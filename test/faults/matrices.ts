import { badInput } from './bad-input.js';
import { errors, errorsInBins } from './errors.js';
import { kill, killInBins } from './kill.js';
import type { Matrix } from './matrix.js';
import { powerLoss, powerLossInBins } from './power-loss.js';
import { realWorkers } from './real-workers.js';
import { temporalLoss } from './temporal-loss.js';
import { twoOfEach, twoOfEachInBins } from './two-of-each.js';

export const MATRICES: readonly Matrix[] = [
  kill,
  killInBins,
  errors,
  errorsInBins,
  powerLoss,
  powerLossInBins,
  twoOfEach,
  twoOfEachInBins,
  badInput,
  realWorkers,
  temporalLoss,
];
