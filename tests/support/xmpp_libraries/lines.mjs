// Commands come in and events go out as lines of JSON: `{"id": 1, "call": …}` and `{"event": …}`.

import { createInterface } from "node:readline";

export function tell(event, values = {}) {
    process.stdout.write(`${JSON.stringify({ event, ...values })}\n`);
}

/** Answer each command by what `run` makes of it, one after the other. */
export async function serve(run) {
    for await (const line of createInterface({ input: process.stdin })) {
        const command = JSON.parse(line);
        try {
            const result = await run(command);
            tell("done", { id: command.id, result: result ?? null });
        } catch (error) {
            const text = error?.error?.condition ?? error?.condition ?? String(error?.message ?? error);
            tell("failed", { id: command.id, text });
        }
    }
    process.exit(0);
}
