// `treadle backup`: a copy that is whole, taken while the store is written to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { command, directory, filesBelow, launch, post, request, run, serve, until, upload } from './harness.mjs';

const integrity = database => command('python3', ['-c',
    'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check")'
    + '.fetchone()[0])', database]).trim();

/** Writes and deletes until it is stopped; `acknowledged` is what must be in every later copy. */
function load(server) {
    const acknowledged = { threads: [], messages: [], files: [] };
    let going = true;
    const write = async () => {
        const thread = await server.client.beta.threads.create({});
        acknowledged.threads.push(thread.id);
        while (going) {
            const message = await server.client.beta.threads.messages.create(thread.id,
                { role: 'user', content: `message ${acknowledged.messages.length}` });
            acknowledged.messages.push([thread.id, message.id]);
        }
    };
    const replace = async () => {
        for (let i = 0; going; i++) {
            const { id } = await server.client.files.create(
                { file: upload(`${i}.txt`, `content ${i}`), purpose: 'assistants' });
            if (i % 3) await server.client.files.delete(id);
            else acknowledged.files.push([id, `content ${i}`]);
        }
    };
    const workers = [write(), write(), write(), replace(), replace()];
    return { acknowledged, stop: () => { going = false; return Promise.all(workers); } };
}

test('a copy under load has all that was acknowledged before, and every listed file', async t => {
    const server = await serve(t);
    const target = path.join(directory(t), 'copy');
    const { id: store } = await server.client.vectorStores.create({ name: 'books' });
    const file = await server.client.files.create(
        { file: upload('loom.txt', 'The shuttle carries the weft.'), purpose: 'assistants' });
    await server.client.vectorStores.files.create(store, { file_id: file.id });
    await until('the file is searchable', async () =>
        (await server.client.vectorStores.files.retrieve(file.id, { vector_store_id: store }))
            .status === 'completed');
    const work = load(server);
    await until('there is load', () => work.acknowledged.messages.length > 100
        && work.acknowledged.files.length > 2);
    const before = structuredClone(work.acknowledged);
    const { code, stderr } = await run(['backup', '--store', server.store, target]);
    assert.equal(code, 0, stderr);
    await work.stop();
    assert.equal(integrity(path.join(target, 'treadle.db')), 'ok');
    assert.equal(integrity(path.join(target, 'indexes', `${store}.sqlite`)), 'ok');
    assert.equal(fs.statSync(target).mode & 0o777, 0o700);
    assert.deepEqual(fs.readdirSync(path.join(server.store, 'backups')), []);

    const copy = await launch({ store: target });
    t.after(() => copy.stop());
    for (const id of before.threads)
        assert.equal((await request(copy, 'GET', `/v1/threads/${id}`)).status, 200);
    for (const [thread, id] of before.messages)
        assert.equal((await request(copy, 'GET', `/v1/threads/${thread}/messages/${id}`)).status,
            200);
    for (const [id, content] of before.files)
        assert.equal((await request(copy, 'GET', `/v1/files/${id}/content`)).text, content);
    const listed = (await request(copy, 'GET', '/v1/files')).json.data;
    assert.ok(listed.length >= before.files.length);
    for (const { id, bytes } of listed)
        assert.equal((await request(copy, 'GET', `/v1/files/${id}/content`)).text.length, bytes);
    const found = await request(copy, 'GET', `/v1/vector_stores/${store}/files/${file.id}/content`);
    assert.match(found.text, /The shuttle carries the weft/);
});

test('a store that is not served is copied as well', async t => {
    const home = directory(t);
    const server = await launch({ store: path.join(home, 'store') });
    const thread = await server.client.beta.threads.create({ metadata: { a: 'b' } });
    await server.stop();
    fs.mkdirSync(path.join(home, 'copy'));
    const { code, stderr } = await run(['backup', '--store', server.store, path.join(home, 'copy')]);
    assert.equal(code, 0, stderr);
    const copy = await launch({ store: path.join(home, 'copy') });
    t.after(() => copy.stop());
    assert.deepEqual((await request(copy, 'GET', `/v1/threads/${thread.id}`)).json.metadata,
        { a: 'b' });
});

test('what is there is not written over', async t => {
    const home = directory(t);
    fs.mkdirSync(path.join(home, 'full'));
    fs.writeFileSync(path.join(home, 'full', 'mine'), 'x');
    const { code, stderr } = await run(['backup', '--store', path.join(home, 'store'),
        path.join(home, 'full')]);
    assert.equal(code, 1);
    assert.match(stderr, /exists already/);
    assert.equal(fs.readFileSync(path.join(home, 'full', 'mine'), 'utf8'), 'x');
    assert.equal((await run(['backup'])).code, 2);
});

test('only the owner may ask for a copy', async t => {
    const server = await serve(t);
    const reply = await post(server, '/v1/treadle/backups', {});
    assert.ok([401, 403, 404].includes(reply.status), reply.text);
    assert.equal(fs.existsSync(path.join(server.store, 'backups')), false);
});

test('a copy that has a content at both of its places is served', async t => {
    const store = path.join(directory(t), 'store');
    let server = await launch({ store });
    const { id } = await server.client.files.create({ purpose: 'assistants',
        file: upload('a.txt', 'Once.') });
    await server.stop();
    const kept = filesBelow(path.join(store, 'files')).find(name => path.basename(name) === id);
    fs.linkSync(path.isAbsolute(kept) ? kept : path.join(store, 'files', kept),
        path.join(store, 'files', 'temporary', id));
    server = await launch({ store });
    assert.equal(await (await server.client.files.content(id)).text(), 'Once.');
    await server.stop();
    assert.ok(!fs.existsSync(path.join(store, 'files', 'temporary', id)));
});
