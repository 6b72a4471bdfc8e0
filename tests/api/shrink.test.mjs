// What was deleted takes no room for ever: backups leave it out, and `treadle check --repair` gives it
// back.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { command, directory, launch, run, until } from './harness.mjs';

const THREADS = 4, MESSAGES = 10, LENGTH = 100000;

/** A number that SQLite says of the database. */
function pragma(store, name) {
    return Number(command('python3', ['-c', `
import sqlite3, sys
database = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)
print(database.execute(f'PRAGMA {sys.argv[2]}').fetchone()[0])
`, path.join(store, 'treadle.db'), name]).toString());
}

const sizeOf = store => fs.statSync(path.join(store, 'treadle.db')).size;

async function check(store, ...more) {
    return run(['check', '--store', store, ...more]);
}

test('a database whose contents were deleted shrinks', async t => {
    const top = directory(t);
    const store = path.join(top, 'store'), copy = path.join(top, 'copy');
    let server = await launch({ store });
    t.after(() => server.stopped || server.stop());
    const { threads } = server.client.beta;
    const kept = await threads.create({ metadata: { kept: 'yes' } });
    const deleted = [];
    for (let i = 0; i < THREADS; i++) {
        const thread = await threads.create();
        deleted.push(thread.id);
        for (let k = 0; k < MESSAGES; k++)
            await threads.messages.create(thread.id, { role: 'user', content: 'x'.repeat(LENGTH) });
    }
    for (const id of deleted) await threads.delete(id);
    await until('what was deleted is gone', () =>
        pragma(store, 'freelist_count') * 4096 > THREADS * MESSAGES * LENGTH * 0.9);

    const { code, stderr } = await run(['backup', copy, '--store', store]);
    assert.equal(code, 0, stderr);
    await server.stop();
    const before = sizeOf(store);
    assert.ok(before > THREADS * MESSAGES * LENGTH);
    assert.ok(sizeOf(copy) < before / 4, `${sizeOf(copy)} of ${before}`);
    assert.equal((await check(copy)).code, 0);

    assert.equal((await check(store)).stdout.match(/not in use/), null);
    const repaired = await check(store, '--repair');
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.match(repaired.stdout, /^database treadle\.db: \d+ KiB of it were not in use/m);
    assert.ok(sizeOf(store) < before / 4, `${sizeOf(store)} of ${before}`);
    assert.doesNotMatch((await check(store, '--repair')).stdout, /not in use/);

    for (const each of [store, copy]) {
        server = await launch({ store: each });
        const found = await server.client.beta.threads.retrieve(kept.id);
        assert.deepEqual(found.metadata, { kept: 'yes' });
        await server.stop();
    }
});
