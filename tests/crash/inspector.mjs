// Looks into databases that no server has open: one process for all, since starting one for each
// would take longer than looking.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { within } from '../api/harness.mjs';

const PROGRAM = `
import sqlite3, sys
for line in sys.stdin:
    database = sqlite3.connect(line.rstrip("\\n"))
    found = [row[0] for row in database.execute("PRAGMA integrity_check")]
    database.close()
    print("; ".join(found), flush=True)
`;

export class Inspector {
    constructor(t, directory) {
        this.directory = directory;
        fs.mkdirSync(directory);
        this.child = spawn('python3', ['-c', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
        this.lines = readline.createInterface({ input: this.child.stdout });
        t.after(async () => {
            this.child.stdin.end();
            await once(this.child, 'close');
        });
    }

    /** The database of the store is sound. Looks at a copy: the server is to find it as it is. */
    async check(store) {
        const copies = fs.readdirSync(store).filter(name => name.startsWith('treadle.db'))
            .map(name => [path.join(store, name), path.join(this.directory, name)]);
        for (const [from, to] of copies) fs.copyFileSync(from, to);
        const said = once(this.lines, 'line');
        this.child.stdin.write(`${path.join(this.directory, 'treadle.db')}\n`);
        const [line] = await within(30000, 'a look into the database', said);
        for (const name of fs.readdirSync(this.directory)) fs.rmSync(path.join(this.directory, name));
        assert.equal(line, 'ok');
    }
}
