// Documents and circumstances that are bad, and must harm nothing else.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { assertError, command, directory, filesBelow, launch, post, request, run, serve, until,
    upload, within } from './harness.mjs';
import { loomManual } from './pdf.mjs';

const MODEL = 'treadle-extractive';
const LEAVE = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("""UPDATE runs SET status = 'in_progress', expires_at = 9999999999,
    body = json_set(body, '$.status', 'in_progress') WHERE id = ?""", (sys.argv[2],))
database.execute("UPDATE threads SET active_run = ?", (sys.argv[2],))`;
const QUESTION = 'When should I replace the treadle cord?';

/** Uploads bytes and has a vector store read them; gives the file within the store. */
async function read(client, name, bytes) {
    const file = await client.files.create({ file: upload(name, bytes), purpose: 'assistants' });
    const store = await client.vectorStores.create({ file_ids: [file.id] });
    const attached = await within(120000, 'the file is read',
        client.vectorStores.files.poll(store.id, file.id, { pollIntervalMs: 20 }));
    return { ...attached, file, store: await client.vectorStores.retrieve(store.id) };
}

async function ask(client, store, question = QUESTION) {
    const assistant = await client.beta.assistants.create({ model: MODEL,
        tools: [{ type: 'file_search' }],
        tool_resources: { file_search: { vector_store_ids: [store] } } });
    const thread = await client.beta.threads.create({ messages: [
        { role: 'user', content: question }] });
    const ended = await within(60000, 'the run ends', client.beta.threads.runs.createAndPoll(
        thread.id, { assistant_id: assistant.id }, { pollIntervalMs: 20 }));
    const { data } = await client.beta.threads.messages.list(thread.id);
    return { run: ended, answer: data[0].content[0].text };
}

test('documents', async t => {
    const server = await serve(t);
    const { client } = server;
    const home = directory(t);
    const good = loomManual();

    const failures = {
        'an empty file': ['empty.pdf', Buffer.alloc(0)],
        'text named .pdf': ['text.pdf', Buffer.from('This is no PDF at all.\n')],
        'a PDF cut in half': ['half.pdf', good.subarray(0, good.length / 2)],
        'nothing but a header': ['header.pdf', Buffer.from('%PDF-1.7\n')],
        'random bytes': ['noise.pdf', Buffer.concat([Buffer.from('%PDF-1.4\n'),
            Buffer.from(Array.from({ length: 50000 }, (_, i) => (i * 2654435761) >>> 13 & 255))])],
        'a kind that is not read': ['sheet.xyz', Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0, 1, 2])],
    };
    for (const [name, [filename, bytes]] of Object.entries(failures))
        await t.test(name, async () => {
            const attached = await read(client, filename, bytes);
            if (attached.status === 'completed' && name === 'a PDF cut in half') {
                // What can be rescued may be; then it can be searched.
                assert.ok(attached.usage_bytes > 0);
                return;
            }
            assert.equal(attached.status, 'failed');
            assert.ok(['unsupported_file', 'invalid_file'].includes(attached.last_error.code));
            assert.ok(attached.last_error.message.length > 10);
            assert.doesNotMatch(attached.last_error.message, /\/(tmp|home|root|var)\//);
            assert.equal(attached.usage_bytes, 0);
            assert.equal(attached.store.status, 'completed');
            assert.equal(attached.store.file_counts.failed, 1);
        });

    await t.test('a PDF that needs a password', async t2 => {
        const plain = path.join(home, 'plain.pdf');
        const locked = path.join(home, 'locked.pdf');
        fs.writeFileSync(plain, good);
        try {
            command('qpdf', ['--encrypt', 'user', 'owner', '256', '--', plain, locked]);
        } catch (error) {
            if (error.code === 'ENOENT') return t2.skip('qpdf is not installed');
            throw error;
        }
        const attached = await read(client, 'locked.pdf', fs.readFileSync(locked));
        assert.equal(attached.status, 'failed');
        assert.match(attached.last_error.message, /password|encrypt/i);
    });

    await t.test('a name with newlines, slashes and dots', async () => {
        const name = '../../etc\n/passwd"\r\n\t;..pdf';
        const file = await client.files.create({ file: upload(name, good), purpose: 'assistants' });
        assert.ok(!file.filename.includes('/') || file.filename === name);
        assert.doesNotMatch(server.log, /^\/passwd/m);
        const stored = filesBelow(server.store).join('\n');
        assert.doesNotMatch(stored, /passwd/);
        assert.equal((await client.files.retrieve(file.id)).filename, file.filename);
        await client.files.delete(file.id);
    });

    await t.test('a name of another script, with markers in it', async () => {
        const attached = await read(client, 'Über†【1:0】織機.pdf', good);
        assert.equal(attached.status, 'completed', JSON.stringify(attached.last_error));
        const { answer } = await ask(client, attached.store.id);
        for (const annotation of answer.annotations)
            assert.equal([...answer.value].slice(annotation.start_index,
                annotation.end_index).join(''), annotation.text);
        assert.ok(answer.annotations.length > 0);
    });

    await t.test('a file of 300 MB', async () => {
        const large = path.join(home, 'large.pdf');
        fs.writeFileSync(large, good);
        fs.truncateSync(large, 300 << 20);
        const before = memory(server.pid);
        const file = await client.files.create({ file: fs.createReadStream(large),
            purpose: 'assistants' });
        assert.equal(file.bytes, 300 << 20);
        if (before) {
            const grown = memory(server.pid) - before;
            assert.ok(grown < 100 << 20, `the server grew by ${grown >> 20} MB`);
        }
        const store = await client.vectorStores.create({ file_ids: [file.id] });
        const attached = await within(200000, 'the large file is read',
            client.vectorStores.files.poll(store.id, file.id, { pollIntervalMs: 100 }));
        assert.ok(['completed', 'failed'].includes(attached.status));
        if (attached.status === 'failed') assert.ok(attached.last_error.message.length > 10);
        await client.files.delete(file.id);
        await until('its bytes are gone', () => size(server.store) < 100 << 20);
    });

    await t.test('a question of 1 MB is refused in words', async () => {
        const thread = await client.beta.threads.create();
        const reply = await post(server, `/v1/threads/${thread.id}/messages`,
            { role: 'user', content: 'Why? '.repeat(200000) });
        assertError(reply, 400, { code: 'string_above_max_length', param: 'content' });
    });

    await t.test('a question as long as it may be', async () => {
        const attached = await read(client, 'loom.pdf', good);
        const { run: ended } = await ask(client, attached.store.id,
            'treadle cord '.repeat(19000).trim());
        assert.ok(['completed', 'failed'].includes(ended.status));
        if (ended.status === 'failed') assert.ok(ended.last_error.message);
    });

    await t.test('questions that are no words', async () => {
        const attached = await read(client, 'loom.pdf', good);
        for (const question of ['?', '\u0001\u0002', '"', 'AND OR NOT NEAR(', '* ^ : {} -', "';--",
            '😀', '\u202e\u200b', '   \n ']) {
            const { run: ended } = await ask(client, attached.store.id, question);
            assert.equal(ended.status, 'completed',
                `${JSON.stringify(question)}: ${JSON.stringify(ended.last_error)}`);
        }
    });

    await t.test('good files are still read and found', async () => {
        const attached = await read(client, 'loom.pdf', good);
        assert.equal(attached.status, 'completed', JSON.stringify(attached.last_error));
        const { run: ended, answer } = await ask(client, attached.store.id);
        assert.equal(ended.status, 'completed');
        assert.match(answer.value, /six months/);
        assert.equal(answer.annotations[0].file_citation.page, 3);
    });

    await t.test('a store with a bad file beside a good one', async () => {
        const bad = await client.files.create({ file: upload('bad.pdf', 'no'),
            purpose: 'assistants' });
        const fine = await client.files.create({ file: upload('loom.pdf', good),
            purpose: 'assistants' });
        const store = await client.vectorStores.create({ file_ids: [bad.id, fine.id] });
        await until('both are done', async () =>
            (await client.vectorStores.retrieve(store.id)).status === 'completed');
        const { file_counts: counts } = await client.vectorStores.retrieve(store.id);
        assert.deepEqual({ ...counts },
            { in_progress: 0, completed: 1, failed: 1, cancelled: 0, total: 2 });
        assert.match((await ask(client, store.id)).answer.value, /six months/);
    });

    await t.test('the server stops in order', () => server.stop());
});

test('two servers on one store', async t => {
    const server = await serve(t);
    const second = await run(['serve', '--listen', '127.0.0.1:0', '--store', server.store]);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /^treadle: .*(serve|use)/m);
    assert.ok(second.stderr.includes(server.url), second.stderr);
    assert.equal((await request(server, 'GET', '/v1/assistants')).status, 200);
    await server.stop();
    const third = await launch({ store: server.store });
    await third.stop();
});

test('an address that is taken', async t => {
    const server = await serve(t);
    const second = await run(['serve', '--listen', new URL(server.url).host, '--store',
        path.join(directory(t), 'other')]);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /^treadle: /m);
});

test('an address off loopback without keys', async t => {
    const refused = await run(['serve', '--listen', '0.0.0.0:0', '--store',
        path.join(directory(t), 'store')]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /key/);
});

test('a store that cannot be made', async t => {
    const home = directory(t);
    fs.writeFileSync(path.join(home, 'file'), 'x');
    const refused = await run(['serve', '--listen', '127.0.0.1:0', '--store',
        path.join(home, 'file', 'store')]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^treadle: /m);
});

test('a database that is none', async t => {
    const home = directory(t);
    fs.writeFileSync(path.join(home, 'treadle.db'), 'This is no database. '.repeat(500));
    const refused = await run(['serve', '--listen', '127.0.0.1:0', '--store', home]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^treadle: /m);
});

test('a full disk', async t => {
    if (process.getuid() !== 0) return t.skip('mounting a small file system needs root');
    const home = directory(t);
    const disk = path.join(home, 'disk');
    fs.mkdirSync(disk);
    try {
        command('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
    } catch {
        return t.skip('no file system can be mounted here');
    }
    let server;
    try {
        server = await launch({ store: path.join(disk, 'store') });
        const { client } = server;
        const kept = [];
        const thread = await client.beta.threads.create();

        await t.test('an upload that does not fit fails with 5xx and leaves nothing', async () => {
            const reply = await sendFile(server, Buffer.alloc(20 << 20, 'x'));
            if (reply.status) assertError(reply, reply.status);
            assert.ok(!reply.status || reply.status >= 500, `${reply.status}`);
            assert.deepEqual((await client.files.list()).data, []);
            await until('the space is free again', () => size(disk) < 6 << 20);
        });

        await t.test('writes fail with 5xx once it is full, and reads continue', async () => {
            const filler = path.join(disk, 'filler');
            let failed;
            fill(filler);
            for (let i = 0; i < 2000 && !failed; i++) {
                const reply = await post(server, `/v1/threads/${thread.id}/messages`,
                    { role: 'user', content: `${i} ${'x'.repeat(5000)}` });
                if (reply.status === 200) kept.push(reply.json.id);
                else failed = reply;
            }
            assert.ok(failed, 'the disk was never full');
            assertError(failed, failed.status, { type: 'server_error' });
            assert.ok([500, 503, 507].includes(failed.status), `${failed.status}`);
            assert.equal((await request(server, 'GET', `/v1/threads/${thread.id}`)).status, 200);
            fs.rmSync(filler);
        });

        await t.test('once there is room all continues, and nothing acknowledged is lost', async () => {
            const made = await until('a write works again', async () => {
                const reply = await post(server, `/v1/threads/${thread.id}/messages`,
                    { role: 'user', content: 'room again' });
                return reply.status === 200 && reply.json;
            });
            kept.push(made.id);
            const all = [];
            for await (const item of client.beta.threads.messages.list(thread.id,
                { limit: 100, order: 'asc' })) all.push(item.id);
            assert.deepEqual(all, kept);
        });
        await t.test('the server stops in order', () => server.stop());
    } finally {
        if (server && !server.stopped) await server.kill();
        command('umount', [disk]);
    }
});

/** Writes to a file until nothing more fits. */
test('a start on a full disk', async t => {
    if (process.getuid() !== 0) return t.skip('mounting a small file system needs root');
    const disk = path.join(directory(t), 'disk'), store = path.join(disk, 'store');
    fs.mkdirSync(disk);
    try {
        command('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
    } catch {
        return t.skip('no file system can be mounted here');
    }
    let server;
    try {
        server = await launch({ store });
        const { client } = server;
        const assistant = await client.beta.assistants.create({ model: MODEL });
        const { id, thread_id } = await client.beta.threads.createAndRun({
            assistant_id: assistant.id,
            thread: { messages: [{ role: 'user', content: 'Hello?' }] } });
        await until('the run ends', async () => (await client.beta.threads.runs.retrieve(id,
            { thread_id })).status === 'completed');
        // A run that a killed server left in progress, and nothing in reserve.
        command('python3', ['-c', LEAVE, path.join(store, 'treadle.db'), id]);
        await server.kill();
        fs.rmSync(path.join(store, 'reserve'), { force: true });
        fill(path.join(disk, 'filler'));
        server = await launch({ store });
        const run = async () => (await request(server, 'GET',
            `/v1/threads/${thread_id}/runs/${id}`)).json;
        assert.equal((await run()).status, 'in_progress');
        fs.rmSync(path.join(disk, 'filler'));
        await until('the run is ended', async () => (await run()).status === 'failed');
        await until('runs are executed again', async () => (await post(server, '/v1/threads/runs',
            { assistant_id: assistant.id, thread: { messages: [{ role: 'user', content: 'x' }] } }))
            .status === 200);
        await server.stop();
    } finally {
        if (server && !server.stopped) await server.kill();
        command('umount', [disk]);
    }
});

function fill(file) {
    const descriptor = fs.openSync(file, 'w');
    const block = Buffer.alloc(4096, 'x');
    try {
        for (;;) fs.writeSync(descriptor, block);
    } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
    } finally {
        fs.closeSync(descriptor);
    }
}

async function sendFile(server, bytes) {
    const boundary = 'B';
    const body = Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n`
            + `assistants\r\n--${boundary}\r\nContent-Disposition: form-data; name="file"; `
            + 'filename="a.txt"\r\n\r\n'),
        bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
    return request(server, 'POST', '/v1/files', { headers: {
        'content-type': `multipart/form-data; boundary=${boundary}` }, body })
        .catch(error => {
            if (!['EPIPE', 'ECONNRESET'].includes(error.code)) throw error;
            return {};
        });
}

/** Bytes that all files below a directory take. */
function size(at) {
    return Number(command('du', ['-s', '-B1', at]).split('\t')[0]);
}

/** The most memory that a process had, in bytes; 0 where that is not known. */
function memory(pid) {
    try {
        const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
        return Number(/VmHWM:\s*(\d+) kB/.exec(status)[1]) * 1024;
    } catch {
        return 0;
    }
}
