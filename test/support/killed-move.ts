/** Moves the release of timestamp 1, and kills itself when so many bytes are copied: `killed-move.ts POST INBOUND RELEASE BYTES`. */
import { moveRelease } from '../../src/handover/index.js';
import { pause } from './pause.js';

const [postToTufPath = '', inboundPath = '', release = '', bytes = ''] = process.argv.slice(2);
let copied = 0;
let adopted = 0;
await moveRelease({
  ...{ postToTufPath, inboundPath, release, timestamp: '1', hashAlgorithms: ['sha256'] },
  decisionOf: () => Promise.resolve(undefined),
  onBytes: (more) => {
    copied += more;
    if (copied >= Number(bytes)) process.kill(process.pid, 'SIGKILL');
    if (more >= 256 * 1024) pause(10);
  },
  onAdopted: (more) => (adopted += more),
});
process.send?.(adopted);
process.disconnect();
