// What was deleted takes no room for ever: a running server gives it back, backups leave it out, and so
// does `treadle check --repair`.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { command, directory, launch, run, until } from './harness.mjs';

const THREADS = 4, MESSAGES = 10, LENGTH = 100000, ALL = THREADS * MESSAGES * LENGTH;

/** What SQLite says of a statement on the database of a store that no server uses. */
function sql(store, statements) {
    return command('python3', ['-c', `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2].split(';'):
    row = database.execute(statement).fetchone()
print(row[0] if row else '')
`, path.join(store, 'treadle.db'), statements]).toString().trim();
}

const LEAVE_ROOM = `CREATE TABLE junk AS SELECT randomblob(${ALL}) AS bytes; DROP TABLE junk`;
const sizeOf = store => fs.statSync(path.join(store, 'treadle.db')).size;

async function check(store, ...more) {
    return run(['check', '--store', store, ...more]);
}

test('a running server returns the space of what was deleted', async t => {
    const store = path.join(directory(t), 'store');
    const server = await launch({ store });
    t.after(() => server.stopped || server.stop());
    const { threads } = server.client.beta;
    const kept = await threads.create({ messages: [{ role: 'user', content: 'kept' }] });
    const made = [];
    for (let i = 0; i < THREADS; i++) {
        const thread = await threads.create();
        made.push(thread.id);
        for (let k = 0; k < MESSAGES; k++)
            await threads.messages.create(thread.id, { role: 'user', content: 'x'.repeat(LENGTH) });
    }
    await until('the database has grown', () => sizeOf(store) > ALL, 20000);
    for (const id of made) await threads.delete(id);
    await until('the database has shrunk', () => sizeOf(store) < ALL / 2, 20000);
    await until('the log is empty', () => fs.statSync(path.join(store, 'treadle.db-wal')).size === 0, 20000);
    assert.equal((await threads.messages.list(kept.id)).data[0].content[0].text.value, 'kept');
    await server.stop();
    const { code, stdout } = await check(store);
    assert.equal(code, 0, stdout);
});

test('backups and check --repair leave out what nothing uses', async t => {
    const top = directory(t);
    const store = path.join(top, 'store'), copy = path.join(top, 'copy');
    let server = await launch({ store });
    t.after(() => server.stopped || server.stop());
    const kept = await server.client.beta.threads.create({ metadata: { kept: 'yes' } });
    await server.stop();
    sql(store, LEAVE_ROOM);
    const before = sizeOf(store);
    assert.ok(before > ALL);

    const { code, stderr } = await run(['backup', copy, '--store', store]);
    assert.equal(code, 0, stderr);
    assert.ok(sizeOf(copy) < before / 4, `${sizeOf(copy)} of ${before}`);
    assert.equal((await check(copy)).code, 0);

    sql(store, LEAVE_ROOM);
    assert.equal((await check(store)).stdout.match(/not in use/), null);
    const repaired = await check(store, '--repair');
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.match(repaired.stdout, /^database treadle\.db: \d+ KiB of it were not in use/m);
    assert.ok(sizeOf(store) < before / 4, `${sizeOf(store)} of ${before}`);
    assert.doesNotMatch((await check(store, '--repair')).stdout, /not in use/);

    for (const each of [store, copy]) {
        assert.equal(sql(each, 'PRAGMA auto_vacuum'), '2');
        server = await launch({ store: each });
        const found = await server.client.beta.threads.retrieve(kept.id);
        assert.deepEqual(found.metadata, { kept: 'yes' });
        await server.stop();
    }
});

test('a database that was made without the means to shrink gets them at a start', async t => {
    const store = path.join(directory(t), 'store');
    let server = await launch({ store });
    t.after(() => server.stopped || server.stop());
    const kept = await server.client.beta.threads.create();
    await server.stop();
    sql(store, 'PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM');
    assert.equal(sql(store, 'PRAGMA auto_vacuum'), '0');
    server = await launch({ store });
    await server.client.beta.threads.retrieve(kept.id);
    await server.stop();
    assert.equal(sql(store, 'PRAGMA auto_vacuum'), '2');
});
