// Files that cannot be read for a reason that lies on the server's side and does not pass: they fail
// at once, keep no other file waiting, and a file that was deleted is no fault at all.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { command, directory, launch, program, serve, sleep, until, upload } from './harness.mjs';
import { makePdf, slowPage } from './pdf.mjs';

async function send(client, name, content) {
    return (await client.files.create({ file: upload(name, content), purpose: 'assistants' })).id;
}

async function settled(client, store, file) {
    let found;
    await until('the file is read', async () => {
        found = await client.vectorStores.files.retrieve(file, { vector_store_id: store });
        return found.status !== 'in_progress';
    });
    return found;
}

test('a reader that is missing fails a file at once', async t => {
    const place = directory(t);
    const alone = path.join(place, 'treadle');
    fs.copyFileSync(program, alone);
    const server = await serve(t, { program: alone });
    const { client } = server;
    const file = await send(client, 'a.pdf', makePdf([['Apples are red.']]));
    const store = (await client.vectorStores.create({ name: 'a', file_ids: [file] })).id;
    const found = await settled(client, store, file);
    assert.equal(found.status, 'failed');
    assert.equal(found.last_error.code, 'server_error');
    assert.match(found.last_error.message, /cannot run the document reader .*treadle-reader/);
    assert.doesNotMatch(server.log, /event=ingest_retry/);
});

function damage(server, statement) {
    command('python3', ['-c', `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute(sys.argv[2])
`, path.join(server.store, 'treadle.db'), statement]);
}

test('a row that cannot be read keeps no other file waiting', async t => {
    // The first waits while the server is down, so its row can be damaged before it is read.
    const store = path.join(directory(t), 'store');
    let server = await launch({ store });
    t.after(() => server.stopped || server.stop());
    const { id } = await server.client.vectorStores.create({ name: 'a' });
    const names = ['a.txt', 'b.txt', 'c.txt'];
    const files = await Promise.all(names.map(name => send(server.client, name, `Oaks grow in ${name}.`)));
    for (const file of files) await server.client.vectorStores.files.create(id, { file_id: file });
    for (const file of files) await settled(server.client, id, file);
    await server.stop();
    damage(server, `UPDATE vector_store_files SET status = 'in_progress', body = CASE file
        WHEN '${files[0]}' THEN '{"id": 5' ELSE replace(body, '"completed"', '"in_progress"') END`);
    damage(server, `UPDATE files SET body = '[]' WHERE id = '${files[1]}'`);
    damage(server, "UPDATE vector_stores SET body = json_set(body, '$.status', 'in_progress', "
        + "'$.file_counts.in_progress', 3, '$.file_counts.completed', 0)");

    server = await launch({ store });
    const { client } = server;
    assert.equal((await settled(client, id, files[2])).status, 'completed');
    const second = await settled(client, id, files[1]);
    assert.equal(second.status, 'failed');
    assert.equal(second.last_error.code, 'server_error');
    await until('nothing waits', async () =>
        (await client.vectorStores.retrieve(id)).file_counts.in_progress === 0);
    const { file_counts: counts } = await client.vectorStores.retrieve(id);
    assert.deepEqual(counts, { in_progress: 0, completed: 1, failed: 2, cancelled: 0, total: 3 });
    assert.match(server.log, new RegExp(`level=error event=ingest_row file=${files[0]}`));
    assert.equal(server.log.match(/event=ingest_row/g).length, 1);
});

test('a file that is deleted while it is read is no fault', async t => {
    const server = await serve(t);
    const { client } = server;
    const { id } = await client.vectorStores.create({ name: 'a' });
    await Promise.all(Array.from({ length: 8 }, async (_, worker) => {
        for (let i = 0; i < 12; i++) {
            const content = i % 4 ? `Page of file ${i}.` : makePdf([[`Page of file ${i}.`], slowPage]);
            const file = await send(client, i % 4 ? 'a.txt' : 'a.pdf', content);
            await client.vectorStores.files.create(id, { file_id: file });
            await sleep(worker * i % 5);
            await client.files.delete(file);
        }
    }));
    await until('nothing is read', async () => {
        const { file_counts: counts } = await client.vectorStores.retrieve(id);
        return counts.in_progress === 0;
    });
    await server.stop();
    assert.doesNotMatch(server.log, /level=(warning|error) event=ingest/);
});
