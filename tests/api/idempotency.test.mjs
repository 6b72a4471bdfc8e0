// Idempotency keys: a request that is sent again is carried out once, and answered alike.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { assertError, command, directory, launch, post, request, serve, until } from './harness.mjs';
import { call, gate, say, script, turns } from './model_server.mjs';
import { outputsFor, steered } from './steered.mjs';

const AGE = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("UPDATE idempotency SET at = at - 90000")`;
const keyed = (name, more = {}) => ({ 'idempotency-key': name, ...more });
const count = async (server, target) =>
    (await request(server, 'GET', `${target}?limit=100`)).json.data.length;

test('objects are made once', async t => {
    const store = path.join(directory(t), 'store');
    let server = await launch({ store });
    const make = (name, body = { model: 'm' }, more = {}) =>
        post(server, '/v1/assistants', body, keyed(name, more));
    const first = await make('a');
    assert.equal(first.headers['idempotent-replayed'], undefined);
    await t.test('also after a restart', async () => {
        await server.stop();
        server = await launch({ store });
        const again = await make('a');
        assert.equal(again.text, first.text);
        assert.equal(again.headers['idempotent-replayed'], 'true');
        assert.equal(await count(server, '/v1/assistants'), 1);
    });
    await t.test('in each project', async () => {
        const other = await make('a', undefined, { 'openai-project': 'other' });
        assert.notEqual(other.json.id, first.json.id);
    });
    await t.test('and not for another request', async () => {
        assertError(await make('a', { model: 'n' }), 422, { code: 'idempotency_key_reused' });
        assertError(await post(server, '/v1/threads', {}, keyed('a')), 422);
    });
    await t.test('whatever comes at once', async () => {
        const all = await Promise.all(Array.from({ length: 12 }, () => make('b')));
        const made = all.filter(reply => reply.status === 200);
        for (const reply of all)
            if (reply.status !== 200) assertError(reply, 409, { code: 'idempotency_key_in_use' });
        assert.equal(new Set(made.map(reply => reply.json.id)).size, 1);
        assert.equal(await count(server, '/v1/assistants'), 2);
    });
    await t.test('what was refused is tried again', async () => {
        assertError(await make('c', {}), 400);
        assert.equal((await make('c')).status, 200);
    });
    await t.test('keys have a length', async () => {
        assertError(await make('x'.repeat(256)), 400, { param: 'Idempotency-Key' });
        assert.equal((await make('x'.repeat(255))).status, 200);
    });
    await t.test('for a day', async () => {
        await server.stop();
        command('python3', ['-c', AGE, path.join(store, 'treadle.db')]);
        server = await launch({ store });
        await until('the key is forgotten', async () =>
            (await make('a')).json.id !== first.json.id);
    });
    await server.stop();
});

test('files are made once', async t => {
    const server = await serve(t);
    const send = (name, text) => {
        const body = ['--B', 'Content-Disposition: form-data; name="purpose"', '', 'assistants',
            '--B', 'Content-Disposition: form-data; name="file"; filename="a.txt"', '', text,
            '--B--', ''].join('\r\n');
        return request(server, 'POST', '/v1/files', { body,
            headers: keyed(name, { 'content-type': 'multipart/form-data; boundary=B' }) });
    };
    const first = await send('a', 'One.');
    assert.equal(first.status, 200, first.text);
    const again = await send('a', 'One.');
    assert.equal(again.text, first.text);
    assertError(await send('a', 'Another.'), 422);
    assert.equal(await count(server, '/v1/files'), 1);
});

test('runs are made once', async t => {
    const kit = await steered(t);
    const assistant_id = await kit.assistant();
    const body = (content, stream) => ({ assistant_id, stream,
        thread: { messages: [{ role: 'user', content }] } });
    const run = (name, ...parameters) =>
        post(kit.server, '/v1/threads/runs', body(...parameters), keyed(name));
    await t.test('without a stream', async () => {
        const first = await run('a', script(say('Hello.')));
        assert.equal((await run('a', script(say('Hello.')))).text, first.text);
        assert.equal(await count(kit.server, '/v1/threads'), 1);
    });
    const ids = text => [...new Set(text.match(/run_[A-Za-z0-9]{20,}/g))];
    await t.test('with a stream that is over', async () => {
        const first = await run('b', script(say('Hello', ', you.')), true);
        const again = await run('b', script(say('Hello', ', you.')), true);
        assert.match(again.headers['content-type'], /^text\/event-stream/);
        assert.deepEqual(ids(again.text), ids(first.text));
        assert.match(again.text, /thread\.run\.created[^]*Hello[^]*event: done/);
        assert.equal(await count(kit.server, '/v1/threads'), 2);
    });
    await t.test('with a stream that was cut off', async () => {
        const content = script(say('One', gate('cut'), ' two.'));
        const sent = new AbortController();
        const cut = await fetch(`${kit.server.url}/v1/threads/runs`, { method: 'POST',
            signal: sent.signal, headers: keyed('c', { 'content-type': 'application/json' }),
            body: JSON.stringify(body(content, true)) });
        await cut.body.getReader().read();
        sent.abort();
        const again = run('c', content, true);
        kit.model.release('cut');
        assert.match((await again).text, /thread\.run\.created[^]*thread\.run\.completed/);
        assert.equal(await count(kit.server, '/v1/threads'), 3);
    });
    await t.test('and their outputs are taken once', async () => {
        const waiting = await run('d', turns(call('get_time'), say('Noon.')));
        const { id, thread_id } = waiting.json;
        const state = async () => (await request(kit.server, 'GET',
            `/v1/threads/${thread_id}/runs/${id}`)).json;
        await until('it waits', async () => (await state()).status === 'requires_action');
        const outputs = { tool_outputs: outputsFor(await state()), stream: true };
        const submit = () => post(kit.server,
            `/v1/threads/${thread_id}/runs/${id}/submit_tool_outputs`, outputs, keyed('e'));
        assert.match((await submit()).text, /thread\.run\.completed/);
        const again = (await submit()).text;
        assert.match(again, /thread\.run\.completed/);
        assert.doesNotMatch(again, /thread\.run\.created/);
    });
});

test('the text of a new key is not kept', async t => {
    const server = await launch({ store: path.join(directory(t), 'store') });
    const made = await new Promise((resolve, reject) => {
        const sent = http.request({ socketPath: path.join(server.store, 'socket'), method: 'POST',
            path: '/v1/treadle/keys', agent: false,
            headers: keyed('a', { 'content-type': 'application/json' }) }, reply => {
            let text = '';
            reply.setEncoding('utf8').on('data', part => { text += part; });
            reply.on('end', () => resolve({ status: reply.statusCode, text }));
        });
        sent.on('error', reject);
        sent.end(JSON.stringify({ project: 'web' }));
    });
    assert.equal(made.status, 200, made.text);
    const { key } = JSON.parse(made.text);
    assert.match(key, /^sk-treadle-/);
    await server.stop();
    for (const name of fs.readdirSync(server.store)) {
        const file = path.join(server.store, name);
        if (fs.statSync(file).isFile()) assert.ok(!fs.readFileSync(file).includes(key), name);
    }
});
