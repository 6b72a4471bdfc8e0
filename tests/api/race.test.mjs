// What is done at the same moment: of runs on one thread one wins, and whatever the order was, what is
// there afterwards could have come of some order.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { assertError, sleep, serve, until, upload } from './harness.mjs';
import { modelServer, script } from './model_server.mjs';

const LANES = 8;
const ROUNDS = 1000;
const SECONDS = 60;
const FEWEST = 200; // rounds, on a slow machine

/** Requests over connections that stay open, one for each of `LANES`. */
function lanes(t, server) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: LANES });
    t.after(() => agent.destroy());
    const { hostname, port } = new URL(server.url);
    return (method, target, value) => new Promise((resolve, reject) => {
        const body = value === undefined ? undefined : JSON.stringify(value);
        const headers = body ? { 'content-type': 'application/json',
            'content-length': Buffer.byteLength(body) } : {};
        const sent = http.request({ hostname, port, method, path: `/v1${target}`, agent, headers }, reply => {
            const parts = [];
            reply.on('data', part => parts.push(part));
            reply.on('error', reject);
            reply.on('end', () => {
                const text = Buffer.concat(parts).toString('utf8');
                resolve({ status: reply.statusCode, headers: reply.headers, text,
                    json: JSON.parse(text) });
            });
        });
        sent.on('error', reject);
        sent.end(body);
    });
}

const ENDED = ['completed', 'cancelled', 'failed', 'expired', 'incomplete'];
const won = replies => replies.filter(reply => reply.status === 200);
const ended = (ask, run) => until(`${run.id} ends`, async () => {
    const { json } = await ask('GET', `/threads/${run.thread_id}/runs/${run.id}`);
    return ENDED.includes(json.status) && json;
});

/** Rounds until all are done or the time is up; gives how many there were. */
async function rounds(t, count, seconds, round) {
    const end = Date.now() + seconds * 1000;
    let done = 0;
    while (done < count && Date.now() < end) await round(done++);
    t.diagnostic(`${done} rounds`);
    return done;
}

async function makeThread(ask) {
    const { json } = await ask('POST', '/threads', { messages: [{ role: 'user', content: 'x' }] });
    return json.id;
}

async function makeAssistant(ask, model = 'treadle-extractive', more = {}) {
    const { json } = await ask('POST', '/assistants', { model, instructions: 'Answer.', ...more });
    return json.id;
}

test('of eight runs on one thread one wins', async t => {
    // A model that thinks until the run is cancelled: no run may end within its round.
    const model = await modelServer(t);
    const server = await serve(t, { arguments: ['--model-url', model.url] });
    const ask = lanes(t, server);
    const assistant = await makeAssistant(ask, 'scripted-1');
    const { json: { id: thread } } = await ask('POST', '/threads',
        { messages: [{ role: 'user', content: script({ silent: true }) }] });
    const target = `/threads/${thread}/runs`;
    const winners = new Set();
    const done = await rounds(t, ROUNDS, SECONDS, async () => {
        const replies = await Promise.all(Array.from({ length: LANES }, () =>
            ask('POST', target, { assistant_id: assistant })));
        const winner = won(replies);
        assert.equal(winner.length, 1, JSON.stringify(replies.map(reply => reply.text)));
        const run = winner[0].json;
        winners.add(run.id);
        for (const reply of replies.filter(one => one.status !== 200))
            assertError(reply, 400, { type: 'invalid_request_error',
                message: `Thread ${thread} already has an active run ${run.id}.` });
        assert.equal((await ask('POST', `${target}/${run.id}/cancel`)).status, 200);
        assert.equal((await ended(ask, run)).status, 'cancelled');
    });
    assert.ok(done >= FEWEST, `only ${done} rounds`);
    assert.equal(winners.size, done);
    const { json: { data } } = await ask('GET', `${target}?limit=100`);
    assert.ok(data.every(run => winners.has(run.id) && run.status === 'cancelled'));
});

test('a run and a message at once', async t => {
    const server = await serve(t);
    const ask = lanes(t, server);
    const assistant = await makeAssistant(ask);
    const seen = { both: 0, run: 0 };
    await rounds(t, 60, 20, async () => {
        const thread = await makeThread(ask);
        const [run, ...messages] = await Promise.all([
            ask('POST', `/threads/${thread}/runs`, { assistant_id: assistant }),
            ...Array.from({ length: 4 }, (_, i) =>
                ask('POST', `/threads/${thread}/messages`, { role: 'user', content: `m${i}` }))]);
        assert.equal(run.status, 200, run.text);
        const added = won(messages).map(reply => reply.json.id);
        for (const reply of messages.filter(one => one.status !== 200))
            assertError(reply, 400, { message: new RegExp(
                `^Can't add messages to thread_\\w+ while a run ${run.json.id} is active\\.$`) });
        seen[added.length === 4 ? 'both' : 'run']++;
        const end = await ended(ask, run.json);
        assert.equal(end.status, 'completed', JSON.stringify(end.last_error));
        const { json: { data } } = await ask('GET', `/threads/${thread}/messages?order=asc`);
        // The first, all that were acknowledged, and one answer.
        assert.equal(data.length, added.length + 2);
        for (const id of added) assert.ok(data.some(message => message.id === id), id);
        assert.equal(data.filter(message => message.run_id === run.json.id).length, 1);
    });
    t.diagnostic(JSON.stringify(seen));
});

test('a file is deleted while it is attached', async t => {
    const server = await serve(t);
    const { client } = server;
    const ask = lanes(t, server);
    await rounds(t, 40, 20, async round => {
        const file = await client.files.create({ file: upload('a.txt', `words ${round}`),
            purpose: 'assistants' });
        const store = await client.vectorStores.create({});
        const thread = await makeThread(ask);
        const [gone, attached, added] = await Promise.all([
            ask('DELETE', `/files/${file.id}`),
            ask('POST', `/vector_stores/${store.id}/files`, { file_id: file.id }),
            ask('POST', `/threads/${thread}/messages`, { role: 'user', content: 'x', attachments: [
                { file_id: file.id, tools: [{ type: 'file_search' }] }] })]);
        assert.equal(gone.status, 200, gone.text);
        for (const reply of [attached, added])
            if (reply.status !== 200) assertError(reply, 404, { message: `No such File object: ${file.id}` });
        assertError(await ask('GET', `/files/${file.id}`), 404);
        // Whichever was first, the store settles and holds nothing that cannot be read.
        const settled = await until('the store settles', async () => {
            const { json } = await ask('GET', `/vector_stores/${store.id}`);
            return json.status === 'completed' && json;
        });
        assert.equal(settled.file_counts.in_progress, 0);
        const { json: { data } } = await ask('GET', `/vector_stores/${store.id}/files`);
        assert.equal(data.length, settled.file_counts.total);
        assert.deepEqual(data.filter(one => one.status === 'in_progress'), []);
    });
});

test('a vector store is deleted while its files are read', async t => {
    const server = await serve(t);
    const { client } = server;
    const ask = lanes(t, server);
    const text = 'The shuttle carries the weft through the shed. '.repeat(4000);
    const files = [];
    for (let i = 0; i < 3; i++)
        files.push((await client.files.create({ file: upload(`${i}.txt`, `${i} ${text}`),
            purpose: 'assistants' })).id);
    await rounds(t, 30, 20, async round => {
        const store = await client.vectorStores.create({ file_ids: files });
        await sleep(round % 6 * 15);
        const [gone] = await Promise.all([ask('DELETE', `/vector_stores/${store.id}`),
            ask('GET', `/vector_stores/${store.id}`),
            ask('GET', `/vector_stores/${store.id}/files`),
            ask('DELETE', `/vector_stores/${store.id}/files/${files[0]}`)]);
        assert.equal(gone.status, 200, gone.text);
        assertError(await ask('GET', `/vector_stores/${store.id}`), 404);
        assertError(await ask('GET', `/vector_stores/${store.id}/files`), 404);
    });
    // The files are complete, and reading continues.
    const store = await client.vectorStores.create({ file_ids: files });
    const settled = await until('the last store is read', async () => {
        const one = await client.vectorStores.retrieve(store.id);
        return one.status === 'completed' && one;
    }, 60000);
    assert.equal(settled.file_counts.completed, files.length);
});

test('a run is cancelled as it completes', async t => {
    const server = await serve(t);
    const ask = lanes(t, server);
    const assistant = await makeAssistant(ask);
    const thread = await makeThread(ask);
    const seen = {};
    await rounds(t, 150, 25, async round => {
        const { json: run, text } = await ask('POST', `/threads/${thread}/runs`, { assistant_id: assistant });
        assert.equal(run.status, 'queued', text);
        const target = `/threads/${thread}/runs/${run.id}`;
        await sleep(round % 12);
        const cancels = await Promise.all([1, 2, 3].map(() => ask('POST', `${target}/cancel`)));
        const end = await ended(ask, run);
        assert.ok(['cancelled', 'completed'].includes(end.status), end.status);
        assert.ok(won(cancels).length <= 1, JSON.stringify(cancels.map(reply => reply.text)));
        // A run that is cancelling may still complete, but none is cancelled unasked.
        if (end.status === 'cancelled') assert.equal(won(cancels).length, 1);
        const kind = `${won(cancels).length ? 'asked, ' : ''}${end.status}`;
        seen[kind] = (seen[kind] ?? 0) + 1;
        for (const reply of cancels.filter(one => one.status !== 200))
            assertError(reply, 400, { message:
                /^Cannot cancel run with status '(cancelling|cancelled|completed)'\.$/ });
        assert.equal(end.cancelled_at === null, end.status === 'completed');
        assert.equal(end.completed_at === null, end.status === 'cancelled');
        const { json: steps } = await ask('GET', `${target}/steps`);
        for (const { status } of steps.data)
            assert.ok(['completed', 'cancelled'].includes(status), status);
        // It stays as it is, and the thread is free.
        assert.deepEqual((await ask('GET', target)).json, end);
        const free = await ask('POST', `/threads/${thread}/messages`, { role: 'user', content: 'y' });
        assert.equal(free.status, 200, free.text);
        await ask('DELETE', `/threads/${thread}/messages/${free.json.id}`);
    });
    t.diagnostic(JSON.stringify(seen));
});
