// A server that is killed in the middle of its work: what was acknowledged must be there after the
// next start, no run may be active for ever, and no thread may stay locked.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { directory, launch, sleep, until, upload, within } from './harness.mjs';
import { loomManual } from './pdf.mjs';

const MODEL = 'treadle-extractive';
const ACTIVE = ['queued', 'in_progress', 'cancelling', 'requires_action'];
const ROUNDS = 4;

/** Adds messages to a thread until the server is gone; gives what was acknowledged. */
async function write(client, thread, acknowledged) {
    for (let i = 0; ; i++) {
        try {
            const made = await client.beta.threads.messages.create(thread,
                { role: 'user', content: `message ${i}` });
            acknowledged.push([made.id, made.content[0].text.value]);
        } catch {
            return;
        }
    }
}

/** Runs an assistant on threads of its own until the server is gone. */
async function work(client, assistant, threads, runs) {
    for (;;) {
        try {
            const thread = await client.beta.threads.create({ messages: [
                { role: 'user', content: 'How often is the cord replaced?' }] });
            threads.push(thread.id);
            const run = await client.beta.threads.runs.create(thread.id,
                { assistant_id: assistant });
            runs.push({ id: run.id, thread: thread.id });
            await sleep(3);
        } catch {
            return;
        }
    }
}

/** Uploads files and has them read until the server is gone. */
async function feed(client, files) {
    for (let i = 0; ; i++) {
        try {
            const file = await client.files.create({ file: upload(`${i}.pdf`, loomManual()),
                purpose: 'assistants' });
            files.push(file);
            await client.vectorStores.create({ file_ids: [file.id] });
        } catch {
            return;
        }
    }
}

async function check(client, made) {
    for (const [thread, acknowledged] of made.messages) {
        const found = new Map();
        for await (const item of client.beta.threads.messages.list(thread, { limit: 100 }))
            found.set(item.id, item.content[0].text.value);
        for (const [id, text] of acknowledged) assert.equal(found.get(id), text, id);
    }
    for (const thread of made.threads)
        assert.equal((await client.beta.threads.retrieve(thread)).id, thread);
    for (const { id, thread } of made.runs) {
        const run = await client.beta.threads.runs.retrieve(id, { thread_id: thread });
        assert.equal(run.id, id);
    }
    for (const file of made.files) {
        const reply = await client.files.content(file.id);
        assert.equal((await reply.arrayBuffer()).byteLength, file.bytes);
    }
}

test('a server that is killed repeatedly', async t => {
    const store = path.join(directory(t), 'store');
    const made = { messages: [], threads: [], runs: [], files: [] };
    let assistant;
    let last;
    t.after(() => last && !last.stopped && last.kill());
    for (let round = 0; round < ROUNDS; round++) {
        await t.test(`round ${round + 1}: nothing acknowledged is lost`, async () => {
            const server = last = await launch({ store });
            const { client } = server;
            if (!assistant) {
                const file = await client.vectorStores.create({ name: 'shelf' });
                await client.vectorStores.files.uploadAndPoll(file.id,
                    upload('loom.pdf', loomManual()), { pollIntervalMs: 20 });
                assistant = (await client.beta.assistants.create({ model: MODEL,
                    tools: [{ type: 'file_search' }],
                    tool_resources: { file_search: { vector_store_ids: [file.id] } } })).id;
            }
            await check(client, made);
            const writers = [];
            for (let i = 0; i < 4; i++) {
                const thread = await client.beta.threads.create();
                const acknowledged = [];
                made.messages.push([thread.id, acknowledged]);
                writers.push(write(client, thread.id, acknowledged));
            }
            writers.push(work(client, assistant, made.threads, made.runs));
            writers.push(feed(client, made.files));
            await sleep(300 + 250 * round);
            await server.kill();
            await within(30000, 'all clients notice', Promise.all(writers));
            for (const [, acknowledged] of made.messages.slice(-4))
                assert.ok(acknowledged.length > 0);
        });
    }

    const server = last = await launch({ store });
    const { client } = server;
    await t.test('everything is there at the end', () => check(client, made));

    await t.test('no run is active and none is half ended', async () => {
        assert.ok(made.runs.length > 0);
        for (const { id, thread } of made.runs) {
            const run = await within(30000, 'a run that was resumed ends',
                client.beta.threads.runs.poll(id, { thread_id: thread }, { pollIntervalMs: 20 }));
            assert.ok(!ACTIVE.includes(run.status), run.status);
            assert.equal(run.expires_at, null);
            assert.equal(run.status === 'completed', run.completed_at !== null);
            assert.equal(run.status === 'failed', run.failed_at !== null);
            if (run.status === 'failed') assert.equal(run.last_error.code, 'server_error');
            const steps = await client.beta.threads.runs.steps.list(id, { thread_id: thread });
            for (const step of steps.data) {
                assert.notEqual(step.status, 'in_progress');
                assert.equal(step.failed_at !== null, step.status === 'failed');
            }
            const messages = await client.beta.threads.messages.list(thread);
            for (const message of messages.data)
                assert.notEqual(message.status, 'in_progress');
        }
    });

    await t.test('no thread is locked', async () => {
        for (const thread of made.threads) {
            await client.beta.threads.messages.create(thread, { role: 'user', content: 'again' });
            const run = await client.beta.threads.runs.createAndPoll(thread,
                { assistant_id: assistant }, { pollIntervalMs: 10 });
            assert.equal(run.status, 'completed', JSON.stringify(run.last_error));
        }
    });

    await t.test('files that were being read are read or failed', async () => {
        for await (const one of client.vectorStores.list({ limit: 100 }))
            for await (const file of client.vectorStores.files.list(one.id)) {
                const ended = await within(60000, 'a file ends',
                    client.vectorStores.files.poll(one.id, file.id, { pollIntervalMs: 20 }));
                assert.equal(ended.status, 'completed', JSON.stringify(ended.last_error));
            }
    });

    await t.test('the server stops in order', () => server.stop());

    await t.test('a later start clears away files that nobody knows', async () => {
        // What is younger than the start may belong to an upload under way, so it is left alone.
        await sleep(1100);
        const again = last = await launch({ store });
        const known = new Set();
        for await (const file of again.client.files.list()) known.add(file.id);
        const unknown = () => fs.readdirSync(path.join(store, 'files'), { recursive: true })
            .map(name => path.basename(String(name)))
            .filter(name => name.startsWith('file-') && !known.has(name));
        await until('no unknown file is left', () => unknown().length === 0, 10000);
        const stored = new Set(fs.readdirSync(path.join(store, 'files'), { recursive: true })
            .map(name => path.basename(String(name))));
        for (const id of known) assert.ok(stored.has(id), `${id} was cleared away`);
        await again.stop();
    });
});
