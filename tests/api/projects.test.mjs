// Whose is whose: every operation with the key of another project, by the server's own description.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { assertError, launch, post, request, run, upload } from './harness.mjs';
import { bearer, makeKey, withKey } from './keyring.mjs';

const MODEL = 'treadle-extractive';
let home, server, mine, yours, ids;

/** One of everything, as the owner of `client` makes it: by the parameter that names it. */
async function makeAll(client) {
    const file = await client.files.create(
        { file: upload('a.txt', 'Looms have treadles.'), purpose: 'assistants' });
    const store = await client.vectorStores.create({ name: 'mine', file_ids: [file.id] });
    const assistant = await client.beta.assistants.create({ model: MODEL,
        tools: [{ type: 'file_search' }],
        tool_resources: { file_search: { vector_store_ids: [store.id] } } });
    const thread = await client.beta.threads.create();
    const message = await client.beta.threads.messages.create(thread.id,
        { role: 'user', content: 'What has a treadle?' });
    const made = await client.beta.threads.runs.createAndPoll(thread.id,
        { assistant_id: assistant.id });
    assert.equal(made.status, 'completed');
    const steps = await client.beta.threads.runs.steps.list(made.id, { thread_id: thread.id });
    const batch = await client.vectorStores.fileBatches.create(store.id, { file_ids: [file.id] });
    const pending = await client.uploads.create(
        { filename: 'b', purpose: 'assistants', bytes: 3, mime_type: 'text/plain' });
    const part = await client.uploads.parts.create(pending.id, { data: upload('data', 'abc') });
    return { file_id: file.id, vector_store_id: store.id, assistant_id: assistant.id,
        thread_id: thread.id, message_id: message.id, run_id: made.id, step_id: steps.data[0].id,
        batch_id: batch.id, upload_id: pending.id, part_id: part.id };
}

/** Every operation that the server has, by its own description. */
async function operations() {
    const described = JSON.parse((await run(['schema'])).stdout);
    return Object.entries(described.paths).flatMap(([target, methods]) =>
        Object.entries(methods).filter(([method]) => /^(get|post|delete)$/.test(method))
            .map(([method, { requestBody: body }]) => ({ method: method.toUpperCase(), target,
                kinds: Object.keys(body?.content ?? {}) })));
}

/** What a POST must have in it to get as far as looking for its object. */
const bodies = () => ({
    '/threads/{thread_id}/messages': { role: 'user', content: 'x' },
    '/threads/{thread_id}/runs': { assistant_id: ids.assistant_id },
    '/threads/{thread_id}/runs/{run_id}/submit_tool_outputs':
        { tool_outputs: [{ tool_call_id: 'call_x', output: 'x' }] },
    '/vector_stores/{vector_store_id}/files': { file_id: ids.file_id },
    '/vector_stores/{vector_store_id}/files/{file_id}': { attributes: {} },
    '/vector_stores/{vector_store_id}/file_batches': { file_ids: [ids.file_id] },
    '/vector_stores/{vector_store_id}/search': { query: 'treadle' },
    '/uploads/{upload_id}/complete': { part_ids: [ids.part_id] },
});

async function call({ method, target, kinds }, key, names) {
    const known = target.replace(/\{(\w+)\}/g, (_, name) => {
        assert.ok(names[name], `${target}: makeAll must make one for {${name}}`);
        return names[name];
    });
    if (kinds.includes('multipart/form-data'))
        return request(server, method, `/v1${known}`, { headers: { ...bearer(key),
            'content-type': 'multipart/form-data; boundary=b' },
        body: '--b\r\nContent-Disposition: form-data; name="data"; filename="d"\r\n\r\nx\r\n--b--\r\n' });
    if (method !== 'POST') return request(server, method, `/v1${known}`, { headers: bearer(key) });
    return post(server, `/v1${known}`, bodies()[target] ?? {}, bearer(key));
}

before(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'treadle-api-'));
    const store = path.join(home, 'store');
    mine = (await makeKey(store, 'mine')).key;
    yours = (await makeKey(store, 'yours')).key;
    server = await launch({ store, arguments: ['--require-keys'] });
    ids = await makeAll(withKey(server, mine));
});
after(async () => {
    try {
        await server?.stop();
    } finally {
        fs.rmSync(home, { recursive: true, force: true });
    }
});

/** Models are the installation's, keys are the owner's, and only these. */
const shared = ({ target }) => /^\/(models|treadle)(\/|$)/.test(target);

test('nobody sees or changes what is another project\'s', async t => {
    const all = await operations();
    assert.ok(all.length >= 37);
    const named = all.filter(operation => operation.target.includes('{') && !shared(operation));
    const seen = async () => {
        const found = {};
        for (const operation of named.filter(({ method }) => method === 'GET')) {
            const reply = await call(operation, mine, ids);
            assert.equal(reply.status, 200, `${operation.target}: ${reply.text}`);
            found[operation.target] = reply.text;
        }
        return found;
    };
    const before = await seen();
    for (const operation of named)
        await t.test(`${operation.method} ${operation.target}`, async () => {
            assertError(await call(operation, yours, ids), 404, { type: 'invalid_request_error' });
        });
    await t.test('nothing was changed', async () => assert.deepEqual(await seen(), before));
});

test('lists show one\'s own', async t => {
    const lists = (await operations()).filter(operation => operation.method === 'GET' &&
        !operation.target.includes('{') && !shared(operation));
    assert.ok(lists.length >= 4);
    for (const operation of lists)
        await t.test(operation.target, async () => {
            const theirs = await call(operation, yours, {});
            assert.deepEqual(theirs.json.data, [], theirs.text);
            assert.notEqual((await call(operation, mine, {})).json.data.length, 0);
        });
    const foreign = { '/v1/assistants': 'assistant_id', '/v1/files': 'file_id',
        '/v1/vector_stores': 'vector_store_id', '/v1/runs': 'run_id' };
    for (const [target, name] of Object.entries(foreign))
        await t.test(`${target} after another's`, async () => {
            assertError(await request(server, 'GET', `${target}?after=${ids[name]}`,
                { headers: bearer(yours) }), 404);
        });
});

test('bodies cannot name what is another project\'s', async t => {
    const client = withKey(server, yours);
    const thread = await client.beta.threads.create();
    const store = await client.vectorStores.create({});
    const assistant = await client.beta.assistants.create({ model: MODEL });
    const base = `/v1/threads/${thread.id}`;
    const resources = { file_search: { vector_store_ids: [ids.vector_store_id] } };
    const code = { code_interpreter: { file_ids: [ids.file_id] } };
    const attached = { role: 'user', content: 'x',
        attachments: [{ file_id: ids.file_id, tools: [{ type: 'file_search' }] }] };
    const picture = { role: 'user',
        content: [{ type: 'image_file', image_file: { file_id: ids.file_id } }] };
    const cases = [
        [`${base}/runs`, { assistant_id: ids.assistant_id }],
        [`${base}/runs`, { assistant_id: assistant.id, additional_messages: [attached] }],
        ['/v1/threads/runs', { assistant_id: ids.assistant_id }],
        ['/v1/threads/runs', { assistant_id: assistant.id, thread: { messages: [picture] } }],
        ['/v1/threads/runs', { assistant_id: assistant.id, tool_resources: resources }],
        [`${base}/messages`, attached],
        [`${base}/messages`, picture],
        ['/v1/threads', { messages: [attached] }],
        ['/v1/threads', { tool_resources: resources }],
        ['/v1/threads', { tool_resources: code }],
        [base, { tool_resources: resources }],
        ['/v1/assistants', { model: MODEL, tool_resources: resources }],
        ['/v1/assistants', { model: MODEL, tool_resources: code }],
        ['/v1/assistants', { model: MODEL,
            tool_resources: { file_search: { vector_stores: [{ file_ids: [ids.file_id] }] } } }],
        [`/v1/assistants/${assistant.id}`, { tool_resources: resources }],
        ['/v1/vector_stores', { file_ids: [ids.file_id] }],
        [`/v1/vector_stores/${store.id}/files`, { file_id: ids.file_id }],
        [`/v1/vector_stores/${store.id}/file_batches`, { file_ids: [ids.file_id] }],
    ];
    for (const [target, body] of cases)
        await t.test(`${target} ${JSON.stringify(body).slice(0, 60)}`, async () => {
            assertError(await post(server, target, body, bearer(yours)), 404);
        });
    await t.test('a part of another\'s upload', async () => {
        const own = await client.uploads.create(
            { filename: 'b', purpose: 'assistants', bytes: 3, mime_type: 'text/plain' });
        const reply = await post(server, `/v1/uploads/${own.id}/complete`,
            { part_ids: [ids.part_id] }, bearer(yours));
        assert.ok([400, 404].includes(reply.status), reply.text);
    });
    await t.test('messages of another\'s run', async () => {
        const page = await client.beta.threads.messages.list(thread.id, { run_id: ids.run_id });
        assert.deepEqual(page.data, []);
    });
});
