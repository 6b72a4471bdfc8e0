// What may happen to a store on disk: parts of it lost, damaged, or put back from another time.
// Nothing may be removed that somebody could miss, and no damage may stay unnoticed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { assertError, command, directory, filesBelow, launch, program, request, run, serve, until,
    upload } from './harness.mjs';

const FILES = 6;
const MARKER = 'quixotrope';

const contents = store => filesBelow(path.join(store, 'files'))
    .filter(name => /^..\/file-/.test(name)).sort();
const indexOf = (server, store) => path.join(server.store, 'indexes', `${store}.sqlite`);
const fileStatus = async (server, store, file) =>
    (await server.client.vectorStores.files.retrieve(file, { vector_store_id: store })).status;
const isRead = (server, store, file) => until('the file is read', async () =>
    await fileStatus(server, store, file) === 'completed');

async function check(store, ...more) {
    return run(['check', '--store', store, ...more]);
}

async function assertSound(store) {
    const { code, stdout, stderr } = await check(store);
    assert.equal(code, 0, stdout + stderr);
}

/** A store that holds files, two of them in a vector store. */
async function filled(t, options = {}) {
    const server = await launch({ store: path.join(directory(t), 'store'), ...options });
    t.after(() => server.stopped || server.stop());
    const { client } = server;
    const files = [];
    for (let i = 0; i < FILES; i++)
        files.push(await client.files.create({ purpose: 'assistants',
            file: upload(`${i}.txt`, `Pump ${i} is serviced every ${400 + i} hours.`) }));
    const store = await client.vectorStores.create({ file_ids: [files[0].id, files[1].id] });
    for (const file of files.slice(0, 2)) await isRead(server, store.id, file.id);
    return { server, client, files, store: store.id, directory: server.store };
}

/** The server does not start, says why, and has changed no content and no index. */
async function assertRefused(store, pattern) {
    const before = filesBelow(store).filter(name => /^(files|indexes)\//.test(name)).sort();
    const { code, stderr } = await run(['serve', '--listen', '127.0.0.1:0', '--store', store]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, pattern);
    const after = filesBelow(store).filter(name => /^(files|indexes)\//.test(name)).sort();
    assert.deepEqual(after.filter(name => !/-(wal|shm)$/.test(name)),
        before.filter(name => !/-(wal|shm)$/.test(name)));
}

function copyDatabase(from, to) {
    for (const tail of ['', '-wal', '-shm']) {
        fs.rmSync(`${to}${tail}`, { force: true });
        if (fs.existsSync(`${from}${tail}`)) fs.copyFileSync(`${from}${tail}`, `${to}${tail}`);
    }
}

async function assertAllThere(kit) {
    const server = await launch({ store: kit.directory });
    for (let i = 0; i < FILES; i++)
        assert.match((await request(server, 'GET', `/v1/files/${kit.files[i].id}/content`)).text,
            new RegExp(`^Pump ${i} `));
    const found = await server.client.vectorStores.retrieve(kit.store);
    assert.equal(found.file_counts.completed, 2);
    await server.stop();
}

test('a database that is lost, or not that of the contents', async t => {
    const kit = await filled(t);
    const database = path.join(kit.directory, 'treadle.db');
    const saved = path.join(directory(t), 'saved.db');
    await kit.server.stop();
    copyDatabase(database, saved);

    await t.test('missing', async () => {
        copyDatabase('/nonexistent', database);
        await assertRefused(kit.directory, /treadle\.db is missing.*6 files and 1 search/);
        assert.ok(!fs.existsSync(database), 'no empty database takes its place');
        const { code, stderr } = await check(kit.directory, '--repair');
        assert.equal(code, 1);
        assert.match(stderr, /is missing/);
        copyDatabase(saved, database);
        await assertAllThere(kit);
    });
    await t.test('empty', async () => {
        copyDatabase('/nonexistent', database);
        fs.writeFileSync(database, '');
        await assertRefused(kit.directory, /treadle\.db is empty/);
        copyDatabase(saved, database);
        await assertAllThere(kit);
    });
    await t.test('of another store', async inner => {
        const other = await launch({ store: path.join(directory(inner), 'store') });
        await other.stop();
        copyDatabase(path.join(other.store, 'treadle.db'), database);
        await assertRefused(kit.directory, /is another store's.*6 of 6 contents.*1 of 1 search/);
        const { code, stderr } = await check(kit.directory, '--repair');
        assert.equal(code, 1);
        assert.match(stderr, /is another store's/);
        copyDatabase(saved, database);
        await assertAllThere(kit);
    });
    await t.test('older', async () => {
        // The copy is of before this file.
        copyDatabase(database, saved);
        let server = await launch({ store: kit.directory });
        const late = await server.client.files.create({ purpose: 'assistants',
            file: upload('late.txt', 'late') });
        await server.stop();
        copyDatabase(database, `${saved}.newer`);
        copyDatabase(saved, database);
        await assertRefused(kit.directory, /is older than the files.*1 of 7 contents/);
        const found = await check(kit.directory);
        assert.equal(found.code, 1, found.stdout);
        assert.match(found.stdout, new RegExp(`^contents ${late.id}: no file has them$`, 'm'));

        const repaired = await check(kit.directory, '--repair');
        assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
        assert.ok(fs.existsSync(path.join(kit.directory, 'files/aside', late.id)));
        await assertAllThere(kit);

        // With the newer database the content comes back from where it was put.
        copyDatabase(`${saved}.newer`, database);
        server = await launch({ store: kit.directory });
        await until('the content is back', async () =>
            (await request(server, 'GET', `/v1/files/${late.id}/content`)).text === 'late');
        await server.stop();
        await assertSound(kit.directory);
    });
});

test('an index that is lost or damaged is made again', async t => {
    const kit = await filled(t);
    const { client, server, store } = kit;
    const finds = async from => {
        const text = await request(from, 'GET',
            `/v1/vector_stores/${store}/files/${kit.files[1].id}/content`);
        return /Pump 1 /.test(text.text);
    };
    const index = indexOf(server, store);
    const again = async (what, logged = true) => {
        let started;
        await t.test(what, async () => {
            started = await launch({ store: kit.directory });
            await until('the text is found again', () => finds(started));
            if (logged) assert.match(started.log, /event=audit.*kind=index/);
            const counts = (await started.client.vectorStores.retrieve(store)).file_counts;
            assert.deepEqual({ ...counts }, { ...counts, completed: 2, in_progress: 0, total: 2 });
            await started.stop();
            await assertSound(kit.directory);
        });
    };
    assert.ok(await finds(server));
    await server.stop();
    fs.rmSync(index);
    let found = await check(kit.directory);
    assert.equal(found.code, 1);
    assert.match(found.stdout, new RegExp(`^index ${store}: it is missing$`, 'm'));
    await again('missing at a start');

    fs.writeFileSync(index, Buffer.alloc(20000, 'x'));
    await again('damaged at a start');

    await t.test('damaged within, found by check', async () => {
        const bytes = fs.readFileSync(index);
        bytes.fill(0xa5, 4096 * 3, 4096 * 5);
        fs.writeFileSync(index, bytes);
        found = await check(kit.directory);
        assert.equal(found.code, 1, found.stdout);
        assert.match(found.stdout, new RegExp(`^index ${store}: it is damaged`, 'm'));
        const repaired = await check(kit.directory, '--repair');
        assert.equal(repaired.code, 0, repaired.stdout);
    });
    await again('after the repair', false);

    await t.test('lost while nobody had it open', async () => {
        const started = await launch({ store: kit.directory });
        await until('the audit is over', () => finds(started));
        fs.rmSync(index);
        fs.rmSync(`${index}-wal`, { force: true });
        // Others push it out of those that are open.
        for (let i = 0; i < 17; i++) {
            const other = await started.client.vectorStores.create({ file_ids: [kit.files[2].id] });
            await isRead(started, other.id, kit.files[2].id);
        }
        await request(started, 'GET', `/v1/vector_stores/${store}/files/${kit.files[1].id}/content`);
        await until('the text is found again', () => finds(started));
        await started.stop();
    });
    assert.ok(client);
});

test('contents that are damaged are not served', async t => {
    const kit = await filled(t);
    const get = file => request(kit.server, 'GET', `/v1/files/${file.id}/content`);
    const where = file => path.join(kit.directory, 'files', file.id.slice(-2), file.id);
    const [flipped, cut, longer, gone] = kit.files.slice(2);
    const bytes = fs.readFileSync(where(flipped));
    bytes[3] ^= 1;
    fs.writeFileSync(where(flipped), bytes);
    fs.truncateSync(where(cut), 5);
    fs.appendFileSync(where(longer), 'x');
    fs.rmSync(where(gone));
    for (const file of [flipped, cut, longer])
        assertError(await get(file), 500);
    assert.equal((await get(kit.files[0])).status, 200);

    // Nor read into a vector store.
    await kit.client.vectorStores.files.create(kit.store, { file_id: flipped.id });
    await until('reading it has failed', async () =>
        await fileStatus(kit.server, kit.store, flipped.id) === 'failed');
    await kit.server.stop();

    const { code, stdout } = await check(kit.directory);
    assert.equal(code, 1);
    for (const file of [flipped, cut, longer])
        assert.match(stdout, new RegExp(`^contents ${file.id}: .*damaged`, 'm'));
    assert.match(stdout, new RegExp(`^contents ${gone.id}: they are missing$`, 'm'));
    const repaired = await check(kit.directory, '--repair');
    assert.equal(repaired.code, 1);
    assert.match(repaired.stdout, /not repaired \(only a backup has them/);
});

test('rows without owners are found and removed', async t => {
    const kit = await filled(t);
    const thread = await kit.client.beta.threads.create({ messages: [{ role: 'user', content: 'x' }] });
    await kit.server.stop();
    await assertSound(kit.directory);
    command('python3', ['-c', `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("DELETE FROM threads WHERE id = ?", (sys.argv[2],))
database.execute("UPDATE vector_stores SET body = json_set(body, '$.file_counts.completed', 7)")
database.commit()
`, path.join(kit.directory, 'treadle.db'), thread.id]);
    const { code, stdout } = await check(kit.directory);
    assert.equal(code, 1);
    assert.match(stdout, /^row msg_\w+: the message has no thread$/m);
    assert.match(stdout, /^row vs_\w+: the vector store's counts/m);
    assert.equal((await check(kit.directory, '--repair')).code, 0);
    await assertSound(kit.directory);
});

test('a damaged database is reported, and nothing is repaired by it', async t => {
    const kit = await filled(t);
    for (let i = 0; i < 40; i++)
        await kit.client.beta.threads.create({ metadata: { note: `${i}`.repeat(200) } });
    await kit.server.stop();
    const database = path.join(kit.directory, 'treadle.db');
    const bytes = fs.readFileSync(database);
    bytes.fill(0xa5, 4096 * 8, 4096 * (bytes.length / 4096 - 4));
    fs.writeFileSync(database, bytes);
    for (const more of [[], ['--repair']]) {
        const { code, stdout, stderr } = await check(kit.directory, ...more);
        assert.equal(code, 1);
        assert.match(stdout + stderr, /malformed|Tree \d+|database treadle\.db|corrupt|damaged/i);
    }
    assert.equal(contents(kit.directory).length, FILES);
});

test('check refuses what is served, and what is not there', async t => {
    const server = await serve(t);
    const { code, stderr } = await check(server.store);
    assert.equal(code, 1);
    assert.match(stderr, /another process serves the store/);
    assert.equal((await check(path.join(server.store, 'none'))).code, 1);
    assert.ok(!fs.existsSync(path.join(server.store, 'none')));
});

/** Whether a file below the directory has the bytes. */
function holds(directory, text) {
    return filesBelow(directory).some(name => {
        const full = path.join(directory, name);
        return fs.statSync(full).isFile() && fs.readFileSync(full).includes(text);
    });
}

test('what was deleted is gone when the reply says so', async t => {
    const server = await serve(t);
    const { client } = server;
    const below = part => path.join(server.store, part);
    const make = async (i, size = 1) => client.files.create({ purpose: 'assistants',
        file: upload(`${i}.txt`, `The ${MARKER}${i} is here. `.repeat(size)) });

    await t.test('a file that is taken out of a vector store', async () => {
        const kept = await make('kept');
        const file = await make('leaves', 500);
        const store = await client.vectorStores.create({ file_ids: [kept.id, file.id] });
        for (const { id } of [kept, file]) await isRead(server, store.id, id);
        assert.ok(holds(below('indexes'), `${MARKER}leaves`));
        await client.vectorStores.files.delete(file.id, { vector_store_id: store.id });
        assert.ok(!holds(below('indexes'), `${MARKER}leaves`));
        assert.ok(holds(below('indexes'), `${MARKER}kept`));
        await client.files.delete(file.id);
        assert.ok(!holds(below('files'), `${MARKER}leaves`));
        await client.files.delete(kept.id);
        assert.ok(!holds(below('files'), `${MARKER}kept`) && !holds(below('indexes'), `${MARKER}kept`));
        await client.vectorStores.delete(store.id);
    });
    await t.test('vector stores that go while their files are read', async () => {
        const files = await Promise.all(Array.from({ length: 6 }, (_, i) => make(`race${i}`, 2000)));
        await Promise.all(Array.from({ length: 16 }, async (_, i) => {
            const store = await client.vectorStores.create({ file_ids: files.map(({ id }) => id) });
            for (let turns = i; turns > 0; turns--)
                await client.vectorStores.retrieve(store.id);
            await client.vectorStores.delete(store.id);
            assert.deepEqual(filesBelow(below('indexes')).filter(name => name.includes(store.id)), []);
        }));
        await Promise.all(files.map(({ id }) => client.files.delete(id)));
        const last = await client.vectorStores.create({ file_ids: [(await make('last')).id] });
        await until('all has been read', async () =>
            (await client.vectorStores.retrieve(last.id)).status === 'completed');
        await client.vectorStores.delete(last.id);
        assert.deepEqual(filesBelow(below('indexes')), []);
        assert.ok(!holds(below('files'), `${MARKER}race`));
    });
    await t.test('the store that was made for a thread', async () => {
        const file = await make('thread');
        const thread = await client.beta.threads.create({ messages: [{ role: 'user', content: 'x',
            attachments: [{ file_id: file.id, tools: [{ type: 'file_search' }] }] }] });
        const [id] = thread.tool_resources.file_search.vector_store_ids;
        await isRead(server, id, file.id);
        const named = await client.vectorStores.create({});
        const other = await client.beta.threads.create({
            tool_resources: { file_search: { vector_store_ids: [named.id] } } });
        await client.beta.threads.delete(thread.id);
        await client.beta.threads.delete(other.id);
        assertError(await request(server, 'GET', `/v1/vector_stores/${id}`), 404);
        assert.deepEqual(filesBelow(below('indexes')), []);
        assert.equal((await client.vectorStores.retrieve(named.id)).id, named.id);
        assert.equal((await client.files.retrieve(file.id)).id, file.id);
    });
    await server.stop();
    await assertSound(server.store);
});

test('a server starts on a full disk, and what is there can be deleted', async t => {
    if (process.getuid() !== 0) return t.skip('mounting a small file system needs root');
    const disk = path.join(directory(t), 'disk');
    fs.mkdirSync(disk);
    try {
        command('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]);
    } catch {
        return t.skip('no file system can be mounted here');
    }
    let server;
    try {
        const store = path.join(disk, 'store');
        server = await launch({ store });
        const add = (name, size) => server.client.files.create({ purpose: 'assistants',
            file: upload(name, 'x'.repeat(size)) });
        const large = await add('large', 8 << 20);
        const small = await add('small', 10);
        const thread = await server.client.beta.threads.create({});
        await until('room is kept', () => fs.existsSync(path.join(store, 'reserve')));
        await server.stop();
        const filler = fs.openSync(path.join(disk, 'filler'), 'w');
        const block = Buffer.alloc(4096, 'x');
        assert.throws(() => { for (;;) fs.writeSync(filler, block); }, { code: 'ENOSPC' });
        fs.closeSync(filler);

        server = await launch({ store });
        assert.match(server.log, /event=disk_full/);
        assert.equal((await server.client.files.list()).data.length, 2);
        const refused = () => request(server, 'POST', `/v1/threads/${thread.id}`,
            { headers: { 'content-type': 'application/json' }, body: '{}' });
        assertError(await refused(), 507, { code: 'disk_full' });
        await server.client.beta.threads.delete(thread.id);
        await server.client.files.delete(small.id);
        await server.client.files.delete(large.id);
        await until('there is room again', () => /event=disk_has_room/.test(server.log));
        const again = await add('again', 10);
        assert.equal(again.bytes, 10);
        assert.ok(fs.existsSync(path.join(store, 'reserve')));

        // The same while it serves.
        const more = fs.openSync(path.join(disk, 'more'), 'w');
        assert.throws(() => { for (;;) fs.writeSync(more, block); }, { code: 'ENOSPC' });
        fs.closeSync(more);
        await until('it is noticed', () => server.log.match(/event=disk_full/g).length === 2);
        await server.client.files.delete(again.id);
        fs.rmSync(path.join(disk, 'more'));
        await until('there is room again', async () => (await refused()).status === 200
            || /No thread/.test((await refused()).text));
        assert.ok(fs.existsSync(path.join(store, 'reserve')));
        await server.stop();
        await assertSound(store);
    } finally {
        if (server && !server.stopped) await server.kill();
        command('umount', [disk]);
    }
});

test('commands of root leave the store to its owner', async t => {
    if (process.getuid() !== 0) return t.skip('this needs root');
    const owner = 65534;
    const home = directory(t);
    const store = path.join(home, 'store');
    fs.chmodSync(home, 0o755);
    fs.mkdirSync(store, { mode: 0o700 });
    fs.chownSync(store, owner, owner);
    const made = await run(['key', 'create', '--project', 'p', '--store', store]);
    assert.equal(made.code, 0, made.stderr);
    const server = await launch({ store });
    const file = await server.client.files.create({ purpose: 'assistants', file: upload('a.txt', 'a') });
    await server.client.vectorStores.create({ file_ids: [file.id] });
    await server.stop();
    for (const name of filesBelow(store))
        assert.equal(fs.lstatSync(path.join(store, name)).uid, owner, name);
    // And the owner can use it.
    const child = spawn(program, ['check', '--store', store],
        { uid: owner, gid: owner, stdio: 'ignore' });
    const code = await new Promise(done => { child.on('exit', done); });
    assert.equal(code, 0);
    // Who is neither is refused.
    fs.chmodSync(store, 0o777);
    const stranger = spawn(program, ['check', '--store', store], { uid: 65533, gid: 65533 });
    let complaint = '';
    stranger.stderr.on('data', text => { complaint += text; });
    await new Promise(done => { stranger.on('close', done); });
    assert.match(complaint, /belongs to user 65534/);
});
