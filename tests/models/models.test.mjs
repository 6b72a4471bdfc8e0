// Treadle before a real engine with a real, very small model: a llama.cpp server and SmolLM2 with 135
// million weights, as scripts/test-models.sh brings them. It takes some minutes, most of them within the
// model; `make test-models` runs it, and no other test needs it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serve, sleep, until, upload } from '../api/harness.mjs';
import { questions } from './questions.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { TREADLE_ENGINE: python, TREADLE_GGUF: gguf } = process.env;
const ENDED = ['completed', 'failed', 'incomplete', 'cancelled', 'expired'];

async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

/** Starts an engine; without `ready` it may still be loading its model. */
async function engine(t, { context = 2048, slots = 1, port, ready = true } = {}) {
    const at = port ?? await freePort();
    const child = spawn(python, [path.join(here, 'engine.py'), gguf, at, context, slots],
        { stdio: ['pipe', 'ignore', 'ignore'] });
    const stop = async () => {
        if (child.exitCode === null && child.signalCode === null) {
            child.kill('SIGKILL');
            await once(child, 'exit');
        }
    };
    t.after(stop);
    const base = `http://127.0.0.1:${at}`;
    const get = async name => (await fetch(`${base}${name}`)).json();
    if (ready)
        await until('the engine is ready', async () =>
            (await get('/health').catch(() => ({}))).status === 'ok', 120000);
    return { url: `${base}/v1`, port: at, stop, get };
}

/** What stands between Treadle and the engine, to see what is sent and what comes back. */
async function watched(t, upstream) {
    const seen = [];
    const proxy = http.createServer((incoming, reply) => {
        const parts = [];
        incoming.on('data', part => parts.push(part)).on('end', () => {
            const sent = http.request({ host: '127.0.0.1', port: upstream.port, path: incoming.url,
                method: incoming.method, headers: incoming.headers }, response => {
                const record = { url: incoming.url, status: response.statusCode, text: '' };
                if (incoming.url.endsWith('/chat/completions')) seen.push(record);
                reply.writeHead(response.statusCode, response.headers);
                response.on('data', part => { record.text += part; reply.write(part); })
                    .on('end', () => reply.end());
            });
            reply.on('close', () => sent.destroy());
            sent.on('error', () => reply.destroy());
            sent.end(Buffer.concat(parts));
        });
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    t.after(() => { proxy.closeAllConnections?.(); proxy.close(); });
    /** The prompts' lengths: those that were answered, and those that were refused. */
    seen.prompts = () => seen.map(({ status, text }) => ({ status,
        tokens: Number(/"(?:n_)?prompt_tokens":(\d+)/.exec(text)?.[1]) }));
    return { url: `http://127.0.0.1:${proxy.address().port}/v1`, seen };
}

async function treadle(t, url, more = []) {
    const server = await serve(t, { arguments: ['--model-url', url, '--run-timeout', '3000', ...more] });
    const { client } = server;
    await client.models.list();
    const runs = client.beta.threads.runs;
    const ends = run => until(`${run.id} ends`, async () => {
        const now = await runs.retrieve(run.id, { thread_id: run.thread_id });
        return ENDED.includes(now.status) && now;
    }, 1200000);
    const ask = async (assistant, content, messages = []) => {
        const thread = await client.beta.threads.create({ messages: [...messages,
            { role: 'user', content }] });
        return runs.create(thread.id, { assistant_id: assistant });
    };
    const answer = async run => (await client.beta.threads.messages.list(run.thread_id,
        { run_id: run.id })).data[0]?.content[0].text ?? { value: '', annotations: [] };
    return { server, client, ends, ask, answer };
}

async function withFiles({ client }) {
    const files = await Promise.all(['mill.md', 'handbook.md'].map(async name =>
        (await client.files.create({ purpose: 'assistants',
            file: upload(name, fs.readFileSync(path.join(here, name), 'utf8')) })).id));
    const store = await client.vectorStores.create({ file_ids: files });
    await until('the files are read', async () =>
        (await client.vectorStores.retrieve(store.id)).file_counts.completed === 2);
    return { tools: [{ type: 'file_search' }],
        tool_resources: { file_search: { vector_store_ids: [store.id] } } };
}

test('twenty questions about two documents', async t => {
    const kit = await treadle(t, (await engine(t)).url, ['--model-answer', '60']);
    const files = await withFiles(kit);
    const score = {};
    for (const model of ['small', 'treadle-extractive']) {
        const assistant = (await kit.client.beta.assistants.create({ model, ...files })).id;
        score[model] = { right: 0, cited: 0 };
        for (const [question, pattern] of questions) {
            const run = await kit.ends(await kit.ask(assistant, question));
            const { value, annotations } = await kit.answer(run);
            const right = pattern.test(value.replace(/【[^】]*】/g, ''));
            score[model].right += right;
            score[model].cited += right && annotations.length > 0;
            t.diagnostic(`${model}: ${right ? 'right' : 'WRONG'}${annotations.length ? ', cited' : ''}: `
                + `${question} ${JSON.stringify(value.slice(0, 160))}`);
        }
        t.diagnostic(`${model}: ${score[model].right} of ${questions.length} right, `
            + `${score[model].cited} of them cited`);
    }
    assert.ok(score.small.right >= 10, `${score.small.right} right`);
    assert.ok(score.small.cited >= 8, `${score.small.cited} cited`);
});

const KINDS = {
    english: i => `Message ${i} says that the wheel of the mill was stopped because of the storm. `,
    german: i => `Nachricht ${i}: Die Wartungsanleitung beschreibt alle Sicherheitsvorkehrungen. `,
    russian: i => `Сообщение ${i}: водитель проверил уровень масла и давление в шинах. `,
    japanese: i => `${i}番目の連絡です。運転手は油の量と空気圧を確認しました。`,
    numbers: i => `${i} 4711 20260 1.5 88 31415 926535 100200300 0.0375 65535 8080 `,
    code: i => `if (count[${i}] > 0 && items != NULL) { out->total += items[${i}]->price; }\n`,
};

test('long threads fit 2,048 tokens in six kinds of text', async t => {
    const upstream = await engine(t);
    const { url, seen } = await watched(t, upstream);
    const kit = await treadle(t, url, ['--model-answer', '160']);
    await sleep(1000);
    const assistant = (await kit.client.beta.assistants.create({ model: 'small',
        instructions: 'Answer briefly.' })).id;
    const off = [];
    for (const [kind, say] of Object.entries(KINDS)) {
        seen.length = 0;
        const messages = Array.from({ length: 30 }, (_, i) =>
            ({ role: i % 2 ? 'assistant' : 'user', content: say(i).repeat(6) }));
        const run = await kit.ends(await kit.ask(assistant, 'What was said last?', messages));
        const prompts = seen.prompts();
        const { tokens } = prompts.at(-1);
        t.diagnostic(`${kind}: ${prompts.map(one => `${one.tokens} (${one.status})`).join(', ')} of 2048: `
            + `${(100 * tokens / 2048).toFixed(0)} %`);
        assert.ok(['completed', 'incomplete'].includes(run.status), JSON.stringify(run.last_error));
        if (tokens > 2048 || tokens < 0.85 * 2048) off.push(`${kind}: ${tokens}`);
    }
    assert.deepEqual(off, []);
});

test('loading, a restart within a run, one slot, JSON and cancelling', async t => {
    const port = await freePort();
    const first = await engine(t, { port, ready: false });
    const kit = await treadle(t, first.url, ['--model-answer', '40']);
    const assistant = (await kit.client.beta.assistants.create({ model: 'small' })).id;
    let current = first;

    await t.test('a model that is being loaded is waited for', async () => {
        const run = await kit.ends(await kit.ask(assistant, 'Say hello.'));
        assert.ok(['completed', 'incomplete'].includes(run.status), JSON.stringify(run.last_error));
    });
    await t.test('a restart before the answer begins is survived', async () => {
        await current.stop();
        const run = await kit.ask(assistant, 'Say hello again.');
        await sleep(300);
        current = await engine(t, { port, ready: false });
        const ended = await kit.ends(run);
        assert.ok(['completed', 'incomplete'].includes(ended.status), JSON.stringify(ended.last_error));
    });
    await t.test('five runs share one slot', async () => {
        const runs = await Promise.all(Array.from({ length: 5 }, (_, i) =>
            kit.ask(assistant, `Count to ${i + 2}.`)));
        for (const run of runs)
            assert.ok(['completed', 'incomplete'].includes((await kit.ends(run)).status));
    });
    await t.test('an answer in JSON is JSON', async () => {
        const thread = await kit.client.beta.threads.create({ messages: [{ role: 'user',
            content: 'Name a colour.' }] });
        const schema = { type: 'object', properties: { colour: { type: 'string', maxLength: 20 } },
            required: ['colour'], additionalProperties: false };
        const run = await kit.ends(await kit.client.beta.threads.runs.create(thread.id,
            { assistant_id: assistant, max_completion_tokens: 200,
                response_format: { type: 'json_schema', json_schema: { name: 'c', schema, strict: true } } }));
        assert.equal(run.status, 'completed', JSON.stringify(run.last_error));
        assert.equal(typeof JSON.parse((await kit.answer(run)).value).colour, 'string');
    });
    await t.test('a cancelled run leaves the engine idle within a second', async () => {
        const busy = async () => (await current.get('/slots')).some(slot => slot.is_processing);
        const run = await kit.ask(assistant, 'Tell a long story about a mill and its river.');
        await until('the engine is at work', busy);
        await kit.client.beta.threads.runs.cancel(run.id, { thread_id: run.thread_id });
        const from = Date.now();
        await until('the engine is idle', async () => !await busy());
        t.diagnostic(`idle after ${Date.now() - from} ms`);
    });
});
