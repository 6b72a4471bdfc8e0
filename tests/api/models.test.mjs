// Models, embeddings and chat completions, of the built-in models and of a model server.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { misfits } from './contract.mjs';
import { assertError, post, request, serve, sleep, until, upload, within } from './harness.mjs';
import { chunk, modelServer, script, textChunks } from './model_server.mjs';

const user = content => ({ model: 'scripted-1', messages: [{ role: 'user', content }] });

/** A Treadle before a scripted server. */
async function both(t, { server = {}, arguments: more = [], env = {} } = {}) {
    const model = await modelServer(t, server);
    const treadle = await serve(t, { arguments: ['--model-url', model.url, ...more], env });
    return { model, treadle, client: treadle.client };
}

async function collect(stream) {
    const chunks = [];
    for await (const piece of stream) chunks.push(piece);
    return chunks;
}

const said = chunks => chunks.map(c => c.choices[0]?.delta.content ?? '').join('');

const fit = (schema, ...objects) => objects.forEach(object =>
    assert.deepEqual(misfits(schema, object), []));

// ---- Models -------------------------------------------------------------------------------------

test('models of the built-in kind alone', async t => {
    const server = await serve(t);
    const list = await server.client.models.list();
    assert.deepEqual(list.data.map(m => m.id), ['treadle-extractive', 'treadle-hash-embedding']);
    for (const model of list.data) {
        assert.equal(model.object, 'model');
        assert.ok(Number.isInteger(model.created));
        assert.equal(model.owned_by, 'treadle');
    }
    const one = await server.client.models.retrieve('treadle-extractive');
    assert.deepEqual(one, list.data[0]);
    assertError(await request(server, 'GET', '/v1/models/none'), 404,
        { code: 'model_not_found', param: 'model' });
    assertError(await request(server, 'DELETE', '/v1/models/treadle-extractive'), 403,
        { code: 'model_not_deletable' });
    assertError(await request(server, 'DELETE', '/v1/models/none'), 404);
    assertError(await request(server, 'POST', '/v1/models/none'), 405);
});

test('models of a server are listed beside them', async t => {
    const { client, treadle } = await both(t);
    const list = await client.models.list();
    assert.deepEqual(list.data.map(m => m.id),
        ['treadle-extractive', 'treadle-hash-embedding', 'scripted-1', 'org/other:7b']);
    assert.equal((await client.models.retrieve('org/other:7b')).owned_by, 'tests');
    const raw = await request(treadle, 'GET', '/v1/models/org/other:7b');
    assert.equal(raw.json.id, 'org/other:7b');
    assertError(await request(treadle, 'DELETE', '/v1/models/org/other:7b'), 403);
});

test('a server that says nothing holds the list up for a moment only', async t => {
    const { client } = await both(t, { server: { dead: true }, arguments: ['--model', 'mine'] });
    for (const limit of [4000, 1000]) {
        const list = await within(limit, 'the list', client.models.list());
        assert.deepEqual(list.data.map(m => m.id),
            ['treadle-extractive', 'treadle-hash-embedding', 'mine']);
    }
});

// ---- Chat completions ---------------------------------------------------------------------------

test('the built-in model answers from the conversation', async t => {
    const server = await serve(t);
    const text = 'The pump must be serviced every 400 hours. The air filter is changed once a year. '
        + 'Oil of grade 40 is used in summer and of grade 20 in winter. The belt is tightened when '
        + 'it slips by more than a finger. Coolant comes from the red tank behind the cabin. Before '
        + 'a journey the lamps are tried one by one. The driver notes each journey in the log, and '
        + 'a mechanic signs it at the end of the week.'
        + ' Whoever finds the key of the shed hanging on its hook may take the spare lamp from it.';
    const plain = await server.client.chat.completions.create({ model: 'treadle-extractive',
        messages: [{ role: 'user', content: text },
            { role: 'user', content: 'What must be serviced every 400 hours?' }] });
    assert.match(plain.choices[0].message.content, /pump must be serviced every 400 hours/);
    const asked = { model: 'treadle-extractive', messages: [{ role: 'user', content: 'Hello?' }] };
    const hello = await server.client.chat.completions.create(asked);
    fit('CreateChatCompletionResponse', plain, hello);
    assert.match(hello.id, /^chatcmpl-/);
    assert.equal(hello.object, 'chat.completion');
    assert.equal(hello.model, 'treadle-extractive');
    assert.equal(hello.choices.length, 1);
    assert.equal(hello.choices[0].finish_reason, 'stop');
    assert.equal(hello.choices[0].message.role, 'assistant');
    assert.equal(hello.choices[0].message.refusal, null);
    assert.match(hello.choices[0].message.content, /treadle-extractive/);
    assert.equal(hello.usage.total_tokens,
        hello.usage.prompt_tokens + hello.usage.completion_tokens);
    const chunks = await collect(await server.client.chat.completions.create({ ...asked,
        stream: true, stream_options: { include_usage: true } }));
    assert.equal(said(chunks), hello.choices[0].message.content);
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.deepEqual(chunks.at(-1).usage, hello.usage);
    const cut = await server.client.chat.completions.create({ ...asked, max_tokens: 5 });
    assert.equal(cut.choices[0].finish_reason, 'length');
    assert.ok(cut.usage.completion_tokens <= 5);
});

test('a server answers, plain and streamed', async t => {
    const { model, client, treadle } = await both(t, { server: { key: 'sk-remote' },
        env: { TREADLE_MODEL_KEY: 'sk-remote' } });
    const plain = await client.chat.completions.create(user('Hi'));
    assert.equal(plain.choices[0].message.content, 'Hello, wörld.');
    assert.equal(plain.choices[0].finish_reason, 'stop');
    assert.deepEqual(plain.usage, { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 });

    const raw = await post(treadle, '/v1/chat/completions', { ...user('Hi'), stream: true,
        stream_options: { include_usage: true } });
    assert.equal(raw.status, 200);
    assert.match(raw.headers['content-type'], /^text\/event-stream/);
    assert.match(raw.headers['x-request-id'], /^req_/);
    const events = raw.text.trim().split('\n\n');
    assert.ok(events.every(event => event.startsWith('data: ')), raw.text);
    assert.equal(events.at(-1), 'data: [DONE]');
    const chunks = events.slice(0, -1).map(event => JSON.parse(event.slice(6)));
    fit('CreateChatCompletionStreamResponse', ...chunks);
    assert.deepEqual(chunks[0].choices[0].delta, { role: 'assistant', content: '' });
    assert.equal(said(chunks), 'Hello, wörld.');
    assert.equal(new Set(chunks.map(c => c.id)).size, 1);
    assert.deepEqual(chunks.at(-2).choices[0].delta, {});
    assert.equal(chunks.at(-2).choices[0].finish_reason, 'stop');
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.equal(chunks.at(-1).usage.total_tokens, 18);

    assert.equal(said(await collect(await client.chat.completions.create({ ...user('Hi'),
        stream: true }))), 'Hello, wörld.');
    assert.equal(model.chats()[0].headers.authorization, 'Bearer sk-remote');
    assert.doesNotMatch(treadle.log, /sk-remote/);
});

test('what only the server understands is handed on', async t => {
    const { model, client } = await both(t);
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } };
    const sent = { model: 'scripted-1', temperature: 0.1, top_p: 0.5, max_tokens: 9, seed: 5,
        stop: ['X'], logit_bias: { 5: 1 }, frequency_penalty: 0.5, reasoning_effort: 'low',
        user: 'u', response_format: { type: 'json_schema',
            json_schema: { name: 's', schema: { type: 'object' }, strict: true } },
        parallel_tool_calls: false, tool_choice: { type: 'function', function: { name: 'f' } },
        tools: [{ type: 'function', function: { name: 'f', description: 'd',
            parameters: { type: 'object', properties: {} }, strict: true } }],
        messages: [{ role: 'developer', content: 'Be brief.' },
            { role: 'user', name: 'Ann', content: [{ type: 'text', text: 'Look' }, image] },
            { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function',
                function: { name: 'f', arguments: '{"a":1}' } }] },
            { role: 'tool', tool_call_id: 'c1', content: 'done' },
            { role: 'user', content: 'Go on' }] };
    await client.chat.completions.create(sent);
    const got = model.chats()[0].body;
    for (const name of ['model', 'temperature', 'top_p', 'max_tokens', 'seed', 'stop',
        'logit_bias', 'frequency_penalty', 'reasoning_effort', 'user', 'response_format',
        'parallel_tool_calls', 'tool_choice', 'tools'])
        assert.deepEqual(got[name], sent[name], name);
    assert.equal(got.max_completion_tokens, undefined);
    assert.equal(got.messages[0].role, 'system');
    assert.deepEqual(got.messages.slice(1), sent.messages.slice(1));
});

test('calls of tools come through, whole and in pieces', async t => {
    const { client } = await both(t);
    const calls = [
        chunk({ role: 'assistant', content: null }),
        chunk({ tool_calls: [{ index: 0, id: 'a', type: 'function',
            function: { name: 'f', arguments: '' } }] }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '{"x":' } }] }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
        chunk({ tool_calls: [{ index: 0, id: 'b', function: { name: 'g', arguments: '{}' } }] }),
        chunk({ tool_calls: [{ function: { name: 'h', arguments: { y: 2 } }, id: 'c' }] }),
        chunk({}, 'stop')];
    const tools = ['f', 'g', 'h'].map(name => ({ type: 'function', function: { name } }));
    const ask = { ...user(script({ chunks: calls })), tools };
    const plain = await client.chat.completions.create(ask);
    assert.equal(plain.choices[0].finish_reason, 'tool_calls');
    assert.equal(plain.choices[0].message.content, null);
    const expected = [['a', 'f', '{"x":1}'], ['b', 'g', '{}'], ['c', 'h', '{"y":2}']];
    assert.deepEqual(plain.choices[0].message.tool_calls
        .map(c => [c.id, c.function.name, c.function.arguments]), expected);
    fit('CreateChatCompletionResponse', plain);
    fit('CreateChatCompletionStreamResponse',
        ...await collect(await client.chat.completions.create({ ...ask, stream: true })));
    const runner = client.chat.completions.stream(ask);
    const final = await runner.finalChatCompletion();
    assert.deepEqual(final.choices[0].message.tool_calls
        .map(c => [c.id, c.function.name, c.function.arguments]), expected);
});

test('an answer of another service is taken back as it came', async t => {
    const { model, client } = await both(t);
    await client.chat.completions.create({ model: 'scripted-1', messages: [
        { role: 'assistant', content: 'Yes?', refusal: null, audio: null, function_call: null },
        { role: 'user', content: 'Go on' }] });
    assert.deepEqual(model.chats()[0].body.messages[0], { role: 'assistant', content: 'Yes?' });
});

test('endings, refusals and servers that do not stream', async t => {
    const { client } = await both(t);
    const ask = async step => (await client.chat.completions.create(user(script(step)))).choices[0];
    assert.equal((await ask({ chunks: textChunks(['a'], 'length') })).finish_reason, 'length');
    assert.equal((await ask({ chunks: textChunks(['a'], 'content_filter') })).finish_reason,
        'content_filter');
    assert.equal((await ask({ noDone: true })).message.content, 'Hello, wörld.');
    const whole = await ask({ status: 200, body: { choices: [{ index: 0, finish_reason: 'stop',
        message: { role: 'assistant', content: 'In one piece.' } }] } });
    assert.equal(whole.message.content, 'In one piece.');
    const odd = await ask({ chunks: [': hello\n\n', 'event: x\r\ndata: {"choices":\r\n',
        'data: [{"delta":{"content":"odd"}}]}\r\n\r\n', chunk({}, 'stop')] });
    assert.equal(odd.message.content, 'odd');
});

test('usage is estimated where the server gives none', async t => {
    const { client, model } = await both(t);
    const plain = await client.chat.completions.create(user(script({ noUsage: true })));
    assert.ok(plain.usage.prompt_tokens > 3);
    assert.ok(plain.usage.completion_tokens >= 3 && plain.usage.completion_tokens <= 8);
    const refusing = script({ status: 400, body: { error: { message:
        'Unrecognized request argument supplied: stream_options' } } }, {});
    assert.equal((await client.chat.completions.create(user(refusing))).choices[0].message.content,
        'Hello, wörld.');
    assert.equal(model.chats().at(-1).body.stream_options, undefined);
});

test('refusals are members of their own', async t => {
    const { client } = await both(t);
    const ask = (step, more) => client.chat.completions.create({ ...user(script(step)), ...more });
    const refusal = ['I will', ' not.'];
    const { message, finish_reason: reason } = (await ask({ refusal })).choices[0];
    assert.deepEqual({ ...message }, { role: 'assistant', content: null, refusal: 'I will not.' });
    assert.equal(reason, 'stop');
    const half = (await ask({ text: ['No, '], refusal })).choices[0].message;
    assert.deepEqual([half.content, half.refusal], ['No, ', 'I will not.']);
    const chunks = [];
    for await (const one of await ask({ refusal }, { stream: true })) chunks.push(one);
    assert.deepEqual(chunks.map(({ choices: [{ delta }] }) => delta), [
        { role: 'assistant', content: '' }, { refusal: 'I will' }, { refusal: ' not.' }, {}]);
});

test('details of the usage are there where the server reports any', async t => {
    const { client } = await both(t);
    const usage = { prompt_tokens: 100, completion_tokens: 20,
        prompt_tokens_details: { cached_tokens: 64, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 12 } };
    const expected = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120,
        prompt_tokens_details: { cached_tokens: 64 },
        completion_tokens_details: { reasoning_tokens: 12 } };
    const ask = (step, more) => client.chat.completions.create({ ...user(script(step)), ...more });
    assert.deepEqual((await ask({ text: ['x'], usage })).usage, expected);
    assert.deepEqual((await ask({ text: ['x'] })).usage,
        { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 });
    const chunks = [];
    for await (const one of await ask({ text: ['x'], usage },
        { stream: true, stream_options: { include_usage: true } })) chunks.push(one);
    assert.deepEqual(chunks.at(-1).usage, expected);
});

// ---- Faults -------------------------------------------------------------------------------------

test('a server that is busy or cuts its answer off is asked again', async t => {
    const { client, model } = await both(t);
    for (const step of [{ status: 503 }, { status: 429, headers: { 'retry-after': '1' } },
        { chunks: [{ error: { message: 'Busy.', code: 503 } }] }, { drop: true }, { cut: true, chunks: [] }, { status: 408 }]) {
        const before = model.chats().length;
        const started = Date.now();
        const answer = await client.chat.completions.create(user(script(step, {})));
        assert.equal(answer.choices[0].message.content, 'Hello, wörld.', JSON.stringify(step));
        assert.equal(model.chats().length - before, 2);
        if (step.headers) assert.ok(Date.now() - started >= 950, 'Retry-After is followed');
    }
});

test('what cannot be helped is said', async t => {
    const { client, treadle, model } = await both(t, { server: {}, arguments: ['--model-first-timeout',
        '1'] });
    const ask = (step, more = {}) => post(treadle, '/v1/chat/completions',
        { ...user(script(step)), ...more });
    assertError(await ask({ status: 400, body: { error: { message: 'Too long.',
        type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' } } }),
    400, { message: 'Too long.', param: 'messages', code: 'context_length_exceeded' });
    assertError(await ask({ status: 404, body: { error: 'model "x" not found' } }), 404,
        { code: 'model_not_found', message: 'model "x" not found' });
    assertError(await ask({ status: 401, body: { error: { message: 'bad key' } } }), 502,
        { code: 'model_server_refused' });
    assertError(await ask({ status: 429, headers: { 'retry-after': '3600' },
        body: { error: { message: 'Slow down.' } } }), 429, { code: 'rate_limit_exceeded' });
    assertError(await ask({ status: 302, headers: { location: model.url } }), 502,
        { message: /redirect/ });
    assertError(await ask({ silent: true }), 504, { code: 'model_server_timeout' });
    assertError(await ask({ silent: true }, { stream: true }), 504);
    assertError(await ask({ chunks: ['data: {not json\n\n'] }), 502);
    assertError(await ask({ chunks: [{ error: { message: 'Out of memory.' } }] }), 502,
        { message: /Out of memory/ });
    const before = model.chats().length;
    await assert.rejects(client.chat.completions.create(user(script({ cut: true,
        chunks: textChunks(['half']).slice(0, 2) }))), /was cut off/);
    assert.equal(model.chats().length, before + 1, 'not again once something was handed on');
});

test('silence is distinguished from thinking', async t => {
    const { client, treadle } = await both(t, { arguments: ['--model-first-timeout', '60',
        '--model-idle-timeout', '1'] });
    const think = Array.from({ length: 5 }, () => chunk({ reasoning_content: 'Hm. ' }));
    const slow = { pause: 400, chunks: [...think, ...textChunks(['Yes.'])] };
    const answer = await client.chat.completions.create(user(script(slow)));
    assert.equal(answer.choices[0].message.content, 'Yes.');
    assertError(await post(treadle, '/v1/chat/completions', user(script({ hang: true,
        chunks: [think[0]] }))), 504, { code: 'model_server_timeout', message: /stopped sending/ });
});

test('a stream that is cut off ends with the error and without DONE', async t => {
    const { treadle } = await both(t);
    const raw = await post(treadle, '/v1/chat/completions', { ...user(script({ cut: true,
        chunks: textChunks(['half']).slice(0, 2) })), stream: true });
    assert.equal(raw.status, 200);
    const events = raw.text.trim().split('\n\n');
    assert.match(JSON.parse(events.at(-1).slice(6)).error.message, /was cut off/);
    assert.doesNotMatch(raw.text, /DONE/);
});

test('a server that is not there', async t => {
    const gone = await modelServer(t);
    const treadle = await serve(t, { arguments: ['--model-url', 'http://127.0.0.1:9/v1'] });
    assert.ok(gone.url);
    assertError(await post(treadle, '/v1/chat/completions', user('Hi')), 502,
        { code: 'model_server_unreachable' });
    const own = await treadle.client.chat.completions.create({ ...user('Hi'),
        model: 'treadle-extractive' });
    assert.match(own.choices[0].message.content, /treadle-extractive/);
});

test('who leaves stops the model', async t => {
    const { treadle, model } = await both(t);
    const { hostname, port } = new URL(treadle.url);
    for (const stream of [true, false]) {
        const body = JSON.stringify({ ...user(script({ hang: true,
            chunks: textChunks(['a']).slice(0, 2), pause: stream ? 1 : 0 })), stream });
        const sent = http.request({ hostname, port, method: 'POST', path: '/v1/chat/completions',
            headers: { 'content-type': 'application/json' } });
        sent.on('error', () => {});
        sent.end(body);
        const count = model.chats().length;
        await until('the model is asked', () => model.chats().length > count ||
            model.chats().at(-1)?.body.messages[0].content.includes('hang'));
        await sleep(200);
        sent.destroy();
        await until('the model is notified', () => model.chats().at(-1).aborted, 5000);
    }
});

test('bad requests for chat completions', async t => {
    const server = await serve(t);
    const messages = [{ role: 'user', content: 'x' }];
    const model = 'treadle-extractive';
    const rows = [
        [{ messages }, 'model'], [{ model }, 'messages'], [{ model, messages: [] }, 'messages'],
        [{ model, messages, n: 2 }, 'n'], [{ model, messages, logprobs: true }, 'logprobs'],
        [{ model, messages, temperature: 3 }, 'temperature'],
        [{ model, messages, functions: [{ name: 'f' }] }, 'functions'],
        [{ model, messages, modalities: ['audio'] }, 'modalities'],
        [{ model, messages, stream_options: { include_usage: true } }, 'stream_options'],
        [{ model, messages, tool_choice: 'auto' }, 'tool_choice'],
        [{ model, messages: [{ role: 'user' }] }, 'messages[0].content'],
        [{ model, messages: [{ role: 'user', content: [] }] }, 'messages[0].content'],
        [{ model, messages: [{ role: 'user', content: [{ type: 'text' }] }] },
            'messages[0].content'],
        [{ model, messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
        [{ model, messages: [{ role: 'assistant', content: 'x', audio: { id: 'a' } }] },
            'messages[0].audio'],
        [{ model, messages: [{ role: 'assistant', function_call: { name: 'f', arguments: '{}' } }] },
            'messages[0].function_call'],
        [{ model, messages: [{ role: 'nobody', content: 'x' }] }, 'messages[0].role'],
        [{ model, messages, made_up: 1 }, 'made_up'],
    ];
    for (const [body, param] of rows)
        assertError(await post(server, '/v1/chat/completions', body), 400, { param });
});

// ---- Embeddings ---------------------------------------------------------------------------------

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

test('the built-in embedding', async t => {
    const { client, ...server } = await serve(t);
    const input = ['The pump needs oil.', 'Oil the pumps!', 'Quantum chromodynamics'];
    const made = await client.embeddings.create({ model: 'treadle-hash-embedding', input });
    fit('CreateEmbeddingResponse', made);
    assert.equal(made.object, 'list');
    assert.equal(made.model, 'treadle-hash-embedding');
    assert.deepEqual(made.data.map(d => [d.object, d.index]),
        [['embedding', 0], ['embedding', 1], ['embedding', 2]]);
    const [a, b, c] = made.data.map(d => d.embedding);
    assert.equal(a.length, 384);
    assert.ok(Math.abs(dot(a, a) - 1) < 1e-5);
    assert.ok(dot(a, b) > dot(a, c) + 0.2, `${dot(a, b)} ${dot(a, c)}`);
    assert.ok(made.usage.prompt_tokens > 5);
    const plain = await client.embeddings.create({ model: 'any', input, encoding_format: 'float' });
    assert.deepEqual(plain.data[0].embedding.map(Math.fround), Array.from(a));
    const raw = await post(server, '/v1/embeddings', { model: 'x', input: 'one', dimensions: 256,
        encoding_format: 'base64' });
    assert.equal(Buffer.from(raw.json.data[0].embedding, 'base64').length, 1024);
    const again = await post(server, '/v1/embeddings', { model: 'x', input: 'one',
        dimensions: 256, encoding_format: 'base64' });
    assert.equal(again.text, raw.text);
});

test('bad requests for embeddings', async t => {
    const server = await serve(t);
    const model = 'treadle-hash-embedding';
    const rows = [
        [{ model }, 'input'], [{ input: 'x' }, 'model'], [{ model, input: '' }, 'input'],
        [{ model, input: [] }, 'input'], [{ model, input: 5 }, 'input'],
        [{ model, input: {} }, 'input'], [{ model, input: ['a', 5] }, 'input'],
        [{ model, input: [[1], 'a'] }, 'input'], [{ model, input: [1.5] }, 'input'],
        [{ model, input: Array(2049).fill('x') }, 'input'],
        [{ model, input: 'word '.repeat(9000) }, 'input'],
        [{ model, input: [1, 2, 3] }, 'input'], [{ model, input: 'x', dimensions: 0 }, 'dimensions'],
        [{ model, input: 'x', dimensions: 5000 }, 'dimensions'],
        [{ model, input: 'x', encoding_format: 'hex' }, 'encoding_format'],
    ];
    for (const [body, param] of rows)
        assertError(await post(server, '/v1/embeddings', body), 400, { param });
    const most = await post(server, '/v1/embeddings', { model, input: Array(2048).fill('x'),
        encoding_format: 'base64' });
    assert.equal(most.json.data.length, 2048);
});

test('embeddings of a server', async t => {
    const model = await modelServer(t, { models: ['scripted-embedding'] });
    const { client, ...server } = await serve(t, { arguments: ['--embedding-url', model.url,
        '--embedding-model', 'scripted-embedding'] });
    const made = await client.embeddings.create({ model: 'text-embedding-3-small',
        input: ['a', 'b'] });
    assert.equal(made.model, 'scripted-embedding');
    assert.deepEqual(made.data.map(d => d.index), [0, 1]);
    assert.ok(Math.abs(made.data[1].embedding[0] - 2 / 3) < 1e-6);
    assert.equal(model.requests.at(-1).body.model, 'scripted-embedding');
    const tokens = await post(server, '/v1/embeddings', { model: 'scripted-embedding',
        input: [[1, 2], [3]], dimensions: 7, encoding_format: 'float' });
    assert.equal(tokens.json.data[1].embedding.length, 7);
    const own = await client.embeddings.create({ model: 'treadle-hash-embedding', input: 'a' });
    assert.equal(own.data[0].embedding.length, 384);
    assert.ok((await client.models.list()).data.some(m => m.id === 'scripted-embedding'));
});

// ---- Runs ---------------------------------------------------------------------------------------

test('a run of a served model searches files and cites them', async t => {
    const { client, model } = await both(t, { arguments: ['--model', 'scripted-1'] });
    const file = await client.files.create({ purpose: 'assistants',
        file: upload('pump.txt', 'The pump must be serviced every 400 hours of operation.\n') });
    const store = await client.vectorStores.create({ file_ids: [file.id] });
    const assistant = await client.beta.assistants.create({ model: 'gpt-something',
        instructions: 'Answer from the files.', tools: [{ type: 'file_search' }],
        temperature: 0.3,
        tool_resources: { file_search: { vector_store_ids: [store.id] } } });
    const thread = await client.beta.threads.create({ messages: [{ role: 'user',
        content: 'How often must the pump be serviced?' }] });
    const run = await client.beta.threads.runs.createAndPoll(thread.id,
        { assistant_id: assistant.id }, { pollIntervalMs: 20 });
    assert.equal(run.status, 'completed', JSON.stringify(run.last_error));
    assert.deepEqual([run.usage.prompt_tokens, run.usage.completion_tokens], [22, 14]);
    const [message] = (await client.beta.threads.messages.list(thread.id)).data;
    const { value, annotations } = message.content[0].text;
    assert.match(value, /^It is written so\./);
    assert.equal(annotations.length, 1);
    assert.equal(annotations[0].file_citation.file_id, file.id);
    const [first, second] = model.chats().map(r => r.body);
    assert.equal(first.model, 'scripted-1');
    assert.equal(first.temperature, 0.3);
    assert.equal(first.messages[0].content, 'Answer from the files.');
    assert.equal(second.messages.at(-2).tool_calls[0].id, second.messages.at(-1).tool_call_id);
    assert.match(second.messages.at(-1).content, /【\d+:\d+†pump\.txt】 from pump\.txt/);
    assert.match(second.messages.at(-1).content, /400 hours/);
});

test('a run fails with what the server said', async t => {
    const { client } = await both(t);
    const assistant = await client.beta.assistants.create({ model: 'scripted-1' });
    const run = await client.beta.threads.createAndRunPoll({ assistant_id: assistant.id,
        thread: { messages: [{ role: 'user', content: script({ status: 400,
            body: { error: { message: 'The context is too long.' } } }) }] } },
    { pollIntervalMs: 20 });
    assert.equal(run.status, 'failed');
    assert.match(run.last_error.message, /context is too long/);
});

test('stopping does not wait for a model for long', async t => {
    const { client, treadle, model } = await both(t, { arguments: ['--grace', '1'] });
    const assistant = await client.beta.assistants.create({ model: 'scripted-1' });
    await client.beta.threads.createAndRun({ assistant_id: assistant.id,
        thread: { messages: [{ role: 'user', content: script({ silent: true }) }] } });
    const waiting = post(treadle, '/v1/chat/completions', user(script({ silent: true })))
        .catch(error => error);
    await until('both are asked', () => model.chats().length === 2);
    await within(6000, 'it stops', treadle.stop());
    const reply = await waiting;
    assert.ok(reply.status === 503 || reply instanceof Error, String(reply.status));
});

test('images of allowed hosts are fetched, others are left to the server', async t => {
    const png = Buffer.from('89504e470d0a1a0a00ff', 'hex');
    const asked = [];
    const images = http.createServer((request, response) => {
        asked.push(request);
        response.statusCode = request.url.startsWith('/x') ? 200 : 404;
        response.end(response.statusCode === 200 ? png : undefined);
    });
    await new Promise(done => images.listen(0, '127.0.0.1', done));
    t.after(() => { images.closeAllConnections(); images.close(); });
    const { model, client } = await both(t, { env: { TREADLE_MODEL_KEY: 'sk-remote',
        TREADLE_FETCH_IMAGES: '127.0.0.1,*.images.example' } });
    const at = path => `http://127.0.0.1:${images.address().port}${path}`;
    const part = (url, detail) => ({ type: 'image_url', image_url: { url, detail } });
    const content = [{ type: 'text', text: 'Look' }, part(at('/x.png'), 'low'), part(at('/gone')),
        part('https://elsewhere.example/y.png', 'high'), part(at('/x.png'), 'high')];
    for (const stream of [false, true]) {
        asked.length = 0;
        await client.chat.completions.create({ ...user(content), stream });
        await until('it is asked', () => asked.length === 2);
    }
    await until('the model is asked', () => model.chats().length === 2);
    const data = `data:image/png;base64,${png.toString('base64')}`;
    for (const { body } of model.chats()) {
        const [text, first, gone, other, again] = body.messages[0].content;
        assert.equal(text.text, 'Look');
        assert.deepEqual(first, part(data, 'low'));
        assert.equal(gone.type, 'text');
        assert.match(gone.text, /image was here.*did not give it/);
        assert.deepEqual(other, content[3]);
        assert.deepEqual(again, part(data, 'high'));
    }
    assert.deepEqual(asked.map(r => r.url), ['/x.png', '/gone']);
    assert.equal(asked[0].headers.authorization, undefined);
});

test('keys and addresses that cannot be right are refused at the start', async t => {
    for (const more of [['--model-url', 'ftp://x'], ['--model-url', 'http://u:p@x/v1'],
        ['--model-key', 'k'], ['--model', 'm'], ['--model-context', '4096'],
        ['--fetch-images', 'a.example'],
        ['--model-url', 'http://x/v1', '--fetch-images', 'http://a.example/'],
        ['--model-url', 'http://x/v1', '--model-key-file', '/nowhere']])
        await assert.rejects(serve(t, { arguments: more }), /the server ended/);
});
