import type { NativeConnectionOptions, WorkerOptions } from '@temporalio/worker';
import type { Config, WorkerRole } from '../config/index.js';

/** How a worker of a role asks for work, and how much it takes at once. */
export function workerOptions(
  role: WorkerRole,
  { maxConcurrentReleases }: Pick<Config, 'maxConcurrentReleases'>,
): Partial<WorkerOptions> {
  return {
    // A step is short or heartbeats its way; after this it is left to be tried again by another worker.
    shutdownGraceTime: '20 seconds',
    // Heartbeats carry progress that people look at.
    maxHeartbeatThrottleInterval: '2 seconds',
    // The steps of all releases at once, so that a signing role has before it what it can commit together; and the scan.
    maxConcurrentActivityTaskExecutions: maxConcurrentReleases + 10,
    // A workflow whose worker was killed goes on with another one after this long.
    stickyQueueScheduleToStartTimeout: '3 seconds',
    ...(role === 'monitor' ? { maxCachedWorkflows: 200 } : {}),
  };
}

/**
 * The SDK compresses what it sends by default. On the way to a server of the same machine that only costs time: a
 * tenth of what a worker needs for a step, and some of the server's.
 */
export function compressionTo(address: string): Pick<NativeConnectionOptions, 'grpcCompression'> {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):/.test(address)
    ? { grpcCompression: { codec: 'none' } }
    : {};
}
