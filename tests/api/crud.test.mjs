// Creating, reading, changing and deleting every kind of object, and lists of them, with the SDK.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { misfits } from './contract.mjs';
import { launch, OpenAI, request, upload } from './harness.mjs';
import { loomManual } from './pdf.mjs';

let server, client, home;
const MODEL = 'treadle-extractive';

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

const ids = objects => objects.map(object => object.id);
const makeFile = (name = 'a.txt', text = 'Some words.') =>
    client.files.create({ file: upload(name, text), purpose: 'assistants' });

/** What every list must do, over `count` objects that `make` creates. */
async function checkList(schema, list, made) {
    const newest = [...made].reverse();
    const read = async query => {
        const page = await list(query);
        const { data, first_id: first, last_id: last, has_more: more, object } = page.body;
        assert.deepEqual(misfits(schema, page.body), []);
        assert.equal(object, 'list');
        assert.equal(first, data[0]?.id ?? null);
        assert.equal(last, data.at(-1)?.id ?? null);
        return { ids: ids(data), more };
    };
    assert.deepEqual(await read({}), { ids: newest, more: false });
    assert.deepEqual(await read({ order: 'asc' }), { ids: made, more: false });
    assert.deepEqual(await read({ limit: 2 }), { ids: newest.slice(0, 2), more: true });
    assert.deepEqual(await read({ limit: made.length }), { ids: newest, more: false });
    assert.deepEqual(await read({ limit: 2, after: newest[1] }),
        { ids: newest.slice(2, 4), more: made.length > 4 });
    assert.deepEqual(await read({ after: newest.at(-1) }), { ids: [], more: false });
    assert.deepEqual(await read({ order: 'asc', after: made[0] }),
        { ids: made.slice(1), more: false });
    return read;
}

async function checkBefore(read, made) {
    const newest = [...made].reverse();
    assert.deepEqual((await read({ before: newest[2] })).ids, newest.slice(0, 2));
    assert.deepEqual((await read({ order: 'asc', before: made[1] })).ids, [made[0]]);
    // Those nearest to the cursor, still in the requested order.
    assert.deepEqual(await read({ before: newest[3], limit: 2 }),
        { ids: newest.slice(1, 3), more: true });
    assert.deepEqual((await read({ before: newest[0] })).ids, []);
    assert.deepEqual((await read({ after: newest[0], before: newest[3] })).ids,
        newest.slice(1, 3));
}

/** A list call of the SDK whose page shows the reply as it came. */
const raw = call => async query => {
    const page = await call(query);
    return { body: page.body };
};

test('assistants', async t => {
    let assistant;
    await t.test('a bare one has all defaults', async () => {
        assistant = await client.beta.assistants.create({ model: MODEL });
        assert.deepEqual(misfits('AssistantObject', assistant), []);
        assert.deepEqual({ ...assistant, id: 0, created_at: 0 }, {
            id: 0, object: 'assistant', created_at: 0, name: null, description: null,
            model: MODEL, instructions: null, tools: [], tool_resources: {}, metadata: {},
            temperature: 1, top_p: 1, response_format: 'auto', reasoning_effort: null });
    });
    await t.test('it is retrieved as it was created', async () => {
        assert.deepEqual(await client.beta.assistants.retrieve(assistant.id), assistant);
    });
    await t.test('tools are normalised', async () => {
        const made = await client.beta.assistants.create({ model: MODEL, tools: [
            { type: 'code_interpreter' }, { type: 'file_search', file_search: { max_num_results: 7 } },
            { type: 'function', function: { name: 'now' } }] });
        assert.deepEqual(made.tools, [{ type: 'code_interpreter' },
            { type: 'file_search', file_search: { max_num_results: 7, ranking_options: {
                ranker: 'default_2024_08_21', score_threshold: 0, hybrid_search: null } } },
            { type: 'function', function: { name: 'now',
                parameters: { type: 'object', properties: {} }, strict: false } }]);
        assert.deepEqual(made.tool_resources, { code_interpreter: { file_ids: [] } });
        await client.beta.assistants.delete(made.id);
    });
    await t.test('an update changes what it names and leaves the rest', async () => {
        const one = await client.beta.assistants.update(assistant.id, { name: 'Näme 😀',
            metadata: { a: '1', b: '2' }, temperature: 0.1, instructions: 'Be kind.' });
        assert.deepEqual({ ...one }, { ...assistant, name: 'Näme 😀',
            metadata: { a: '1', b: '2' }, temperature: 0.1, instructions: 'Be kind.' });
        const two = await client.beta.assistants.update(assistant.id, { metadata: { c: '3' } });
        assert.deepEqual({ ...two }, { ...one, metadata: { c: '3' } });
        const three = await client.beta.assistants.update(assistant.id,
            { name: null, metadata: null, temperature: null });
        assert.deepEqual({ ...three }, { ...two, name: null, metadata: {}, temperature: 1 });
        assert.deepEqual(await client.beta.assistants.retrieve(assistant.id), three);
    });
    await t.test('the helper makes a vector store', async () => {
        const file = await makeFile();
        const made = await client.beta.assistants.create({ model: MODEL,
            tools: [{ type: 'file_search' }],
            tool_resources: { file_search: { vector_stores: [
                { file_ids: [file.id], metadata: { k: 'v' } }] } } });
        const { vector_store_ids: stores, ...rest } = made.tool_resources.file_search;
        assert.deepEqual(rest, {});
        assert.equal(stores.length, 1);
        const store = await client.vectorStores.retrieve(stores[0]);
        assert.deepEqual(store.metadata, { k: 'v' });
        assert.equal(store.file_counts.total, 1);
        await client.beta.assistants.delete(made.id);
    });
    await t.test('deletion is reported, and final', async () => {
        assert.deepEqual({ ...await client.beta.assistants.delete(assistant.id) },
            { id: assistant.id, object: 'assistant.deleted', deleted: true });
        await assert.rejects(client.beta.assistants.retrieve(assistant.id),
            { status: 404, type: 'invalid_request_error', code: null,
                message: `404 No assistant found with id '${assistant.id}'.` });
        await assert.rejects(client.beta.assistants.delete(assistant.id), OpenAI.NotFoundError);
    });
    await t.test('lists', async () => {
        for await (const one of client.beta.assistants.list())
            await client.beta.assistants.delete(one.id);
        const empty = await client.beta.assistants.list();
        assert.deepEqual({ ...empty.body },
            { object: 'list', data: [], first_id: null, last_id: null, has_more: false });
        const made = [];
        for (let i = 0; i < 5; i++)
            made.push((await client.beta.assistants.create({ model: MODEL, name: `${i}` })).id);
        const list = raw(query => client.beta.assistants.list(query));
        const read = await checkList('ListAssistantsResponse', list, made);
        await checkBefore(read, made);
        const all = [];
        for await (const item of client.beta.assistants.list({ limit: 2, order: 'asc' }))
            all.push(item.id);
        assert.deepEqual(all, made);
        await assert.rejects(client.beta.assistants.list({ after: 'asst_none' }), { status: 404 });
    });
});

test('threads', async t => {
    let thread;
    await t.test('with messages and metadata', async () => {
        thread = await client.beta.threads.create({ metadata: { user: 'é' }, messages: [
            { role: 'user', content: 'one' },
            { role: 'assistant', content: [{ type: 'text', text: 'two' }] }] });
        assert.deepEqual(misfits('ThreadObject', thread), []);
        assert.deepEqual(thread.metadata, { user: 'é' });
        const { data } = await client.beta.threads.messages.list(thread.id, { order: 'asc' });
        assert.deepEqual(data.map(m => [m.role, m.content[0].text.value]),
            [['user', 'one'], ['assistant', 'two']]);
    });
    await t.test('a body may be missing altogether', async () => {
        const reply = await request(server, 'POST', '/v1/threads');
        assert.equal(reply.status, 200, reply.text);
        assert.deepEqual(reply.json.metadata, {});
    });
    await t.test('update', async () => {
        const changed = await client.beta.threads.update(thread.id, { metadata: { a: 'b' } });
        assert.deepEqual({ ...changed }, { ...thread, metadata: { a: 'b' } });
        const same = await client.beta.threads.update(thread.id, {});
        assert.deepEqual(same, changed);
        const none = await client.beta.threads.update(thread.id, { metadata: null });
        assert.deepEqual(none.metadata, {});
        assert.deepEqual(await client.beta.threads.retrieve(thread.id), none);
    });
    await t.test('tool resources may be changed', async () => {
        const store = await client.vectorStores.create({});
        const changed = await client.beta.threads.update(thread.id,
            { tool_resources: { file_search: { vector_store_ids: [store.id] } } });
        assert.deepEqual(changed.tool_resources,
            { file_search: { vector_store_ids: [store.id] } });
    });
    await t.test('delete', async () => {
        assert.deepEqual({ ...await client.beta.threads.delete(thread.id) },
            { id: thread.id, object: 'thread.deleted', deleted: true });
        await assert.rejects(client.beta.threads.retrieve(thread.id),
            { status: 404, message: `404 No thread found with id '${thread.id}'.` });
        await assert.rejects(client.beta.threads.messages.list(thread.id), { status: 404 });
    });
});

test('messages', async t => {
    const thread = await client.beta.threads.create();
    await t.test('an empty list has null for ids', async () => {
        const page = await client.beta.threads.messages.list(thread.id);
        assert.deepEqual({ ...page.body },
            { object: 'list', data: [], first_id: null, last_id: null, has_more: false });
    });
    await t.test('lists keep the order within a second', async () => {
        const made = [];
        for (let i = 0; i < 7; i++)
            made.push((await client.beta.threads.messages.create(thread.id,
                { role: i % 2 ? 'assistant' : 'user', content: `message ${i}` })).id);
        const list = raw(query => client.beta.threads.messages.list(thread.id, query));
        const read = await checkList('ListMessagesResponse', list, made);
        await checkBefore(read, made);
        const all = [];
        for await (const item of client.beta.threads.messages.list(thread.id, { limit: 3 }))
            all.push(item.id);
        assert.deepEqual(all, [...made].reverse());
    });
    await t.test('text of any kind comes back as it was', async () => {
        const text = 'line\n"quoted" \\ \t é 漢字 😀 \u0001 \u2028 \u007f';
        const made = await client.beta.threads.messages.create(thread.id,
            { role: 'user', content: text });
        assert.equal(made.content[0].text.value, text);
        const read = await client.beta.threads.messages.retrieve(made.id,
            { thread_id: thread.id });
        assert.deepEqual(read, made);
    });
    await t.test('several parts', async () => {
        const file = await client.files.create({ file: upload('p.png', 'x'), purpose: 'vision' });
        const made = await client.beta.threads.messages.create(thread.id, { role: 'user',
            content: [{ type: 'text', text: 'What is this?' },
                { type: 'image_file', image_file: { file_id: file.id } },
                { type: 'image_url', image_url: { url: 'https://example.org/a.png',
                    detail: 'low' } }] });
        assert.deepEqual(misfits('MessageObject', made), []);
        assert.deepEqual(made.content, [
            { type: 'text', text: { value: 'What is this?', annotations: [] } },
            { type: 'image_file', image_file: { file_id: file.id, detail: 'auto' } },
            { type: 'image_url', image_url: { url: 'https://example.org/a.png',
                detail: 'low' } }]);
    });
    await t.test('metadata alone can be changed', async () => {
        const made = await client.beta.threads.messages.create(thread.id,
            { role: 'user', content: 'x', metadata: { a: '1' } });
        const changed = await client.beta.threads.messages.update(made.id,
            { thread_id: thread.id, metadata: { b: '2' } });
        assert.deepEqual({ ...changed }, { ...made, metadata: { b: '2' } });
    });
    await t.test('a message belongs to its thread alone', async () => {
        const other = await client.beta.threads.create();
        const made = await client.beta.threads.messages.create(thread.id,
            { role: 'user', content: 'x' });
        await assert.rejects(client.beta.threads.messages.retrieve(made.id,
            { thread_id: other.id }),
        { status: 404, message: `404 No message found with id '${made.id}'.` });
    });
    await t.test('delete', async () => {
        const made = await client.beta.threads.messages.create(thread.id,
            { role: 'user', content: 'x' });
        assert.deepEqual({ ...await client.beta.threads.messages.delete(made.id,
            { thread_id: thread.id }) },
        { id: made.id, object: 'thread.message.deleted', deleted: true });
        await assert.rejects(client.beta.threads.messages.retrieve(made.id,
            { thread_id: thread.id }), { status: 404 });
    });
});

test('runs', async t => {
    const assistant = await client.beta.assistants.create({ model: MODEL, instructions: 'x' });
    const thread = await client.beta.threads.create({ messages: [
        { role: 'user', content: 'Hello.' }] });
    const made = [];
    await t.test('one after another on a thread', async () => {
        for (let i = 0; i < 5; i++) {
            const run = await client.beta.threads.runs.createAndPoll(thread.id,
                { assistant_id: assistant.id, additional_messages: [
                    { role: 'user', content: `again ${i}` }] }, { pollIntervalMs: 10 });
            assert.equal(run.status, 'completed');
            assert.deepEqual(misfits('RunObject', run), []);
            made.push(run.id);
        }
    });
    await t.test('lists', async () => {
        const list = raw(query => client.beta.threads.runs.list(thread.id, query));
        const read = await checkList('ListRunsResponse', list, made);
        await checkBefore(read, made);
    });
    await t.test('values of the run take the place of the assistant’s', async () => {
        const run = await client.beta.threads.runs.createAndPoll(thread.id, {
            assistant_id: assistant.id, instructions: 'y', temperature: 0.5, top_p: 0.25,
            tools: [{ type: 'file_search' }], max_prompt_tokens: 100000,
            max_completion_tokens: 2000, parallel_tool_calls: false,
            truncation_strategy: { type: 'last_messages', last_messages: 2 },
            tool_choice: 'none', response_format: { type: 'text' } }, { pollIntervalMs: 10 });
        assert.equal(run.status, 'completed');
        assert.deepEqual(misfits('RunObject', run), []);
        assert.equal(run.instructions, 'y');
        assert.equal(run.temperature, 0.5);
        assert.equal(run.top_p, 0.25);
        assert.equal(run.tools[0].type, 'file_search');
        assert.equal(run.max_prompt_tokens, 100000);
        assert.equal(run.max_completion_tokens, 2000);
        assert.equal(run.parallel_tool_calls, false);
        assert.deepEqual(run.truncation_strategy, { type: 'last_messages', last_messages: 2 });
        assert.equal(run.tool_choice, 'none');
        assert.deepEqual(run.response_format, { type: 'text' });
    });
    await t.test('a model of any name is answered by the one there is, and echoed', async () => {
        const run = await client.beta.threads.runs.createAndPoll(thread.id,
            { assistant_id: assistant.id, model: 'gpt-4o' }, { pollIntervalMs: 10 });
        assert.equal(run.status, 'completed');
        assert.equal(run.model, 'gpt-4o');
    });
    await t.test('metadata alone can be changed', async () => {
        const changed = await client.beta.threads.runs.update(made[0],
            { thread_id: thread.id, metadata: { seen: 'yes' } });
        assert.deepEqual(changed.metadata, { seen: 'yes' });
    });
    await t.test('the runs of all threads', async () => {
        const all = await request(server, 'GET', '/v1/runs?limit=3');
        assert.equal(all.status, 200, all.text);
        assert.equal(all.json.data.length, 3);
        assert.equal(all.json.has_more, true);
        const done = await request(server, 'GET', '/v1/runs?status=failed');
        assert.deepEqual(done.json.data, []);
        const one = await request(server, 'GET', `/v1/runs/${made[1]}`);
        assert.equal(one.json.id, made[1]);
        assert.equal(one.json.thread_id, thread.id);
    });
    await t.test('an assistant that is gone leaves its runs', async () => {
        await client.beta.assistants.delete(assistant.id);
        const run = await client.beta.threads.runs.retrieve(made[0], { thread_id: thread.id });
        assert.equal(run.assistant_id, assistant.id);
        await assert.rejects(client.beta.threads.runs.create(thread.id,
            { assistant_id: assistant.id }),
        { status: 404, message: `404 No assistant found with id '${assistant.id}'.` });
    });
});

test('files', async t => {
    await t.test('bytes of any kind come back', async () => {
        const bytes = Buffer.from(Array.from({ length: 70000 }, (_, i) => (i * 7919) % 256));
        const file = await client.files.create({ file: upload('Übung "1".bin', bytes),
            purpose: 'user_data' });
        assert.deepEqual(misfits('OpenAIFile', file), []);
        assert.equal(file.bytes, 70000);
        assert.equal(file.filename, 'Übung "1".bin');
        const reply = await client.files.content(file.id);
        assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
        assert.ok(Buffer.from(await reply.arrayBuffer()).equals(bytes));
        await client.files.delete(file.id);
        await assert.rejects(client.files.content(file.id), { status: 404, param: 'id',
            message: `404 No such File object: ${file.id}` });
    });
    await t.test('parts of a content', async () => {
        const bytes = Buffer.from('0123456789');
        const file = await client.files.create({ file: upload('a.bin', bytes),
            purpose: 'user_data' });
        const get = (range, more = {}, method = 'GET') => fetch(
            `${server.url}/v1/files/${file.id}/content`,
            { method, headers: { Range: range, Authorization: 'Bearer x', ...more } });
        const whole = await get('bytes=2-4,6-7');
        assert.equal(whole.status, 200);
        assert.equal(await whole.text(), '0123456789');
        assert.equal(whole.headers.get('accept-ranges'), 'bytes');
        const tag = whole.headers.get('etag');
        assert.match(tag, /^"[0-9a-f]{64}"$/);
        for (const [range, text, place] of [['bytes=2-4', '234', '2-4'], ['bytes=7-', '789', '7-9'],
            ['bytes=-3', '789', '7-9'], ['bytes=-99', '0123456789', '0-9'],
            ['bytes=8-99999999999999', '89', '8-9']]) {
            const reply = await get(range, { 'If-Range': tag });
            assert.equal(reply.status, 206, range);
            assert.equal(reply.headers.get('content-range'), `bytes ${place}/10`);
            assert.equal(await reply.text(), text);
        }
        for (const range of ['bytes=10-', 'bytes=-0', 'bytes=99-100']) {
            const reply = await get(range);
            assert.equal(reply.status, 416, range);
            assert.equal(reply.headers.get('content-range'), 'bytes */10');
            assert.equal((await reply.json()).error.code, 'range_not_satisfiable');
        }
        for (const range of ['bytes=4-2', 'bytes=x-1', 'lines=1-2', 'bytes=1', 'bytes=-',
            'bytes=99999999999999999999-'])
            assert.equal((await get(range)).status, 200, range);
        assert.equal((await get('bytes=2-4', { 'If-Range': '"other"' })).status, 200);
        await client.files.delete(file.id);
    });
    await t.test('a file may expire', async () => {
        const file = await client.files.create({ file: upload('a.txt', 'x'),
            purpose: 'user_data', expires_after: { anchor: 'created_at', seconds: 3600 } });
        assert.equal(file.expires_at, file.created_at + 3600);
        await client.files.delete(file.id);
    });
    await t.test('a file that is gone is in no list of the code interpreter', async () => {
        const [gone, kept] = [await makeFile('gone.txt'), await makeFile('kept.txt')];
        const both = { code_interpreter: { file_ids: [gone.id, kept.id] } };
        const tools = [{ type: 'code_interpreter' }];
        const attachments = [{ file_id: gone.id, tools }];
        const message = { role: 'user', content: 'See there.', attachments };
        const { assistants, threads } = client.beta;
        const made = {
            assistant: await assistants.create({ model: MODEL, tools, tool_resources: both }),
            updated: await assistants.create({ model: MODEL, name: 'b', tools }),
            moved: await assistants.create({ model: MODEL, tools, tool_resources: both }),
            dead: await assistants.create({ model: MODEL, tools, tool_resources: both }),
            thread: await threads.create({ tool_resources: both, metadata: { k: 'v' } }),
            attached: await threads.create({ messages: [message] }),
            later: await threads.create(),
            ended: await threads.create({ tool_resources: both }),
        };
        await assistants.update(made.updated.id, { tool_resources: both });
        await assistants.update(made.moved.id,
            { tool_resources: { code_interpreter: { file_ids: [kept.id] } } });
        await assistants.delete(made.dead.id);
        await threads.messages.create(made.later.id, message);
        await threads.delete(made.ended.id);
        const files = async () => ({
            assistant: await assistants.retrieve(made.assistant.id),
            updated: await assistants.retrieve(made.updated.id),
            moved: await assistants.retrieve(made.moved.id),
            thread: await threads.retrieve(made.thread.id),
            attached: await threads.retrieve(made.attached.id),
            later: await threads.retrieve(made.later.id),
        });
        const lists = objects => Object.fromEntries(Object.entries(objects).map(
            ([name, object]) => [name, object.tool_resources.code_interpreter.file_ids]));
        const before = await files();
        assert.deepEqual(lists(before), { assistant: [gone.id, kept.id],
            updated: [gone.id, kept.id], moved: [kept.id], thread: [gone.id, kept.id],
            attached: [gone.id], later: [gone.id] });
        await client.files.delete(gone.id);
        const now = await files();
        assert.deepEqual(lists(now), { assistant: [kept.id], updated: [kept.id], moved: [kept.id],
            thread: [kept.id], attached: [], later: [] });
        for (const [name, object] of Object.entries(now))
            assert.deepEqual({ ...object, tool_resources: 0 }, { ...before[name], tool_resources: 0 });
        await client.files.delete(kept.id);
        assert.deepEqual(new Set(Object.values(lists(await files())).flat()), new Set());
        for (const name of ['assistant', 'updated', 'moved'])
            await assistants.delete(made[name].id);
    });
    await t.test('lists, by purpose too', async () => {
        for await (const file of client.files.list()) await client.files.delete(file.id);
        const empty = await client.files.list();
        assert.deepEqual({ ...empty.body },
            { object: 'list', data: [], first_id: null, last_id: null, has_more: false });
        const made = [];
        for (let i = 0; i < 5; i++) made.push((await makeFile(`${i}.txt`)).id);
        await checkList('ListFilesResponse', raw(query => client.files.list(query)), made);
        const seen = await client.files.create({ file: upload('v.png', 'x'),
            purpose: 'vision' });
        assert.deepEqual(ids((await client.files.list({ purpose: 'vision' })).data), [seen.id]);
        const all = [];
        for await (const file of client.files.list({ limit: 4, order: 'asc' })) all.push(file.id);
        assert.deepEqual(all, [...made, seen.id]);
    });
});

test('vector stores', async t => {
    let store, file;
    await t.test('an empty one is complete', async () => {
        store = await client.vectorStores.create({ name: 'shelf', metadata: { a: 'b' },
            expires_after: { anchor: 'last_active_at', days: 3 } });
        assert.deepEqual(misfits('VectorStoreObject', store), []);
        assert.equal(store.expires_at, store.last_active_at + 3 * 86400);
        assert.deepEqual({ ...store, id: 0, created_at: 0, last_active_at: 0, expires_at: 0 }, {
            id: 0, object: 'vector_store', created_at: 0, name: 'shelf', description: null,
            usage_bytes: 0, file_counts: { in_progress: 0, completed: 0, failed: 0, cancelled: 0,
                total: 0 }, status: 'completed', expires_after: { anchor: 'last_active_at',
                days: 3 }, expires_at: 0, last_active_at: 0, metadata: { a: 'b' } });
    });
    await t.test('update', async () => {
        const changed = await client.vectorStores.update(store.id,
            { name: 'board', expires_after: null });
        assert.equal(changed.name, 'board');
        assert.equal(changed.expires_after, null);
        assert.equal(changed.expires_at, null);
        assert.deepEqual(changed.metadata, { a: 'b' });
    });
    await t.test('upload and poll', async () => {
        const attached = await client.vectorStores.files.uploadAndPoll(store.id,
            upload('loom.pdf', loomManual()), { pollIntervalMs: 20 });
        assert.deepEqual(misfits('VectorStoreFileObject', attached), []);
        assert.equal(attached.status, 'completed', JSON.stringify(attached.last_error));
        file = attached.id;
    });
    await t.test('attributes and chunking are kept', async () => {
        const other = await makeFile('b.txt', 'Other words.');
        const attached = await client.vectorStores.files.createAndPoll(store.id, {
            file_id: other.id, attributes: { year: 2024, draft: false, title: 'é' },
            chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: 200,
                chunk_overlap_tokens: 50 } } }, { pollIntervalMs: 20 });
        assert.equal(attached.status, 'completed', JSON.stringify(attached.last_error));
        assert.deepEqual(attached.attributes, { year: 2024, draft: false, title: 'é' });
        assert.deepEqual(attached.chunking_strategy, { type: 'static',
            static: { max_chunk_size_tokens: 200, chunk_overlap_tokens: 50 } });
        const { data } = await client.vectorStores.files.list(store.id);
        assert.deepEqual(ids(data), [other.id, file]);
    });
    await t.test('attaching twice changes nothing', async () => {
        await client.vectorStores.files.createAndPoll(store.id, { file_id: file },
            { pollIntervalMs: 20 });
        assert.equal((await client.vectorStores.retrieve(store.id)).file_counts.total, 2);
    });
    await t.test('files by status', async () => {
        const done = await client.vectorStores.files.list(store.id, { filter: 'completed' });
        assert.equal(done.data.length, 2);
        const failed = await client.vectorStores.files.list(store.id, { filter: 'failed' });
        assert.deepEqual(failed.data, []);
    });
    await t.test('taking a file out keeps the file', async () => {
        assert.deepEqual({ ...await client.vectorStores.files.delete(file,
            { vector_store_id: store.id }) },
        { id: file, object: 'vector_store.file.deleted', deleted: true });
        assert.equal((await client.files.retrieve(file)).id, file);
        assert.equal((await client.vectorStores.retrieve(store.id)).file_counts.total, 1);
        await assert.rejects(client.vectorStores.files.retrieve(file,
            { vector_store_id: store.id }), { status: 404 });
    });
    await t.test('delete', async () => {
        assert.deepEqual({ ...await client.vectorStores.delete(store.id) },
            { id: store.id, object: 'vector_store.deleted', deleted: true });
        await assert.rejects(client.vectorStores.retrieve(store.id), { status: 404 });
        await assert.rejects(client.vectorStores.files.list(store.id), { status: 404 });
    });
    await t.test('lists', async () => {
        for await (const one of client.vectorStores.list())
            await client.vectorStores.delete(one.id);
        const made = [];
        for (let i = 0; i < 5; i++)
            made.push((await client.vectorStores.create({ name: `${i}` })).id);
        const read = await checkList('ListVectorStoresResponse',
            raw(query => client.vectorStores.list(query)), made);
        await checkBefore(read, made);
    });
});
