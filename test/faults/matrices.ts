import { badInput } from './bad-input.js';
import { errors } from './errors.js';
import { kill } from './kill.js';
import type { Matrix } from './matrix.js';
import { powerLoss } from './power-loss.js';
import { realWorkers } from './real-workers.js';
import { temporalLoss } from './temporal-loss.js';
import { twoOfEach } from './two-of-each.js';

export const MATRICES: readonly Matrix[] = [
  kill,
  errors,
  powerLoss,
  twoOfEach,
  badInput,
  realWorkers,
  temporalLoss,
];
