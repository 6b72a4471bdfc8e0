// Uploads in parts: with the SDK's own calls and as raw requests.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { misfits } from './contract.mjs';
import { assertError, launch, post, request, upload } from './harness.mjs';

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

const md5 = bytes => createHash('md5').update(bytes).digest('hex');
const begin = (bytes, more = {}) => client.uploads.create({ filename: 'a.txt', bytes,
    purpose: 'assistants', mime_type: 'text/plain', ...more });
const send = (id, bytes) => client.uploads.parts.create(id, { data: upload('part', bytes) });
const content = async id => Buffer.from(await (await client.files.content(id)).arrayBuffer());
/** What is on disk, without what marks the directory. */
const blobs = () => fs.readdirSync(path.join(home, 'store/files'), { recursive: true })
    .filter(name => /(file-|part_|upload_)/.test(name));

test('parts sent at once become one file', async () => {
    const bytes = randomBytes(5_000_003);
    const cuts = [0, 1_000_000, 1_000_000, 3_500_000, bytes.length];
    const whole = await begin(bytes.length, { expires_after: { anchor: 'created_at',
        seconds: 7200 } });
    assert.deepEqual(misfits('Upload', whole), []);
    assert.match(whole.id, /^upload_[0-9a-f]{32}$/);
    assert.equal(whole.status, 'pending');
    assert.equal(whole.file, null);
    assert.equal(whole.expires_at, whole.created_at + 3600);
    const parts = await Promise.all(cuts.slice(1).map((end, index) =>
        send(whole.id, bytes.subarray(cuts[index], end))));
    for (const part of parts) {
        assert.deepEqual(misfits('UploadPart', part), []);
        assert.equal(part.upload_id, whole.id);
    }
    const done = await client.uploads.complete(whole.id,
        { part_ids: parts.map(part => part.id), md5: md5(bytes).toUpperCase() });
    assert.deepEqual(misfits('Upload', done), []);
    assert.equal(done.status, 'completed');
    assert.equal(done.file.bytes, bytes.length);
    assert.equal(done.file.filename, 'a.txt');
    assert.equal(done.file.expires_at, done.file.created_at + 7200);
    assert.deepEqual({ ...await client.files.retrieve(done.file.id) }, { ...done.file });
    assert.equal(Buffer.compare(await content(done.file.id), bytes), 0);
    assert.deepEqual(blobs().filter(name => !name.includes(done.file.id)), []);
});

test('the order is that of part_ids, and parts may be left out', async () => {
    const whole = await begin(6);
    const [c, a, , b] = [await send(whole.id, 'ef'), await send(whole.id, 'ab'),
        await send(whole.id, 'a broken attempt'), await send(whole.id, 'cd')];
    const done = await client.uploads.complete(whole.id, { part_ids: [a.id, b.id, c.id] });
    assert.equal((await content(done.file.id)).toString(), 'abcdef');
    await client.files.delete(done.file.id);
    assert.deepEqual(blobs().filter(name => name.includes('part_')), []);
});

test('a completed upload can be searched', async () => {
    const text = 'The shuttle carries the weft through the shed.\n';
    const whole = await begin(text.length);
    const part = await send(whole.id, text);
    const { file } = await client.uploads.complete(whole.id, { part_ids: [part.id] });
    const store = await client.vectorStores.create({});
    const added = await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id });
    assert.equal(added.status, 'completed');
});

test('what is wrong at completion leaves the upload pending', async t => {
    const whole = await begin(4);
    const other = await begin(4);
    const part = await send(whole.id, 'abcd');
    const foreign = await send(other.id, 'abcd');
    const target = `/v1/uploads/${whole.id}/complete`;
    const rows = [
        ['too little', { part_ids: [] }, { param: 'part_ids' }],
        ['too much', { part_ids: [part.id, part.id] },
            { param: 'part_ids', message: /have 8 bytes together, but .* was to have 4/ }],
        ['an unknown part', { part_ids: ['part_none'] },
            { param: 'part_ids', message: /No part found with id 'part_none'/ }],
        ['a part of another upload', { part_ids: [foreign.id] }, { param: 'part_ids' }],
        ['another sum', { part_ids: [part.id], md5: md5('x') },
            { param: 'md5', message: new RegExp(`is ${md5('abcd')}, but ${md5('x')} was given`) }],
        ['no sum at all', { part_ids: [part.id], md5: 'abc' }, { param: 'md5' }],
        ['no parts named', {}, { param: 'part_ids', code: 'missing_required_parameter' }],
    ];
    for (const [name, body, error] of rows)
        await t.test(name, async () => assertError(await post(server, target, body), 400, error));
    const done = await client.uploads.complete(whole.id, { part_ids: [part.id] });
    assert.equal(done.status, 'completed');
    await client.uploads.cancel(other.id);
    assert.deepEqual(blobs().filter(name => /(part_|upload_)/.test(name)), []);
});

test('an upload that has ended takes nothing more', async () => {
    const cancelled = await begin(4);
    await send(cancelled.id, 'ab');
    const seen = await client.uploads.cancel(cancelled.id);
    assert.deepEqual(misfits('Upload', seen), []);
    assert.equal(seen.status, 'cancelled');
    assert.equal(seen.file, null);
    const completed = await begin(2);
    const part = await send(completed.id, 'ab');
    await client.uploads.complete(completed.id, { part_ids: [part.id] });
    for (const [id, status] of [[cancelled.id, 'cancelled'], [completed.id, 'completed']]) {
        await assert.rejects(send(id, 'cd'), { status: 400,
            message: `400 Cannot add parts to upload ${id} with status '${status}'.` });
        await assert.rejects(client.uploads.complete(id, { part_ids: [part.id] }), { status: 400,
            message: `400 Cannot complete upload ${id} with status '${status}'.` });
        await assert.rejects(client.uploads.cancel(id), { status: 400,
            message: `400 Cannot cancel upload ${id} with status '${status}'.` });
    }
});

test('of many who complete and cancel at once one wins', async () => {
    for (let round = 0; round < 10; round++) {
        const whole = await begin(200_000);
        const part = await send(whole.id, Buffer.alloc(200_000, 'x'));
        const replies = await Promise.all([0, 1, 2, 3, 4, 5].map(index => index % 3
            ? post(server, `/v1/uploads/${whole.id}/complete`, { part_ids: [part.id] })
            : request(server, 'POST', `/v1/uploads/${whole.id}/cancel`)));
        assert.equal(replies.filter(reply => reply.status === 200).length, 1);
        for (const reply of replies.filter(({ status }) => status !== 200))
            assertError(reply, 400, { message: /with status '(completed|cancelled)'/ });
    }
    const files = [];
    for await (const file of client.files.list({ limit: 100 })) files.push(file.id);
    assert.deepEqual(blobs().map(name => path.basename(name)).sort(), files.sort());
});

test('what is refused', async t => {
    const good = { filename: 'a.txt', bytes: 4, purpose: 'assistants', mime_type: 'text/plain' };
    const rows = [
        ['no name', { ...good, filename: undefined }, { param: 'filename' }],
        ['no bytes', { ...good, bytes: undefined }, { param: 'bytes' }],
        ['no type', { ...good, mime_type: undefined }, { param: 'mime_type' }],
        ['more than 8 GB', { ...good, bytes: 8 * 2 ** 30 + 1 },
            { param: 'bytes', code: 'integer_above_max_value' }],
        ['less than nothing', { ...good, bytes: -1 }, { param: 'bytes' }],
        ['an unknown purpose', { ...good, purpose: 'fun' }, { param: 'purpose' }],
        ['an output', { ...good, purpose: 'assistants_output' }, { param: 'purpose' }],
        ['a short life', { ...good, expires_after: { anchor: 'created_at', seconds: 5 } },
            { param: 'expires_after.seconds' }],
    ];
    for (const [name, body, error] of rows)
        await t.test(name, async () =>
            assertError(await post(server, '/v1/uploads', body), 400, error));
    assert.equal((await post(server, '/v1/uploads', { ...good, bytes: 8 * 2 ** 30 })).status, 200);
    for (const target of ['parts', 'complete', 'cancel']) {
        const form = target === 'parts' ? { headers: { 'content-type':
            'multipart/form-data; boundary=b' }, body: '--b\r\nContent-Disposition: form-data; '
            + 'name="data"; filename="x"\r\n\r\nabc\r\n--b--\r\n' }
            : target === 'complete' ? { headers: { 'content-type': 'application/json' },
                body: '{"part_ids":["a"]}' } : {};
        assertError(await request(server, 'POST', `/v1/uploads/upload_none/${target}`, form), 404,
            { message: "No upload found with id 'upload_none'." });
    }
    const whole = await begin(4);
    const form = body => request(server, 'POST', `/v1/uploads/${whole.id}/parts`,
        { headers: { 'content-type': 'multipart/form-data; boundary=b' }, body });
    assertError(await form('--b\r\nContent-Disposition: form-data; name="more"\r\n\r\nx\r\n--b--\r\n'),
        400, { param: 'more', code: 'unknown_parameter' });
    assertError(await form('--b--\r\n'), 400, { param: 'data' });
    // Twice what was declared and one part is what may be sent.
    await t.test('more than could be needed', async () => {
        const large = Buffer.alloc(40 << 20);
        await send(whole.id, large);
        await assert.rejects(send(whole.id, large), { status: 400, param: 'data' });
        await assert.rejects(send(whole.id, Buffer.alloc((64 << 20) + 1)), { status: 413 });
        assert.equal(blobs().filter(name => name.includes('part_')).length, 1);
        await client.uploads.cancel(whole.id);
    });
});
