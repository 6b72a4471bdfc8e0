// Runs under way (cancelling, outputs, the lock that they hold), and what Treadle has of its own
// about threads: the list of all, and what each has used.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { misfits } from './contract.mjs';
import { assertError, launch, post, request, serve, until, upload } from './harness.mjs';
import { modelServer, script } from './model_server.mjs';

let server, client, home, assistant;

before(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'treadle-api-'));
    server = await launch({ store: path.join(home, 'store'),
        arguments: ['--runs-per-project', '4'] });
    client = server.client;
    assistant = await client.beta.assistants.create({ model: 'treadle-extractive',
        instructions: 'Answer.', tools: [{ type: 'file_search' }] });
});
after(async () => {
    try {
        await server?.stop();
    } finally {
        fs.rmSync(home, { recursive: true, force: true });
    }
});

const get = target => request(server, 'GET', `/v1${target}`);
const longText = Array.from({ length: 60000 },
    (_, i) => `Sentence ${i} of this long text says that thread ${i * 7} is blue.`).join('\n');
let longFiles;
/** A thread whose vector store takes a while to be read, so that runs on it wait. */
async function slowThread(t) {
    longFiles ??= await Promise.all(Array.from({ length: 6 }, (_, i) => client.files.create({
        file: upload(`long${i}.txt`, longText), purpose: 'assistants' })));
    const thread = await client.beta.threads.create({ messages: [{ role: 'user',
        content: 'Which thread is blue?', attachments: longFiles.map(file => ({ file_id: file.id,
            tools: [{ type: 'file_search' }] })) }] });
    t.after(async () => {
        await client.vectorStores.delete(thread.tool_resources.file_search.vector_store_ids[0]);
    });
    return thread;
}
const start = thread => client.beta.threads.runs.create(thread.id,
    { assistant_id: assistant.id });
const read = run => client.beta.threads.runs.retrieve(run.id, { thread_id: run.thread_id });
const cancel = run => client.beta.threads.runs.cancel(run.id, { thread_id: run.thread_id });
const inStatus = (run, status) => until(`the run is ${status}`,
    async () => (await read(run)).status === status && read(run));

test('a run in progress is cancelled', async t => {
    const thread = await slowThread(t);
    const run = await start(thread);
    await inStatus(run, 'in_progress');
    const reply = await cancel(run);
    assert.deepEqual(misfits('RunObject', reply), []);
    assert.equal(reply.status, 'cancelling');
    assert.equal(reply.cancelled_at, null);
    assert.equal(reply.expires_at, run.expires_at);
    const ended = await inStatus(run, 'cancelled');
    assert.deepEqual(misfits('RunObject', ended), []);
    assert.ok(ended.cancelled_at >= ended.started_at);
    assert.deepEqual([ended.expires_at, ended.failed_at, ended.completed_at, ended.last_error],
        [null, null, null, null]);
    assert.equal(ended.usage.total_tokens, 0);
    await assert.rejects(cancel(run),
        { status: 400, message: "400 Cannot cancel run with status 'cancelled'." });
    // The thread is free, and nothing comes of the run any more.
    await client.beta.threads.messages.create(thread.id, { role: 'user', content: 'More.' });
    await until('the worker has stopped', () => new RegExp(`run=${run.id} status=ended`)
        .test(server.log));
    const messages = await client.beta.threads.messages.list(thread.id);
    assert.equal(messages.data.length, 2);
    assert.equal((await read(run)).status, 'cancelled');
});

test('a model that sends no more is waited for no longer', async t => {
    const model = await modelServer(t);
    const own = await serve(t, { arguments: ['--model-url', model.url] });
    const threads = own.client.beta.threads;
    const silent = await own.client.beta.assistants.create({ model: 'scripted-1' });
    let asked = 0;
    const begin = async () => {
        const run = await threads.createAndRun({ assistant_id: silent.id, thread: { messages: [
            { role: 'user', content: script({ chunks: [], hang: true }) }] } });
        await until('the model is asked', () => model.chats().length > asked);
        asked = model.chats().length;
        return run;
    };
    const ended = run => until('the worker has stopped', () =>
        new RegExp(`run=${run.id} status=ended`).test(own.log), 5000);
    const first = await begin();
    await threads.runs.cancel(first.id, { thread_id: first.thread_id });
    await ended(first);
    // Deleting the thread ends its run as well.
    const second = await begin();
    await threads.delete(second.thread_id);
    await ended(second);
});

test('queued runs are cancelled, and the others continue', async t => {
    const threads = [];
    for (let i = 0; i < 6; i++) threads.push(await slowThread(t));
    const runs = [];
    for (const thread of threads) runs.push(await start(thread));
    const last = runs.at(-1);
    await inStatus(runs[3], 'in_progress');
    assert.equal((await read(last)).status, 'queued');
    const reply = await cancel(last);
    assert.equal(reply.status, 'cancelling');
    const ended = await inStatus(last, 'cancelled');
    assert.equal(ended.started_at, null);
    await Promise.all(runs.slice(0, -1).map(cancel));
    for (const run of runs) assert.equal((await inStatus(run, 'cancelled')).usage.total_tokens, 0);
    const quick = await client.beta.threads.createAndRunPoll({ assistant_id: assistant.id,
        thread: { messages: [{ role: 'user', content: 'Hello' }] } });
    assert.equal(quick.status, 'completed');
    await assert.rejects(cancel(quick),
        { status: 400, message: "400 Cannot cancel run with status 'completed'." });
});

test('while a run is active its thread is locked', async t => {
    const thread = await slowThread(t);
    const [message] = (await client.beta.threads.messages.list(thread.id)).data;
    const run = await start(thread);
    const messages = `/v1/threads/${thread.id}/messages`;
    assertError(await post(server, messages, { role: 'user', content: 'x' }), 400,
        { message: `Can't add messages to ${thread.id} while a run ${run.id} is active.` });
    assertError(await request(server, 'DELETE', `${messages}/${message.id}`), 400, { message:
        `Can't delete messages of ${thread.id} while a run ${run.id} is active.` });
    // The lock is looked at before what comes with the request.
    assertError(await post(server, `/v1/threads/${thread.id}/runs`, { assistant_id: assistant.id,
        additional_messages: [{ role: 'user', content: 'x', attachments: [
            { file_id: 'file-none', tools: [{ type: 'file_search' }] }] }] }), 400,
    { message: `Thread ${thread.id} already has an active run ${run.id}.` });
    const changed = await client.beta.threads.update(thread.id, { metadata: { a: 'b' } });
    assert.deepEqual({ ...changed.metadata }, { a: 'b' });
    await client.beta.threads.messages.update(message.id,
        { thread_id: thread.id, metadata: { c: 'd' } });
    const outputs = `/v1/threads/${thread.id}/runs/${run.id}/submit_tool_outputs`;
    const { status } = await read(run);
    assertError(await post(server, outputs,
        { tool_outputs: [{ tool_call_id: 'call_a', output: 'x' }] }), 400,
    { message: `Runs in status "${status}" do not accept tool outputs.` });
    await cancel(run);
});

test('outputs are refused where none is due', async t => {
    const run = await client.beta.threads.createAndRunPoll({ assistant_id: assistant.id,
        thread: { messages: [{ role: 'user', content: 'Hello' }] } });
    await assert.rejects(client.beta.threads.runs.submitToolOutputs(run.id,
        { thread_id: run.thread_id, tool_outputs: [{ tool_call_id: 'call_a', output: 'x' }] }),
    { status: 400, message: '400 Runs in status "completed" do not accept tool outputs.' });
    const target = `/v1/threads/${run.thread_id}/runs/${run.id}/submit_tool_outputs`;
    const rows = [
        ['no outputs', {}, { param: 'tool_outputs', code: 'missing_required_parameter' }],
        ['an output without a call', { tool_outputs: [{ output: 'x' }] },
            { param: 'tool_outputs[0].tool_call_id' }],
        ['a number', { tool_outputs: [{ tool_call_id: 'call_a', output: 5 }] },
            { param: 'tool_outputs[0].output', code: 'invalid_type' }],
        ['an unknown key', { tool_outputs: [], more: 1 }, { code: 'unknown_parameter' }],
    ];
    for (const [name, body, error] of rows)
        await t.test(name, async () => assertError(await post(server, target, body), 400, error));
    for (const verb of ['cancel', 'submit_tool_outputs']) {
        const body = { tool_outputs: [] };
        assertError(await post(server, `/v1/threads/thread_none/runs/${run.id}/${verb}`, body), 404,
            { message: "No thread found with id 'thread_none'." });
        assertError(await post(server, `/v1/threads/${run.thread_id}/runs/run_none/${verb}`, body),
            404, { message: "No run found with id 'run_none'." });
    }
});

test('last_messages needs its number', async () => {
    const thread = await client.beta.threads.create({ messages: [
        { role: 'user', content: 'Hello' }] });
    const body = strategy => ({ assistant_id: assistant.id, truncation_strategy: strategy });
    assertError(await post(server, `/v1/threads/${thread.id}/runs`, body({ type: 'last_messages' })),
        400, { param: 'truncation_strategy.last_messages' });
    assertError(await post(server, `/v1/threads/${thread.id}/runs`,
        body({ type: 'last_messages', last_messages: 0 })), 400,
    { param: 'truncation_strategy.last_messages' });
    const run = await client.beta.threads.runs.createAndPoll(thread.id,
        body({ type: 'last_messages', last_messages: 1 }));
    assert.equal(run.status, 'completed');
});

test('all threads are listed, and found by their metadata', async () => {
    const made = [];
    for (let i = 0; i < 6; i++)
        made.push((await client.beta.threads.create({ metadata: { user: `u${i % 2}`,
            number: `${i}`, 'odd [key]': 'a=b&c' } })).id);
    const ids = async query => {
        const reply = await get(`/threads?${new URLSearchParams(query)}`);
        assert.equal(reply.status, 200, reply.text);
        const { data, object, first_id: first, last_id: last } = reply.json;
        assert.equal(object, 'list');
        assert.equal(first, data[0]?.id ?? null);
        assert.equal(last, data.at(-1)?.id ?? null);
        data.forEach(thread => assert.deepEqual(misfits('ThreadObject', thread), []));
        return data.map(thread => thread.id);
    };
    assert.deepEqual(await ids({ limit: 6 }), [...made].reverse());
    const mine = [made[5], made[3], made[1]];
    assert.deepEqual(await ids({ 'metadata[user]': 'u1' }), mine);
    assert.deepEqual(await ids({ 'metadata[user]': 'u1', order: 'asc' }), [...mine].reverse());
    assert.deepEqual(await ids({ 'metadata[user]': 'u1', limit: 1, after: mine[0] }), [mine[1]]);
    assert.deepEqual(await ids({ 'metadata[user]': 'u1', before: mine[2], limit: 1 }), [mine[1]]);
    assert.deepEqual(await ids({ 'metadata[user]': 'u1', 'metadata[number]': '3' }), [made[3]]);
    assert.deepEqual(await ids({ 'metadata[odd [key]]': 'a=b&c', 'metadata[user]': 'u0',
        'metadata[number]': '2' }), [made[2]]);
    assert.deepEqual(await ids({ 'metadata[user]': 'u2' }), []);
    assert.deepEqual(await ids({ 'metadata[user]': "u1' OR 1=1 --" }), []);
    // A cursor that is not among the requested ones is unknown.
    assertError(await get(`/threads?metadata[user]=u1&after=${made[0]}`), 404);
    assertError(await get('/threads?metadata[a]=1&metadata[b]=1&metadata[c]=1&metadata[d]=1'
        + '&metadata[e]=1'), 400, { param: 'metadata' });
    assertError(await get('/threads?limit=0'), 400, { param: 'limit' });
    // The index follows every change.
    await client.beta.threads.update(made[3], { metadata: { user: 'u9' } });
    await client.beta.threads.delete(made[1]);
    assert.deepEqual(await ids({ 'metadata[user]': 'u1' }), [made[5]]);
    assert.deepEqual(await ids({ 'metadata[user]': 'u9' }), [made[3]]);
    await client.beta.threads.update(made[3], { metadata: null });
    assert.deepEqual(await ids({ 'metadata[user]': 'u9' }), []);
});

test('what a thread has used', async () => {
    const thread = await client.beta.threads.create({ messages: [
        { role: 'user', content: 'Hello' }] });
    const expected = { object: 'thread.usage', thread_id: thread.id, run_count: 0,
        prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    assert.deepEqual((await get(`/threads/${thread.id}/usage`)).json, expected);
    for (let i = 0; i < 3; i++) {
        const { usage } = await client.beta.threads.runs.createAndPoll(thread.id,
            { assistant_id: assistant.id });
        expected.run_count++;
        for (const kind of ['prompt_tokens', 'completion_tokens', 'total_tokens'])
            expected[kind] += usage[kind];
    }
    assert.ok(expected.total_tokens > 0);
    assert.deepEqual((await get(`/threads/${thread.id}/usage`)).json, expected);
    assertError(await get('/threads/thread_none/usage'), 404,
        { message: "No thread found with id 'thread_none'." });
});
