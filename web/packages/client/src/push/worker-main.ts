/** The script of the service worker. */

import { serve } from "./worker.js";

serve(globalThis as unknown as Parameters<typeof serve>[0]);
