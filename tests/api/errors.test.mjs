// What the server refuses, and how it says so: every case must give the whole error envelope.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { assertError, filesBelow, launch, post, request, until, upload } from './harness.mjs';

let server, client, home, assistant, thread, message, store;
const MODEL = 'treadle-extractive';

before(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'treadle-api-'));
    server = await launch({ store: path.join(home, 'store') });
    client = server.client;
    assistant = (await client.beta.assistants.create({ model: MODEL })).id;
    thread = (await client.beta.threads.create()).id;
    message = (await client.beta.threads.messages.create(thread,
        { role: 'user', content: 'x' })).id;
    store = (await client.vectorStores.create({})).id;
});
after(async () => {
    try {
        await server?.stop();
    } finally {
        fs.rmSync(home, { recursive: true, force: true });
    }
});

const pairs = count => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));

test('unknown paths', async t => {
    for (const target of ['/', '/v1', '/v1/', '/v2/threads', '/v1/nothing', '/threads',
        '/v1/assistants/', '/v1/assistants//', '/v1//assistants', '/v1/assistants/a/b',
        '/v1/threads/t/runs/r/steps/s/x', '/V1/assistants', '/v1/threads/t/Messages',
        '/v1/assistants/../threads', '/v1/%61ssistants/%2e%2e/x/y'])
        await t.test(target, async () => {
            assertError(await request(server, 'GET', target), 404,
                { type: 'invalid_request_error', param: null });
        });
});

test('wrong methods', async t => {
    const cases = [['PUT', '/v1/assistants', ['GET', 'POST']], ['DELETE', '/v1/threads', ['GET', 'POST']],
        ['PATCH', '/v1/threads/x', ['DELETE', 'GET', 'POST']], ['DELETE', '/v1/files', ['GET', 'POST']],
        ['POST', '/v1/files/x/content', ['GET']], ['BREW', '/v1/assistants', ['GET', 'POST']],
        ['DELETE', '/v1/threads/t/runs/r/steps', ['GET']]];
    for (const [method, target, allowed] of cases)
        await t.test(`${method} ${target}`, async () => {
            const reply = await request(server, method, target);
            assertError(reply, 405, { type: 'invalid_request_error' });
            const listed = reply.headers.allow.split(/,\s*/).filter(name => name !== 'HEAD');
            assert.deepEqual(listed.sort(), allowed);
        });
});

test('bodies that are not JSON', async t => {
    const cases = { nothing: '', 'a lone brace': '{', 'two values': '{}{}', 'single quotes': "{'a':1}",
        'a trailing comma': '{"metadata":{},}', 'a comment': '{/**/}', NaN: '{"metadata":NaN}',
        'invalid UTF-8': Buffer.from('{"metadata":{"a":"\xff"}}', 'latin1'),
        'overlong UTF-8': Buffer.from('{"metadata":{"a":"\xc0\xaf"}}', 'latin1'),
        'a cut character': Buffer.from('{"metadata":{"a":"\\\xdf\x82\\j"}}', 'latin1'),
        'a lone surrogate': '{"metadata":{"a":"\\ud800"}}',
        'a NUL byte': '{"metadata":{"a":"\0"}}', 'an escaped NUL': '{"metadata":{"a":"\\u0000"}}',
        'duplicate keys': '{"metadata":{"a":"1"},"metadata":{}}',
        'duplicate keys within': '{"metadata":{"a":"1","a":"2"}}',
        'a huge integer': '{"metadata":{"a":99999999999999999999999}}',
        'deep arrays': `{"metadata":${'['.repeat(100000)}${']'.repeat(100000)}}`,
        'deep objects': `${'{"a":'.repeat(100000)}1${'}'.repeat(100000)}`,
        'open brackets': '['.repeat(1000000), 'a BOM': '\ufeff{}' };
    for (const [name, body] of Object.entries(cases))
        await t.test(name, async () => {
            // A thread may be made of nothing; an assistant may not.
            const target = name === 'nothing' ? '/v1/assistants' : '/v1/threads';
            assertError(await post(server, target, body), 400,
                { type: 'invalid_request_error' });
        });
    for (const value of [[], 1, 'x', null, true])
        await t.test(`${JSON.stringify(value)} is no object`, async () => {
            assertError(await post(server, '/v1/threads', JSON.stringify(value)), 400,
                { code: 'invalid_type' });
        });
});

test('values', async t => {
    const text = { role: 'user', content: 'x' };
    const cases = [
        ['/v1/assistants', {}, 'missing_required_parameter', 'model',
            "Missing required parameter: 'model'."],
        ['/v1/assistants', { model: 1 }, 'invalid_type', 'model', /expected a string/],
        ['/v1/assistants', { model: MODEL, modle: 1 }, 'unknown_parameter', 'modle',
            "Unknown parameter: 'modle'."],
        ['/v1/assistants', { model: MODEL, name: 'x'.repeat(257) }, 'string_above_max_length', 'name'],
        ['/v1/assistants', { model: MODEL, description: 'x'.repeat(513) },
            'string_above_max_length', 'description'],
        ['/v1/assistants', { model: MODEL, instructions: 'x'.repeat(256001) },
            'string_above_max_length', 'instructions'],
        ['/v1/assistants', { model: MODEL, temperature: 2.5 }, 'decimal_above_max_value', 'temperature'],
        ['/v1/assistants', { model: MODEL, top_p: -0.1 }, 'decimal_below_min_value', 'top_p'],
        ['/v1/assistants', { model: MODEL, tools: [{ type: 'retrieval' }] }, 'invalid_value',
            'tools[0].type'],
        ['/v1/assistants', { model: MODEL, tools: Array(129).fill({ type: 'file_search' }) },
            'array_above_max_length', 'tools'],
        ['/v1/assistants', { model: MODEL, tools: [{ type: 'function', function: { name: 'a b' } }] },
            'invalid_value', 'tools[0].function.name'],
        ['/v1/assistants', { model: MODEL, tools: [{ type: 'file_search',
            file_search: { max_num_results: 0 } }] }, 'integer_below_min_value',
        'tools[0].file_search.max_num_results'],
        ['/v1/assistants', { model: MODEL, response_format: 'xml' }, 'invalid_value', 'response_format'],
        ['/v1/assistants', { model: MODEL, metadata: { k: true } }, 'invalid_type', 'metadata.k',
            "Invalid type for 'metadata.k': expected a string, but got a boolean instead."],
        ['/v1/threads', { metadata: pairs(17) }, null, 'metadata'],
        ['/v1/threads', { metadata: { ['k'.repeat(65)]: 'v' } }, null, 'metadata'],
        ['/v1/threads', { metadata: { k: 'v'.repeat(513) } }, 'string_above_max_length', 'metadata.k'],
        ['/v1/threads', { messages: [text, { role: 'system', content: 'x' }] }, 'invalid_value',
            'messages[1].role'],
        [() => `/v1/threads/${thread}/messages`, { role: 'user' }, 'missing_required_parameter', 'content'],
        [() => `/v1/threads/${thread}/messages`, { role: 'user', content: '' },
            'string_below_min_length', 'content'],
        [() => `/v1/threads/${thread}/messages`, { role: 'user', content: [] },
            'array_below_min_length', 'content'],
        [() => `/v1/threads/${thread}/messages/${message}`, { role: 'user' }, 'unknown_parameter', 'role'],
        [() => `/v1/threads/${thread}/runs`, {}, 'missing_required_parameter', 'assistant_id'],
        [() => `/v1/threads/${thread}/runs`, { assistant_id: assistant, tool_choice: 'maybe' },
            'invalid_value', 'tool_choice'],
        [() => `/v1/threads/${thread}/runs`, { assistant_id: assistant,
            truncation_strategy: { type: 'last_messages', last_messages: 0 } },
        'integer_below_min_value', 'truncation_strategy.last_messages'],
        ['/v1/vector_stores', { expires_after: { anchor: 'last_active_at', days: 366 } },
            'integer_above_max_value', 'expires_after.days'],
        ['/v1/vector_stores', { chunking_strategy: { type: 'static', static: {
            max_chunk_size_tokens: 100, chunk_overlap_tokens: 51 } } }, 'invalid_value',
        'chunking_strategy.static.chunk_overlap_tokens'],
        [() => `/v1/vector_stores/${store}/files`, {}, 'missing_required_parameter', 'file_id'],
    ];
    for (const [target, body, code, param, text_] of cases) {
        const name = typeof target === 'string' ? target : target.toString().slice(6);
        await t.test(`${name} ${JSON.stringify(body).slice(0, 80)}`, async () => {
            const expected = { type: 'invalid_request_error', param };
            if (code) expected.code = code;
            if (text_) expected.message = text_;
            assertError(await post(server, typeof target === 'string' ? target : target(), body),
                400, expected);
        });
    }
    await t.test('metadata at its limits is taken', async () => {
        const metadata = Object.fromEntries(Array.from({ length: 16 },
            (_, i) => [`${i}`.padEnd(64, 'é'), '😀'.repeat(512)]));
        const made = await client.beta.threads.create({ metadata });
        assert.deepEqual(made.metadata, metadata);
    });
});

test('the creation helper and its rules', async t => {
    const both = { file_search: { vector_store_ids: ['a'], vector_stores: [{}] } };
    const helper = { file_search: { vector_stores: [{}] } };
    await t.test('not together with ids', async () => {
        assertError(await post(server, '/v1/threads', { tool_resources: both }), 400);
    });
    await t.test('at most one store', async () => {
        assertError(await post(server, '/v1/threads',
            { tool_resources: { file_search: { vector_store_ids: ['a', 'b'] } } }), 400,
        { code: 'array_above_max_length' });
    });
    await t.test('only on creation', async () => {
        assertError(await post(server, `/v1/assistants/${assistant}`, { tool_resources: helper }), 400,
            { code: 'unknown_parameter', param: 'tool_resources.file_search.vector_stores' });
        assertError(await post(server, `/v1/threads/${thread}`, { tool_resources: helper }), 400);
        assertError(await post(server, '/v1/threads/runs',
            { assistant_id: assistant, tool_resources: helper }), 400);
    });
    await t.test('an unknown store or file is not found', async () => {
        assertError(await post(server, '/v1/threads',
            { tool_resources: { file_search: { vector_store_ids: ['vs_x'] } } }), 404);
        assertError(await post(server, '/v1/threads', { tool_resources: { file_search:
            { vector_stores: [{ file_ids: ['file-x'] }] } } }), 404);
        assertError(await post(server, '/v1/vector_stores', { file_ids: ['file-x'] }), 404,
            { message: 'No such File object: file-x', param: 'id' });
    });
});

test('what is not there', async t => {
    const T = () => thread;
    const cases = [
        ['GET', () => '/v1/assistants/asst_x', "No assistant found with id 'asst_x'."],
        ['DELETE', () => '/v1/assistants/asst_x', "No assistant found with id 'asst_x'."],
        ['GET', () => '/v1/threads/thread_x', "No thread found with id 'thread_x'."],
        ['DELETE', () => '/v1/threads/thread_x', "No thread found with id 'thread_x'."],
        ['GET', () => '/v1/threads/thread_x/messages', "No thread found with id 'thread_x'."],
        ['GET', () => '/v1/threads/thread_x/runs', "No thread found with id 'thread_x'."],
        ['GET', () => `/v1/threads/${T()}/messages/msg_x`, "No message found with id 'msg_x'."],
        ['DELETE', () => `/v1/threads/${T()}/messages/msg_x`, "No message found with id 'msg_x'."],
        ['GET', () => `/v1/threads/${T()}/runs/run_x`, "No run found with id 'run_x'."],
        ['GET', () => `/v1/threads/${T()}/runs/run_x/steps`, "No run found with id 'run_x'."],
        ['GET', () => '/v1/runs/run_x', "No run found with id 'run_x'."],
        ['GET', () => '/v1/threads/thread_x/messages/msg_x', "No thread found with id 'thread_x'."],
        ['DELETE', () => '/v1/threads/thread_x/messages/msg_x', "No thread found with id 'thread_x'."],
        ['GET', () => '/v1/threads/thread_x/runs/run_x', "No thread found with id 'thread_x'."],
        ['GET', () => '/v1/threads/thread_x/runs/run_x/steps/step_x',
            "No thread found with id 'thread_x'."],
        ['GET', () => '/v1/files/file-x', 'No such File object: file-x'],
        ['GET', () => '/v1/files/file-x/content', 'No such File object: file-x'],
        ['DELETE', () => '/v1/files/file-x', 'No such File object: file-x'],
        ['GET', () => '/v1/vector_stores/vs_x', /vs_x/],
        ['GET', () => '/v1/vector_stores/vs_x/files', /vs_x/],
        ['GET', () => `/v1/vector_stores/${store}/files/file-x`, /file-x/],
        ['GET', () => `/v1/assistants/${encodeURIComponent("'; DROP TABLE assistants; --")}`,
            "No assistant found with id ''; DROP TABLE assistants; --'."],
        ['GET', () => `/v1/assistants/${encodeURIComponent('😀/é')}`, "No assistant found with id '😀/é'."],
    ];
    for (const [method, target, text] of cases)
        await t.test(`${method} ${target.toString().slice(6)}`, async () => {
            assertError(await request(server, method, target()), 404,
                { type: 'invalid_request_error', message: text, code: null });
        });
    const posts = [
        [() => '/v1/threads/thread_x/messages', { role: 'user', content: 'x' },
            "No thread found with id 'thread_x'."],
        [() => '/v1/threads/thread_x/runs', { assistant_id: assistant },
            "No thread found with id 'thread_x'."],
        [() => '/v1/threads/thread_x/messages/msg_x', { metadata: {} },
            "No thread found with id 'thread_x'."],
        [() => '/v1/threads/thread_x/runs/run_x', { metadata: {} },
            "No thread found with id 'thread_x'."],
        [() => '/v1/threads/thread_x/runs/run_x/cancel', {}, "No thread found with id 'thread_x'."],
        [() => `/v1/threads/${T()}/runs`, { assistant_id: 'asst_x' },
            "No assistant found with id 'asst_x'."],
        [() => '/v1/threads/runs', { assistant_id: 'asst_x' },
            "No assistant found with id 'asst_x'."],
        [() => `/v1/threads/${T()}/messages`, { role: 'user', content: 'x', attachments: [
            { file_id: 'file-x', tools: [{ type: 'file_search' }] }] },
        'No such File object: file-x'],
        [() => `/v1/vector_stores/${store}/files`, { file_id: 'file-x' },
            'No such File object: file-x'],
    ];
    for (const [target, body, text] of posts)
        await t.test(`POST ${target.toString().slice(6)}`, async () => {
            assertError(await post(server, target(), typeof body === 'function' ? body() : {
                ...body, ...(body.assistant_id === undefined ? {} :
                    { assistant_id: body.assistant_id ?? assistant }) }), 404, { message: text });
        });
});

test('tools and files that a request names', async () => {
    const named = name => ({ type: 'function', function: { name } });
    const search = { type: 'file_search' }, model = 'm';
    const { id } = (await post(server, '/v1/assistants', { model })).json;
    const thread = (await post(server, '/v1/threads', {})).json.id;
    const file = await server.client.files.create({ purpose: 'assistants',
        file: upload('a.txt', 'Note.\n') });
    const param = 'tools[1].function.name';
    for (const tools of [[named('f'), named('f')], [search, named('file_search')]])
        for (const [target, body] of [['/v1/assistants', { model, tools }],
            [`/v1/assistants/${id}`, { tools }],
            [`/v1/threads/${thread}/runs`, { assistant_id: id, instructions: 'x', tools }]])
            assertError(await post(server, target, body), 400, { code: 'invalid_value', param });
    const say = more => post(server, `/v1/threads/${thread}/messages`,
        { role: 'user', content: 'x', ...more });
    const image = file_id => ({ type: 'image_file', image_file: { file_id } });
    const attachment = (file_id, ...tools) => ({ file_id, tools: tools.map(type => ({ type })) });
    assertError(await say({ content: [{ type: 'text', text: 'x' }, image('file-none')] }), 404,
        { param: 'content[1].image_file.file_id' });
    assertError(await say({ attachments: [attachment(file.id, 'file_search'),
        attachment('file-none', 'file_search')] }), 404, { param: 'attachments[1].file_id' });
    assertError(await post(server, '/v1/threads', { tool_resources: {
        code_interpreter: { file_ids: [file.id, 'file-none'] } } }), 404,
    { param: 'tool_resources.code_interpreter.file_ids[1]' });
    const again = await say({ attachments: [attachment(file.id, 'file_search', 'code_interpreter',
        'file_search')] });
    assert.equal(again.status, 200, again.text);
});

test('pages', async t => {
    for (const query of ['limit=0', 'limit=101', 'limit=-1', 'limit=x', 'limit=1.5', 'limit=',
        'limit=99999999999999999999', 'order=up', 'order='])
        await t.test(query, async () => {
            assertError(await request(server, 'GET', `/v1/assistants?${query}`), 400,
                { type: 'invalid_request_error' });
        });
    await t.test('the parameter is named', async () => {
        assertError(await request(server, 'GET', '/v1/assistants?limit=0'), 400,
            { param: 'limit' });
        assertError(await request(server, 'GET', '/v1/assistants?order=up'), 400,
            { param: 'order' });
    });
    await t.test('an unknown cursor is not found', async () => {
        assertError(await request(server, 'GET', '/v1/assistants?after=asst_x'), 404);
        assertError(await request(server, 'GET', '/v1/assistants?before=asst_x'), 404);
        assertError(await request(server, 'GET', `/v1/threads/${thread}/messages?after=msg_x`), 404);
        assertError(await request(server, 'GET', '/v1/files?after=file-x'), 404);
    });
    await t.test('files allow 10,000', async () => {
        assert.equal((await request(server, 'GET', '/v1/files?limit=10000')).status, 200);
        assertError(await request(server, 'GET', '/v1/files?limit=10001'), 400);
    });
    await t.test('a status or filter that is none', async () => {
        assertError(await request(server, 'GET', '/v1/runs?status=sleeping'), 400);
        assertError(await request(server, 'GET', `/v1/vector_stores/${store}/files?filter=lost`), 400);
    });
    await t.test('include names what there is', async () => {
        const made = await client.beta.threads.create({ messages: [{ role: 'user', content: 'x' }] });
        const run = await client.beta.threads.runs.createAndPoll(made.id,
            { assistant_id: assistant }, { pollIntervalMs: 10 });
        const target = `/v1/threads/${made.id}/runs/${run.id}/steps`;
        assertError(await request(server, 'GET', `${target}?include[]=everything`), 400);
        const raw = 'include[]=step_details.tool_calls[*].file_search.results[*].content';
        assert.equal((await request(server, 'GET', `${target}?${raw}`)).status, 200);
        assertError(await request(server, 'GET', `${target}/step_x`), 404,
            { message: "No run step found with id 'step_x'." });
    });
});

test('the lock of a thread', async t => {
    // Enough text that the run takes a while; what it says does not matter.
    const made = await client.beta.threads.create({ messages: [
        { role: 'user', content: 'x' }] });
    await t.test('of many attempts exactly one wins', async () => {
        const attempts = await Promise.all(Array.from({ length: 12 }, () =>
            post(server, `/v1/threads/${made.id}/runs`, { assistant_id: assistant })));
        const won = attempts.filter(reply => reply.status === 200);
        const lost = attempts.filter(reply => reply.status !== 200);
        assert.ok(won.length >= 1);
        for (const reply of lost)
            assertError(reply, 400, { type: 'invalid_request_error',
                message: /^Thread thread_\w+ already has an active run run_\w+\.$/ });
        // Runs of one thread never overlap: each began when the one before had ended.
        const { data } = await client.beta.threads.runs.list(made.id, { order: 'asc' });
        assert.equal(data.length, won.length);
        await until('all runs have ended', async () => {
            const all = await client.beta.threads.runs.list(made.id);
            return all.data.every(run => run.status === 'completed');
        });
    });
    await t.test('messages are refused while a run is active', async () => {
        let refused = 0;
        for (let i = 0; i < 200 && !refused; i++) {
            const [run, added] = await Promise.all([
                post(server, `/v1/threads/${made.id}/runs`, { assistant_id: assistant }),
                post(server, `/v1/threads/${made.id}/messages`, { role: 'user', content: 'y' })]);
            for (const reply of [run, added]) {
                if (reply.status === 200) continue;
                refused += reply === added;
                assertError(reply, 400, { message: reply === added
                    ? /^Can't add messages to thread_\w+ while a run run_\w+ is active\.$/
                    : /already has an active run/ });
            }
            await until('the thread is free', async () => {
                const all = await client.beta.threads.runs.list(made.id, { limit: 1 });
                return ['completed', 'failed'].includes(all.data[0].status);
            });
        }
        assert.ok(refused > 0, 'the lock was never met');
    });
});

test('runs that cannot start', async t => {
    await t.test('without message and instructions', async () => {
        const empty = await client.beta.threads.create();
        assertError(await post(server, `/v1/threads/${empty.id}/runs`,
            { assistant_id: assistant }), 400, { code: 'invalid_thread', message:
            'Run creation requires a Thread with a user message or an assistant with instructions.' });
    });
    await t.test('a refused run leaves no message', async () => {
        const empty = await client.beta.threads.create();
        assertError(await post(server, `/v1/threads/${empty.id}/runs`, { assistant_id: 'asst_x',
            additional_messages: [{ role: 'user', content: 'x' }] }), 404);
        const { data } = await client.beta.threads.messages.list(empty.id);
        assert.deepEqual(data, []);
    });
});

test('uploads', async t => {
    const boundary = 'X-BOUNDARY';
    const form = parts => parts.map(([headers, body]) =>
        `--${boundary}\r\n${headers}\r\n\r\n${body}\r\n`).join('') + `--${boundary}--\r\n`;
    const send = (body, type = `multipart/form-data; boundary=${boundary}`) =>
        request(server, 'POST', '/v1/files', { headers: { 'content-type': type }, body });
    const file = ['Content-Disposition: form-data; name="file"; filename="a.txt"', 'hello'];
    const purpose = ['Content-Disposition: form-data; name="purpose"', 'assistants'];

    await t.test('parts in any order', async () => {
        assert.equal((await send(form([file, purpose]))).status, 200);
        assert.equal((await send(form([purpose, file]))).status, 200);
    });
    const cases = {
        'no purpose': [form([file]), 'purpose'],
        'no file': [form([purpose]), 'file'],
        'a purpose that is none': [form([file, [purpose[0], 'fun']]), 'purpose'],
        'a purpose for outputs only': [form([file, [purpose[0], 'assistants_output']]), 'purpose'],
        'the file as text': [form([['Content-Disposition: form-data; name="file"', 'x'], purpose]), 'file'],
        'an unknown part': [form([file, purpose,
            ['Content-Disposition: form-data; name="extra"', 'x']])],
        'two files': [form([file, file, purpose])],
        'a life too short': [form([file, purpose,
            ['Content-Disposition: form-data; name="expires_after[anchor]"', 'created_at'],
            ['Content-Disposition: form-data; name="expires_after[seconds]"', '60']])],
        'a form cut short': [form([file, purpose]).slice(0, -20)],
        'no form at all': ['nothing like it'],
        'an empty body': [''],
        'a part without name': [form([['Content-Disposition: form-data', 'x'], file, purpose])],
    };
    for (const [name, [body, param]] of Object.entries(cases))
        await t.test(name, async () => {
            assertError(await send(body), 400, param ? { param } : {});
        });
    await t.test('a form without boundary', async () => {
        assertError(await send(form([file, purpose]), 'multipart/form-data'), 400);
    });
    await t.test('JSON where a form belongs', async () => {
        assertError(await send('{}', 'application/json'), 415);
    });
    await t.test('a form where JSON belongs', async () => {
        assertError(await request(server, 'POST', '/v1/threads', { headers: {
            'content-type': `multipart/form-data; boundary=${boundary}` },
        body: form([purpose]) }), 415);
    });
    await t.test('nothing of a refused upload is kept', async () => {
        const files = filesBelow(server.store);
        const before_ = (await client.files.list()).data.length;
        await send(form([file]));
        assert.equal((await client.files.list()).data.length, before_);
        assert.deepEqual(filesBelow(server.store).length, files.length);
    });
});

test('sizes', async t => {
    await t.test('a JSON body above the limit', async () => {
        const body = JSON.stringify({ metadata: { a: 'x'.repeat(20 << 20) } });
        const reply = await post(server, '/v1/threads', body).catch(error => error);
        // A server may close while it is still being sent to, but says 413 to who listens.
        if (reply.status) assertError(reply, 413);
        else assert.match(reply.code, /EPIPE|ECONNRESET/);
    });
    await t.test('the same, announced', async () => {
        const reply = await new Promise((resolve, reject) => {
            const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
            let text = '';
            socket.on('data', part => { text += part; });
            socket.on('close', () => resolve(text));
            socket.on('error', reject);
            socket.write('POST /v1/threads HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
                + 'Content-Type: application/json\r\nContent-Length: 999999999\r\n\r\n{');
        });
        assert.match(reply, /^HTTP\/1\.1 413 /);
        assert.match(reply, /"error":\{"message":/);
    });
    await t.test('headers above the limit', async () => {
        const reply = await request(server, 'GET', '/v1/assistants',
            { headers: { 'x-long': 'x'.repeat(60000) } });
        assert.ok([400, 431].includes(reply.status), `${reply.status}`);
    });
    await t.test('a very long path', async () => {
        const reply = await request(server, 'GET', `/v1/assistants/${'x'.repeat(20000)}`);
        assert.ok([404, 414, 431].includes(reply.status), `${reply.status}`);
    });
});

/** Sends bytes as they are and gives all that comes back until the server closes. */
function speak(bytes) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
        let text = '';
        socket.setTimeout(20000, () => socket.destroy(new Error('the server never closed')));
        socket.on('data', part => { text += part; });
        socket.on('close', () => resolve(text));
        socket.on('error', error => (error.code === 'ECONNRESET' ? resolve(text) : reject(error)));
        socket.write(bytes);
    });
}

test('HTTP that smuggles', async t => {
    const head = 'POST /v1/threads HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
        + 'Content-Type: application/json\r\n';
    const cases = {
        'length and chunks': `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        'two lengths': `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`,
        'a length that is no number': `${head}Content-Length: +2\r\n\r\n{}`,
        'a folded header': `${head}X-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}`,
        'no host': 'GET /v1/assistants HTTP/1.1\r\nConnection: close\r\n\r\n',
        'two hosts': 'GET /v1/assistants HTTP/1.1\r\nHost: localhost\r\nHost: 127.0.0.1\r\n'
            + 'Connection: close\r\n\r\n',
    };
    for (const [name, bytes] of Object.entries(cases))
        await t.test(name, async () => {
            assert.match(await speak(bytes), /^HTTP\/1\.1 4\d\d /);
        });
    await t.test('the server still serves', async () => {
        assert.equal((await request(server, 'GET', '/v1/assistants')).status, 200);
    });
});

test('pages of other sites', async t => {
    for (const headers of [{ host: 'evil.example' }, { origin: 'https://evil.example' }])
        await t.test(JSON.stringify(headers), async () => {
            assertError(await request(server, 'GET', '/v1/assistants', { headers }), 403);
        });
});

test('an upload through the SDK with a bad purpose names the parameter', async () => {
    await assert.rejects(client.files.create({ file: upload('a.txt', 'x'), purpose: 'fun' }),
        { status: 400, param: 'purpose', type: 'invalid_request_error' });
});
