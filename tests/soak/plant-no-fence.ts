/**
 * The planted violation, loaded ahead of the service (`node --import`): an execution that has lost its lock is told that it
 * still owns its node, so it records over its successor. The soak must find that.
 */

import { Job } from "bullmq";

Job.prototype.extendLock = () => Promise.resolve(1);
