// Files of vector stores: batches, attributes, text; with the SDK and as raw requests.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { misfits } from './contract.mjs';
import { assertError, launch, post, request, until, upload } from './harness.mjs';

let server, client, home;

before(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'treadle-api-'));
    server = await launch({ store: path.join(home, 'store') });
    client = server.client;
});
after(async () => {
    try {
        await server?.stop();
    } finally {
        fs.rmSync(home, { recursive: true, force: true });
    }
});

const makeFile = (name, text) =>
    client.files.create({ file: upload(name, text), purpose: 'assistants' });
const makeFiles = async count => {
    const made = [];
    for (let i = 0; i < count; i++)
        made.push((await makeFile(`note${i}.txt`, `Note ${i} speaks of the loom.`)).id);
    return made;
};
/** Text that takes a while to read. */
const longText = () => Array.from({ length: 60000 },
    (_, i) => `Sentence ${i} of this long text says that thread ${i * 7} is blue.`).join('\n');

const check = batch => {
    assert.deepEqual(misfits('VectorStoreFileBatchObject', batch), []);
    const { in_progress: pending, completed, failed, cancelled, total } = batch.file_counts;
    assert.equal(total, pending + completed + failed + cancelled);
    assert.equal(batch.status === 'in_progress', pending > 0);
    return batch;
};

test('a batch is read to its end', async () => {
    const store = await client.vectorStores.create({ name: 's' });
    const files = await makeFiles(5);
    const bad = (await makeFile('bad.zip', Buffer.from([0x50, 0x4b, 3, 4, 0, 0xff]))).id;
    const created = check(await client.vectorStores.fileBatches.create(store.id,
        { file_ids: [...files, bad, files[0]], attributes: { part: 1, kind: 'x', on: true } }));
    assert.equal(created.file_counts.total, 6);
    assert.equal(created.vector_store_id, store.id);
    assert.match(created.id, /^vsfb_[0-9a-f]{32}$/);
    const done = check(await client.vectorStores.fileBatches.poll(store.id, created.id));
    assert.equal(done.status, 'completed');
    assert.deepEqual({ ...done.file_counts },
        { in_progress: 0, completed: 5, failed: 1, cancelled: 0, total: 6 });
    assert.deepEqual({ ...(await client.vectorStores.retrieve(store.id)).file_counts },
        { ...done.file_counts });

    const list = query => client.vectorStores.fileBatches.listFiles(created.id,
        { vector_store_id: store.id, ...query });
    const page = await list({ order: 'asc' });
    assert.deepEqual(misfits('ListVectorStoreFilesResponse', page.body), []);
    assert.deepEqual(page.data.map(file => file.id), [...files, bad]);
    assert.deepEqual({ ...page.data[0].attributes }, { part: 1, kind: 'x', on: true });
    assert.deepEqual((await list({ filter: 'failed' })).data.map(file => file.id), [bad]);
    const tail = await list({ order: 'asc', after: files[2], limit: 2 });
    assert.deepEqual(tail.data.map(file => file.id), files.slice(3));
    assert.equal(tail.has_more, true);
    // After its end a batch is cancelled in vain.
    const after = check(await client.vectorStores.fileBatches.cancel(created.id,
        { vector_store_id: store.id }));
    assert.deepEqual({ ...after }, { ...done });
    // A file that was taken out counts no more; one that failed is read again when added again.
    await client.vectorStores.files.delete(files[0], { vector_store_id: store.id });
    const less = check(await client.vectorStores.fileBatches.retrieve(created.id,
        { vector_store_id: store.id }));
    assert.equal(less.file_counts.total, 5);
    const again = await client.vectorStores.files.create(store.id, { file_id: bad });
    assert.equal(again.status, 'in_progress');
    assert.equal(again.last_error, null);
    const failed = await client.vectorStores.files.poll(store.id, bad);
    assert.equal(failed.status, 'failed');
    assert.equal((await client.vectorStores.retrieve(store.id)).file_counts.total, 5);
});

test('files with settings of their own', async () => {
    const store = await client.vectorStores.create({});
    const [a, b] = await makeFiles(2);
    const batch = await client.vectorStores.fileBatches.createAndPoll(store.id, { files: [
        { file_id: a, attributes: { n: 1.5 },
            chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: 200,
                chunk_overlap_tokens: 50 } } },
        { file_id: b }] });
    assert.equal(check(batch).status, 'completed');
    const file = await client.vectorStores.files.retrieve(a, { vector_store_id: store.id });
    assert.equal(file.chunking_strategy.static.max_chunk_size_tokens, 200);
    assert.deepEqual({ ...file.attributes }, { n: 1.5 });
    const other = await client.vectorStores.files.retrieve(b, { vector_store_id: store.id });
    assert.deepEqual({ ...other.attributes }, {});
});

test('cancelling leaves what was done', async () => {
    const store = await client.vectorStores.create({});
    const quick = (await makeFiles(1))[0];
    const slow = [];
    for (let i = 0; i < 6; i++) slow.push((await makeFile(`long${i}.txt`, longText())).id);
    const batch = check(await client.vectorStores.fileBatches.create(store.id,
        { file_ids: [quick, ...slow] }));
    await until('the short file is read', async () => (await client.vectorStores.files
        .retrieve(quick, { vector_store_id: store.id })).status === 'completed');
    const cancelled = check(await client.vectorStores.fileBatches.cancel(batch.id,
        { vector_store_id: store.id }));
    assert.equal(cancelled.status, 'cancelled');
    assert.equal(cancelled.file_counts.in_progress, 0);
    assert.ok(cancelled.file_counts.cancelled >= 1);
    assert.ok(cancelled.file_counts.completed >= 1);
    const seen = await client.vectorStores.retrieve(store.id);
    assert.equal(seen.status, 'completed');
    assert.deepEqual({ ...seen.file_counts }, { ...cancelled.file_counts });
    // One that was cancelled while it was read does not come back.
    const gone = (await client.vectorStores.fileBatches.listFiles(batch.id,
        { vector_store_id: store.id, filter: 'cancelled', order: 'asc' })).data[0];
    await new Promise(done => setTimeout(done, 1500));
    assert.equal((await client.vectorStores.files.retrieve(gone.id,
        { vector_store_id: store.id })).status, 'cancelled');
    const content = await request(server, 'GET',
        `/v1/vector_stores/${store.id}/files/${gone.id}/content`);
    assert.deepEqual(content.json.data, []);
    // Added again it is read, whatever became of the first time.
    const again = await client.vectorStores.files.createAndPoll(store.id, { file_id: gone.id });
    assert.equal(again.status, 'completed');
    const text = await request(server, 'GET',
        `/v1/vector_stores/${store.id}/files/${gone.id}/content`);
    assert.match(text.json.data[0].text, /thread 42 is blue/);
});

test('attributes and text of a file', async () => {
    const store = await client.vectorStores.create({});
    const file = await makeFile('verse.txt', 'The loom sings.\n\nThe shuttle flies — “näh”.');
    const target = `/v1/vector_stores/${store.id}/files/${file.id}`;
    assertError(await post(server, target, { attributes: {} }), 404,
        { message: `No vector store file found with id '${file.id}'.` });
    await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id });
    const changed = await client.vectorStores.files.update(file.id,
        { vector_store_id: store.id, attributes: { a: 'b', n: 2, on: false } });
    assert.deepEqual(misfits('VectorStoreFileObject', changed), []);
    assert.deepEqual({ ...changed.attributes }, { a: 'b', n: 2, on: false });
    const none = await client.vectorStores.files.update(file.id,
        { vector_store_id: store.id, attributes: null });
    assert.deepEqual({ ...none.attributes }, {});
    assertError(await post(server, target, {}), 400,
        { param: 'attributes', code: 'missing_required_parameter' });
    assertError(await post(server, target, { attributes: { a: [] } }), 400,
        { param: 'attributes.a', code: 'invalid_type' });

    const page = await client.vectorStores.files.content(file.id, { vector_store_id: store.id });
    assert.deepEqual(misfits('VectorStoreFileContentResponse', page.body), []);
    assert.equal(page.body.has_more, false);
    assert.equal(page.body.next_page, null);
    assert.match(page.data[0].text, /The loom sings\.[^]*flies — “näh”/);
});

test('what is refused', async t => {
    const store = await client.vectorStores.create({});
    const [file] = await makeFiles(1);
    const target = `/v1/vector_stores/${store.id}/file_batches`;
    const rows = [
        ['no files', {}, 400, { param: 'file_ids', code: 'missing_required_parameter' }],
        ['both forms', { file_ids: [file], files: [{ file_id: file }] }, 400, { param: 'files' }],
        ['an empty list', { file_ids: [] }, 400, { param: 'file_ids' }],
        ['too many', { file_ids: Array(2001).fill(file) }, 400, { param: 'file_ids' }],
        ['an unknown file', { file_ids: [file, 'file-none'] }, 404,
            { message: 'No such File object: file-none', param: 'id' }],
        ['no file_id', { files: [{ attributes: {} }] }, 400, { param: 'files[0].file_id' }],
        ['a bad attribute', { file_ids: [file], attributes: { a: {} } }, 400,
            { param: 'attributes.a' }],
    ];
    for (const [name, body, status, error] of rows)
        await t.test(name, async () => assertError(await post(server, target, body), status, error));
    // Nothing was added by any of them.
    assert.equal((await client.vectorStores.retrieve(store.id)).file_counts.total, 0);
    assertError(await request(server, 'GET', `${target}/vsfb_none`), 404,
        { message: "No vector store file batch found with id 'vsfb_none'." });
    assertError(await request(server, 'POST', `${target}/vsfb_none/cancel`), 404);
    assertError(await request(server, 'GET', `${target}/vsfb_none/files`), 404);
    assertError(await post(server, '/v1/vector_stores/vs_none/file_batches',
        { file_ids: [file] }), 404, { message: "No vector store found with id 'vs_none'." });
});

test('two thousand files at once', async () => {
    const store = await client.vectorStores.create({});
    const [file] = await makeFiles(1);
    const ids = [];
    for (let i = 0; i < 2000; i += 50)
        ids.push(...(await Promise.all(Array.from({ length: 50 }, (_, j) =>
            makeFile(`many${i + j}.txt`, `File ${i + j}.`)))).map(made => made.id));
    const batch = check(await client.vectorStores.fileBatches.create(store.id, { file_ids: ids }));
    assert.equal(batch.file_counts.total, 2000);
    const cancelled = check(await client.vectorStores.fileBatches.cancel(batch.id,
        { vector_store_id: store.id }));
    assert.equal(cancelled.file_counts.total, 2000);
    assert.equal((await client.vectorStores.files.create(store.id, { file_id: file })).status,
        'in_progress');
});
