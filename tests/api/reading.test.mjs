// Reading documents as those feel it who wait for it: pages that take too long, files that keep
// others waiting, files that are deleted while they are read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { command, directory, OpenAI, program, request, run, serve, until, upload } from './harness.mjs';
import { makePdf, slowPage } from './pdf.mjs';

const FRUIT = ['Apples are red.'], TREES = ['Oaks grow slowly.'];

async function send(client, name, content) {
    return (await client.files.create({ file: upload(name, content), purpose: 'assistants' })).id;
}

/** A file of a vector store once it was read, or failed. */
async function settled(client, store, file) {
    let found;
    await until('the file is read', async () => {
        found = await client.vectorStores.files.retrieve(file, { vector_store_id: store });
        return found.status !== 'in_progress';
    });
    return found;
}

test('pages that take too long', async t => {
    const server = await serve(t, { arguments: ['--page-timeout', '1'] });
    const { client } = server;
    const store = (await client.vectorStores.create({ name: 'slow' })).id;
    const add = async (name, pages) => {
        const file = await send(client, name, makePdf(pages));
        await client.vectorStores.files.create(store, { file_id: file });
        return settled(client, store, file);
    };

    await t.test('are left out, and the file says so', async () => {
        const file = await add('gap.pdf', [FRUIT, slowPage, TREES]);
        assert.equal(file.status, 'completed');
        assert.equal(file.last_error, null);
        assert.deepEqual(file.notices, [{
            code: 'page_timeout',
            message:
                'Page 2 was left out, because reading it took longer than a page may take.',
            pages: '2',
            page_count: 1,
        }]);
        const { data } = await client.vectorStores.files.content(file.id,
            { vector_store_id: store });
        assert.match(data[0].text, /Apples are red.*Oaks grow slowly/s);
    });
    await t.test('a file of which little is left fails', async () => {
        const file = await add('ruin.pdf', [slowPage]);
        assert.equal(file.status, 'failed');
        assert.equal(file.last_error.code, 'invalid_file');
        assert.match(file.last_error.message, /0 of its 1 pages\. Page 1 was left out/);
        assert.equal(file.notices, undefined);
    });
    await t.test('ask names them', async () => {
        const manual = path.join(directory(t), 'gap.pdf');
        fs.writeFileSync(manual, makePdf([FRUIT, slowPage, TREES]));
        const { code, stderr } = await run(['ask', manual, '-q', 'How do oaks grow?',
            '--server', server.url], { env: {} });
        assert.equal(code, 0, stderr);
        assert.match(stderr, /gap\.pdf: Page 2 was left out/);
    });
});

/** The numbers of the processes below a process. */
function descendants(pid) {
    const children = new Map();
    for (const name of fs.readdirSync('/proc').filter(entry => /^\d+$/.test(entry))) {
        try {
            const stat = fs.readFileSync(`/proc/${name}/stat`, 'utf8');
            const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
            children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
        } catch {
            // It ended meanwhile.
        }
    }
    const below = parent => (children.get(parent) ?? []).flatMap(child => [child, ...below(child)]);
    return below(pid);
}

/** The readers of a server: the processes that its fork server has forked. */
function readers(server) {
    const isReader = pid => {
        try {
            return /^[^\0]*treadle-reader\0/.test(fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
        } catch {
            return false;
        }
    };
    const forkServers = descendants(server.pid).filter(isReader);
    return forkServers.flatMap(descendants).filter(isReader);
}

const SLOW = ['--page-timeout', '1000', '--document-timeout', '1000'];

test('files that take too long', async t => {
    const server = await serve(t, { arguments: SLOW });
    const client = server.client;
    const other = new OpenAI({ apiKey: 'x', baseURL: `${server.url}/v1`, maxRetries: 0,
        project: 'other' });
    const slow = makePdf([slowPage]);
    const makeStore = async from => (await from.vectorStores.create({ name: 'x' })).id;
    const store = await makeStore(client);
    const add = async (from, into, name, content) => {
        const file = await send(from, name, content);
        await from.vectorStores.files.create(into, { file_id: file });
        return file;
    };
    const status = async (into, file) =>
        (await client.vectorStores.files.retrieve(file, { vector_store_id: into })).status;
    const hogs = [];
    for (let i = 0; i < 6; i++) hogs.push(await add(client, store, `hog${i}.pdf`, slow));
    await until('both readers are busy', () => readers(server).length === 2);

    await t.test('do not keep another project waiting', async () => {
        const theirs = await makeStore(other);
        const file = await add(other, theirs, 'small.txt', 'Twenty-seven bytes of text.');
        assert.equal((await settled(other, theirs, file)).status, 'completed');
    });
    await t.test('let small files of their own project pass', async () => {
        const file = await add(client, store, 'small.txt', 'Twenty-seven bytes of text.');
        assert.equal((await settled(client, store, file)).status, 'completed');
        for (const hog of hogs) assert.equal(await status(store, hog), 'in_progress');
    });
    await t.test('end at once when they are removed from the store', async () => {
        for (const hog of hogs)
            await client.vectorStores.files.delete(hog, { vector_store_id: store });
        await until('no reader is left', () => readers(server).length === 0);
    });
    await t.test('end at once when their batch is cancelled', async () => {
        const file = await send(client, 'hog.pdf', slow);
        const batch = await client.vectorStores.fileBatches.create(store, { file_ids: [file] });
        await until('a reader is busy', () => readers(server).length === 1);
        await client.vectorStores.fileBatches.cancel(batch.id, { vector_store_id: store });
        await until('no reader is left', () => readers(server).length === 0);
        assert.equal(await status(store, file), 'cancelled');
    });
    await t.test('end at once when the file or the store is deleted', async () => {
        const file = await add(client, store, 'hog.pdf', slow);
        await until('a reader is busy', () => readers(server).length === 1);
        await client.files.delete(file);
        await until('no reader is left', () => readers(server).length === 0);
        await add(client, store, 'hog.pdf', slow);
        await until('a reader is busy', () => readers(server).length === 1);
        await client.vectorStores.delete(store);
        await until('no reader is left', () => readers(server).length === 0);
    });
});

test('faults that pass', async t => {
    const server = await serve(t, { arguments: ['--page-timeout', '1'] });
    const { client } = server;
    const store = (await client.vectorStores.create({ name: 'x' })).id;

    await t.test('a reader that somebody killed is started again', async () => {
        const file = await send(client, 'gap.pdf', makePdf([FRUIT, slowPage, TREES]));
        await client.vectorStores.files.create(store, { file_id: file });
        await until('a reader is busy', () => readers(server).length === 1);
        process.kill(readers(server)[0], 'SIGKILL');
        const found = await settled(client, store, file);
        assert.equal(found.status, 'completed', JSON.stringify(found.last_error));
        assert.equal(found.notices[0].pages, '2');
        assert.match(server.log, /event=ingest_retry .*from outside/);
    });
    await t.test('an index that cannot be written is written later', async () => {
        const indexes = path.join(server.store, 'indexes');
        fs.renameSync(indexes, `${indexes}.away`);
        const file = await send(client, 'a.txt', 'A moment passes.');
        const other = (await client.vectorStores.create({ name: 'y' })).id;
        await client.vectorStores.files.create(other, { file_id: file });
        await until('it failed once', () => /ingest_retry .*index/.test(server.log));
        fs.renameSync(`${indexes}.away`, indexes);
        assert.equal((await settled(client, other, file)).status, 'completed');
    });
    await t.test('a file without its contents fails at once', async () => {
        const file = await send(client, 'b.txt', 'Soon away.');
        for (const entry of fs.readdirSync(path.join(server.store, 'files'),
            { recursive: true, withFileTypes: false }))
            if (String(entry).includes(file.slice(-12)))
                fs.rmSync(path.join(server.store, 'files', String(entry)), { recursive: true });
        await client.vectorStores.files.create(store, { file_id: file });
        const found = await settled(client, store, file);
        assert.equal(found.last_error?.code, 'server_error');
    });
});

/** A command line that runs another where bubblewrap is not installed; null where none can be. */
function withoutBubblewrap() {
    const line = ['bwrap', '--dev-bind', '/', '/', '--bind', '/dev/null', '/usr/bin/bwrap', '--'];
    try {
        command(line[0], [...line.slice(1), 'true']);
        return line;
    } catch {
        return null;
    }
}

test('without bubblewrap', async t => {
    const line = withoutBubblewrap();
    if (!line) return t.skip('bubblewrap does not work here');
    const quote = word => `'${word}'`;

    await t.test('ask says so on a terminal', async () => {
        const manual = path.join(directory(t), 'trees.pdf');
        fs.writeFileSync(manual, makePdf([TREES]));
        const ask = [...line, program, 'ask', manual, '-q', 'How do oaks grow?', '--store',
            path.join(directory(t), 'store')];
        const shown = command('script', ['-qec', ask.map(quote).join(' '), '/dev/null']);
        assert.match(shown, /weaker sandbox .*install the package bubblewrap/);
    });
});

/** A program that runs treadle where bubblewrap is not installed; null where none can be. */
function programWithoutBubblewrap(t) {
    const file = path.join(directory(t), 'treadle');
    const inside = 'mount --bind /dev/null /usr/bin/bwrap && exec "$0" "$@"';
    const map = process.getuid() === 0 ? '-m' : '-rm';
    try {
        command('unshare', [map, 'mount', '--bind', '/dev/null', '/usr/bin/bwrap']);
    } catch {
        return null;
    }
    fs.writeFileSync(file, `#!/bin/sh\nexec unshare ${map} sh -c '${inside}' '${program}' "$@"\n`, { mode: 0o700 });
    return file;
}

test('a server without bubblewrap says so', async t => {
    const weaker = programWithoutBubblewrap(t);
    if (!weaker) return t.skip('no mount namespace can be made here');
    const server = await serve(t, { program: weaker });
    const { json } = await until('the sandbox is known', async () => {
        const reply = await request(server, 'GET', '/health');
        return reply.json.sandbox && reply;
    });
    assert.doesNotMatch(json.sandbox, /bubblewrap/);
    assert.match(json.sandbox, /seccomp and limits/);
    assert.match(json.advice, /install the package bubblewrap/);
    const line = await until('the log says so', () => /^.*event=sandbox .*$/m.exec(server.log)?.[0]);
    assert.match(line, / level=warning /);
    assert.match(line, /install the package bubblewrap/);
    const file = await send(server.client, 'trees.pdf', makePdf([TREES]));
    const store = (await server.client.vectorStores.create({ name: 'trees', file_ids: [file] })).id;
    assert.equal((await settled(server.client, store, file)).status, 'completed');
});

test('what pages call themselves comes with their numbers', async t => {
    const server = await serve(t);
    const { client } = server;
    const filler = Array.from({ length: 40 }, (_, i) => `Line ${i} tells of nothing in particular.`);
    const book = makePdf([['The preface thanks the millers of Ulm.', ...filler],
        [...filler, 'The wheel needs grease every forty days.']],
        '/PageLabels << /Nums [0 << /S /r /St 4 >> 1 << /S /D /P (A-) /St 3 >>] >>');
    const file = await send(client, 'book.pdf', book);
    const store = (await client.vectorStores.create({ name: 'book', file_ids: [file] })).id;
    await until('the book is read', async () =>
        (await client.vectorStores.retrieve(store)).file_counts.completed === 1);

    const found = await client.vectorStores.search(store, { query: 'grease for the wheel' });
    assert.equal(found.data[0].page, 2);
    assert.equal(found.data[0].page_label, 'A-3');

    const assistant = await client.beta.assistants.create({ model: 'treadle-extractive',
        tools: [{ type: 'file_search' }],
        tool_resources: { file_search: { vector_store_ids: [store] } } });
    const thread = await client.beta.threads.create({ messages: [
        { role: 'user', content: 'How often does the wheel need grease?' }] });
    await client.beta.threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
    const { data: [answer] } = await client.beta.threads.messages.list(thread.id);
    const [{ file_citation: citation }] = answer.content[0].text.annotations;
    assert.equal(citation.page, 2);
    assert.equal(citation.page_label, 'A-3');
    assert.match(citation.quote, /grease every forty days/);

    const manual = path.join(directory(t), 'book.pdf');
    fs.writeFileSync(manual, book);
    const { code, stdout, stderr } = await run(['ask', manual, '-q', 'Whom does the preface thank?',
        '--server', server.url], { env: {} });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /book\.pdf, page 1 \(iv\)/);
});
