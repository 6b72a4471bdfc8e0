// Streams of runs: event by event as the transcripts say, and what holds of every stream.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { assertError, post, until, upload } from './harness.mjs';
import { call, calls, cite, gate, quote, say, script, search, turns } from './model_server.mjs';
import { checked, Follower, folded } from './protocol.mjs';
import { follow, openEvents, stream } from './sse.mjs';
import { CLOCK, outputsFor, pending, SEARCH, steered, textOf } from './steered.mjs';
import { assertTranscript } from './transcript.mjs';

const withFile = async ({ client }, name = 'pump.txt') => {
    const file = await client.files.create({ purpose: 'assistants',
        file: upload(name, 'The pump must be serviced every 400 hours of operation.\n') });
    const store = await client.vectorStores.create({ file_ids: [file.id] });
    await client.vectorStores.files.poll(store.id, file.id, { pollIntervalMs: 20 });
    return { tools: [SEARCH], tool_resources: { file_search: { vector_store_ids: [store.id] } } };
};

/** What REST says at the end is what the stream said. */
async function assertStored(kit, follower) {
    const { run } = follower;
    const { client } = kit;
    assert.deepEqual({ ...await client.beta.threads.runs.retrieve(run.id,
        { thread_id: run.thread_id }) }, run);
    const steps = await kit.steps(run);
    const ended = follower.finalSteps.map(step => step.id);
    assert.deepEqual(steps.filter(step => ended.includes(step.id)), follower.finalSteps);
    const said = follower.messages.map(message => message.id);
    assert.deepEqual((await kit.messages(run)).filter(one => said.includes(one.id)), follower.messages);
}

/** Name, arguments and output of each call of the last step. */
const madeCalls = ({ finalSteps }) => finalSteps.at(-1).step_details.tool_calls
    .map(one => [one.function.name, one.function.arguments, one.function.output]);

test('streams of runs that complete', async t => {
    const kit = await steered(t);
    const golden = async (name, reply, options) => {
        const follower = await checked(reply, options);
        assertTranscript(name, follower.events);
        await assertStored(kit, follower);
        return follower;
    };

    await t.test('a message', async () => {
        const { run } = await golden('message', await kit.stream(script(say('Hello', ', ', 'wörld.'))));
        assert.equal(run.status, 'completed');
    });
    await t.test('a thread and a run at once', async () => {
        const follower = await golden('thread_and_run', await stream(kit.server, 'POST',
            '/v1/threads/runs', { assistant_id: await kit.assistant(), stream: true,
                thread: { messages: [{ role: 'user', content: script(say('Hi.')) }] } }));
        assert.equal(follower.run.thread_id, follower.thread.id);
    });
    await t.test('a function, and its output', async () => {
        const first = await golden('function_call', await kit.stream(turns(
            call('get_weather', { city: 'Zürich' }), quote)));
        assert.equal(first.run.status, 'requires_action');
        await golden('submission', await kit.submitStream(first.run, outputsFor(first.run)),
            { submission: true });
    });
    const three = calls(['get_weather', { city: 'Bern' }], ['get_time'],
        ['get_weather', { city: 'Basel' }]);
    await t.test('functions in parallel', async () => {
        const first = await golden('parallel_calls', await kit.stream(turns(three, quote)));
        await golden('parallel_submission', await kit.submitStream(first.run,
            outputsFor(first.run).reverse()), { submission: true });
    });
    await t.test('functions in parallel, whose arguments take turns', async () => {
        const { run } = await checked(await kit.stream(turns({ ...three, interleave: true }, quote)));
        assert.deepEqual(pending(run).map(one => one.function.arguments),
            ['{"city":"Bern"}', '{}', '{"city":"Basel"}']);
    });
    await t.test('text and then a function', async () => {
        const first = await golden('text_then_call', await kit.stream(turns(
            { ...say('Let me ', 'see.'), ...call('get_time') }, say('Noon.'))));
        const second = await checked(await kit.submitStream(first.run, outputsFor(first.run)),
            { submission: true });
        assert.deepEqual((await kit.messages(second.run)).map(textOf), ['Let me see.', 'Noon.']);
    });
    await t.test('file search and citations', async () => {
        const assistant = await withFile(kit);
        const { messages: [message], run } = await golden('file_search',
            await kit.stream(turns(search('pump hours'), cite), { assistant }));
        const { value, annotations } = message.content[0].text;
        assert.match(value, /^So it is written\.【\d+:\d+†pump\.txt】 A 【note】 and more【/);
        assert.equal(annotations.length, 3);
        assert.ok(run.usage.prompt_tokens === 22 && run.usage.completion_tokens === 14);
    });
    await t.test('file search and a function in one turn', async () => {
        const assistant = await withFile(kit);
        assistant.tools.push(CLOCK);
        const first = await checked(await kit.stream(turns(calls(['get_time'],
            ['file_search', { queries: ['pump'] }]), cite), { assistant }));
        assert.deepEqual(pending(first.run).map(one => one.function.name), ['get_time']);
        const second = await checked(await kit.submitStream(first.run, outputsFor(first.run)),
            { submission: true });
        await assertStored(kit, second);
        assert.equal(second.messages[0].content[0].text.annotations.length, 3);
    });
    await t.test('an answer without a word', async () => {
        const { messages } = await golden('empty', await kit.stream(script(say())));
        assert.equal(textOf(messages[0]), '');
    });
});

test('streams of runs that end otherwise', async t => {
    const kit = await steered(t);
    const golden = async (name, reply) => {
        const follower = await checked(reply);
        assertTranscript(name, follower.events);
        await assertStored(kit, follower);
        return follower.run;
    };
    const half = { ...say('Half an', ' answer'), hang: true };

    await t.test('the answer of the model is cut off', async () => {
        const run = await golden('failure', await kit.stream(script({ ...say('Half an', ' answer'),
            cut: true })));
        assert.match(run.last_error.message, /was cut off/);
    });
    await t.test('the answer of the model is cut off within calls', async () => {
        const follower = await checked(await kit.stream(turns({ ...calls(['get_weather',
            { city: 'Bern' }], ['get_time', '{"of": "Par']), cut: true })));
        assert.deepEqual(madeCalls(follower), [['get_weather', '{"city":"Bern"}', null],
            ['get_time', '{"of": "Par', null]]);
        await assertStored(kit, follower);
    });
    await t.test('the model refuses', async () => {
        const run = await golden('refused', await kit.stream(script({ status: 400,
            body: { error: { message: 'The context is too long.' } } })));
        assert.match(run.last_error.message, /context is too long/);
    });
    await t.test('the limit of tokens', async () => {
        await golden('max_tokens', await kit.stream(script({ ...say('Half an', ' answer'),
            finish: 'length' }), { run: { max_completion_tokens: 300 } }));
    });
    await t.test('the content filter', async () => {
        await golden('content_filter', await kit.stream(script({ ...say('Half an', ' answer'),
            finish: 'content_filter' })));
    });
    await t.test('cancelled within a message', async () => {
        const reply = await kit.stream(script(half));
        await reply.until(frame => JSON.stringify(frame.data.delta ?? '').includes(' answer'));
        const run = reply.frames[0].data;
        const asked = await post(kit.server,
            `/v1/threads/${run.thread_id}/runs/${run.id}/cancel`, undefined);
        assert.equal(asked.json.status, 'cancelling');
        await reply.all();
        const follower = new Follower().takeAll(reply.frames);
        assertTranscript('cancel', follower.events);
        await assertStored(kit, follower);
    });
    await t.test('cancelled at any moment: what was published is what is stored', async () => {
        const words = Array.from({ length: 20 }, (_, i) => `word ${i} `);
        for (const step of [{ ...say(...words), pause: 1 },
            { ...call('get_weather', { city: words.join('') }, { size: 5 }), pause: 1 }])
            for (let count = 1; count < 20; count += 2) {
                const reply = await kit.stream(turns(step, quote));
                for (let i = 0; i < count && !reply.finished; i++) await reply.next();
                const run = reply.frames[0].data;
                const { json } = await post(kit.server,
                    `/v1/threads/${run.thread_id}/runs/${run.id}/cancel`, undefined);
                await reply.all();
                const follower = new Follower().takeAll(reply.frames);
                if (follower.status === 'requires_action' && json.status === 'cancelling')
                    follower.takeAll(await (await follow(kit.server, run, follower.number)).all());
                await assertStored(kit, follower);
            }
    });
    await t.test('cancelled while it waits for outputs', async () => {
        const reply = await kit.stream(turns(call('get_time'), quote));
        await reply.all();
        const follower = new Follower().takeAll(reply.frames);
        const count = follower.events.length;
        const { run } = follower;
        const rest = await follow(kit.server, run, follower.number);
        await post(kit.server, `/v1/threads/${run.thread_id}/runs/${run.id}/cancel`, undefined);
        follower.takeAll(await rest.all());
        assertTranscript('cancel_waiting', follower.events.slice(count));
        await assertStored(kit, follower);
    });
});

test('streams of runs whose time is up', async t => {
    const kit = await steered(t, { arguments: ['--run-timeout', '2'] });
    await t.test('within a message', async () => {
        const follower = await checked(await kit.stream(script({ ...say('Half an', ' answer'),
            hang: true })));
        assertTranscript('expiry', follower.events);
        await assertStored(kit, follower);
        assert.equal(follower.events[0].data.expires_at - follower.run.created_at, 2);
    });
    await t.test('within a call', async () => {
        const follower = await checked(await kit.stream(turns({ ...call('get_weather',
            '{"city": "Par'), hang: true })));
        assert.equal(follower.status, 'expired');
        assert.deepEqual(madeCalls(follower), [['get_weather', '{"city": "Par', null]]);
        await assertStored(kit, follower);
    });
    await t.test('while it waits for outputs', async () => {
        const reply = await kit.stream(turns(call('get_time'), quote));
        const follower = new Follower().takeAll(await reply.all());
        const count = follower.events.length;
        follower.takeAll(await (await follow(kit.server, follower.run, follower.number)).all());
        assertTranscript('expiry_waiting', follower.events.slice(count));
        await assertStored(kit, follower);
    });
});

test('what is streamed, and when', async t => {
    const kit = await steered(t);

    await t.test('text comes while the model still speaks', async () => {
        const reply = await kit.stream(script(say('First', gate('speak'), ' second')));
        const { data } = await reply.until('thread.message.delta');
        assert.equal(data.delta.content[0].text.value, 'First');
        kit.model.release('speak');
        const follower = new Follower().takeAll(await reply.all());
        assert.equal(textOf(follower.messages[0]), 'First second');
    });
    await t.test('what may become a marker is held back, and nothing else', async () => {
        const reply = await kit.stream(script(say('See 【4:0†pu', gate('mark'), 'mp】.')));
        const { data } = await reply.until('thread.message.delta');
        assert.equal(data.delta.content[0].text.value, 'See ');
        kit.model.release('mark');
        const follower = new Follower().takeAll(await reply.all());
        assert.equal(textOf(follower.messages[0]), 'See .');
    });
    await t.test('text that ends within a marker', async () => {
        const { messages } = await checked(await kit.stream(script(say('See 【4:', '0†pu'))));
        assert.equal(textOf(messages[0]), 'See 【4:0†pu');
    });
    await t.test('characters that are cut between chunks of the network', async () => {
        const { messages } = await checked(await kit.stream(script(say('𝒳', '🧵🪡', 'é'))));
        assert.equal(textOf(messages[0]), '𝒳🧵🪡é');
    });
    await t.test('a long answer, whole', async () => {
        const { messages } = await checked(await kit.stream(script({ huge: 1 << 20 })));
        assert.equal(textOf(messages[0]), '0123456789 abcde'.repeat((1 << 20) / 16));
    });
    await t.test('an answer of too many characters fails the run', async () => {
        const { run } = await checked(await kit.stream(script({ huge: 24 << 20 })));
        assert.equal(run.status, 'failed');
        assert.match(run.last_error.message, /too large|too long|longer than/);
    });
    await t.test('a refusal is the answer', async () => {
        const { messages: [message], run } = await checked(await kit.stream(script(
            { refusal: ['I will', ' not.'] })));
        assert.equal(run.status, 'completed');
        assert.equal(textOf(message), 'I will not.');
    });
    await t.test('what a model thinks aloud is not', async () => {
        const { messages: [message] } = await checked(await kit.stream(script(
            { reasoning: ['Hm. ', 'Well.'], text: ['Yes.'] })));
        assert.equal(textOf(message), 'Yes.');
    });
    await t.test('arguments that are no JSON reach the client as they are', async () => {
        const { run } = await checked(await kit.stream(turns(
            call('get_weather', '{"city": "Par', { id: null, size: 2 }), quote)));
        const [one] = pending(run);
        assert.equal(one.function.arguments, '{"city": "Par');
        assert.match(one.id, /^call_[0-9A-Za-z]{24}$/);
    });
    await t.test('messages can be read while they are written', async () => {
        const reply = await kit.stream(script(say('Part', gate('part'))));
        await reply.until('thread.message.delta');
        const run = reply.frames[0].data;
        const [message] = await kit.messages(run);
        assert.equal(message.status, 'in_progress');
        const [step] = await kit.steps(run);
        assert.equal(step.status, 'in_progress');
        kit.model.release('part');
        await reply.all();
    });
    await t.test('results of a search are in its step when they are requested', async () => {
        const assistant = await withFile(kit);
        const thread = await kit.thread(turns(search('pump hours'), cite));
        const include = encodeURIComponent(
            'step_details.tool_calls[*].file_search.results[*].content');
        const body = { assistant_id: await kit.assistant(assistant), stream: true };
        const { finalSteps: [step] } = await checked(await stream(kit.server, 'POST',
            `/v1/threads/${thread}/runs?include[]=${include}`, body));
        assert.match(step.step_details.tool_calls[0].file_search.results[0].content[0].text, /400 hours/);
        const { finalSteps: [bare] } = await checked(await stream(kit.server, 'POST',
            `/v1/threads/${thread}/runs`, body));
        assert.equal(bare.step_details.tool_calls[0].file_search.results[0].content, undefined);
    });
    await t.test('who leaves does not stop the run', async () => {
        const reply = await kit.stream(script(say('One', gate('leave'), ' two.')));
        await reply.until('thread.message.delta');
        reply.close();
        kit.model.release('leave');
        const run = await kit.reaches(reply.frames[0].data, 'completed');
        assert.equal(textOf((await kit.messages(run))[0]), 'One two.');
        assert.equal(kit.model.chats().at(-1).aborted, false);
    });
    await t.test('the connection serves for more', async () => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        t.after(() => agent.destroy());
        const { hostname, port } = new URL(kit.server.url);
        const ports = [];
        const ask = async (method, path, value) => {
            const sent = http.request({ hostname, port, method, path, agent,
                headers: { 'content-type': 'application/json' } });
            sent.end(value && JSON.stringify(value));
            const [reply] = await once(sent, 'response');
            ports.push(reply.socket.localPort);
            let text = '';
            for await (const piece of reply.setEncoding('utf8')) text += piece;
            return text;
        };
        const assistant = await kit.assistant();
        const thread = await kit.thread(script(say('Again.')));
        for (let i = 0; i < 3; i++) {
            const text = await ask('POST', `/v1/threads/${thread}/runs`,
                { assistant_id: assistant, stream: true });
            assert.match(text, /event: done\ndata: \[DONE\]\n\n$/);
            assert.equal(JSON.parse(await ask('GET', `/v1/threads/${thread}`)).id, thread);
        }
        assert.equal(new Set(ports).size, 1);
    });
    await t.test('many streams at once', async () => {
        const said = await Promise.all(Array.from({ length: 12 }, async (_, i) => {
            const { messages } = await checked(await kit.stream(script(
                { ...say(`I am `, `number `, `${i}.`), pause: 3 })));
            return textOf(messages[0]);
        }));
        assert.deepEqual(said, said.map((_, i) => `I am number ${i}.`));
    });
    await t.test('a stream that is silent for long has heartbeats', async () => {
        const reply = await kit.stream(script(say('One', gate('silent'), ' two.')));
        await reply.until('thread.message.delta');
        const next = reply.next();
        await until('a heartbeat comes', () => reply.heartbeats > 0);
        kit.model.release('silent');
        await next;
        await reply.all();
    });
});

test('a stream of the contract has nothing but its events', async t => {
    const kit = await steered(t);
    const read = async (method, target, body, headers = {}) => {
        const reply = await fetch(`${kit.server.url}${target}`, { method,
            headers: { 'content-type': 'application/json', ...headers }, body });
        assert.equal(reply.status, 200);
        return reply.text();
    };
    const assistant_id = await kit.assistant();
    const run = JSON.stringify({ assistant_id, stream: true, thread: { messages: [{ role: 'user',
        content: script(say('One,', ' two,', ' three.'), say('more')) }] } });
    const plain = /^(event: [a-z._]+\ndata: [^\n]+\n\n)+$/;
    const text = await read('POST', '/v1/threads/runs', run);
    assert.match(text, plain);
    assert.match(text, /event: thread\.message\.delta\n/);
    assert.ok(text.endsWith('event: done\ndata: [DONE]\n\n'));

    await t.test('one that asks gets numbers', async () => {
        const asked = await read('POST', '/v1/threads/runs', run, { 'Treadle-Event-Ids': 'true' });
        assert.match(asked, /^(id: [0-9]+\nevent: [a-z._]+\ndata: [^\n]+\n\n)+event: done\n/);
    });
    await t.test('the log continues after Last-Event-ID', async () => {
        const { id, thread_id } = JSON.parse(/thread\.run\.created\ndata: (.*)/.exec(text)[1]);
        const events = `/v1/threads/${thread_id}/runs/${id}/events`;
        const all = await read('GET', events);
        const numbers = [...all.matchAll(/^id: (\d+)$/gm)].map(match => match[1]);
        const rest = await read('GET', `${events}?after=0`, undefined, { 'Last-Event-ID': numbers[2] });
        assert.ok(all.endsWith(rest) && rest.startsWith(`id: ${numbers[3]}\n`), rest.slice(0, 80));
        const wrong = await fetch(`${kit.server.url}${events}`, { headers: { 'Last-Event-ID': 'x' } });
        await wrong.json().then(({ error }) => assert.equal(error.param, 'Last-Event-ID'));
        assert.equal(wrong.status, 400);
    });
});

test('errors before a stream are plain', async t => {
    const kit = await steered(t);
    const assistant = await kit.assistant();
    const thread = await kit.thread(script(call('get_time')));
    const ask = (target, value) => openEvents(kit.server, 'POST', target, { stream: true, ...value });
    const runs = `/v1/threads/${thread}/runs`;
    assertError(await ask(runs, {}), 400, { param: 'assistant_id' });
    assertError(await ask(runs, { assistant_id: 'asst_x' }), 404,
        { message: "No assistant found with id 'asst_x'." });
    assertError(await ask('/v1/threads/thread_x/runs', { assistant_id: assistant }), 404);
    assertError(await ask('/v1/threads/runs', { assistant_id: 'asst_x' }), 404);
    assertError(await ask(runs, { assistant_id: assistant, stream: 'yes' }), 400, { param: 'stream' });
    assertError(await ask(`/v1/threads/${await kit.thread()}/runs`,
        { assistant_id: await kit.assistant({ instructions: null }) }), 400, { code: 'invalid_thread' });
    const { run } = await checked(await stream(kit.server, 'POST', runs,
        { assistant_id: assistant, stream: true }));
    assertError(await ask(runs, { assistant_id: assistant }), 400,
        { message: `Thread ${thread} already has an active run ${run.id}.` });
    assertError(await ask(`${runs}/${run.id}/submit_tool_outputs`, { tool_outputs: [] }), 400);
    assertError(await ask(`${runs}/run_x/submit_tool_outputs`, { tool_outputs: [] }), 404,
        { message: "No run found with id 'run_x'." });
});

test('stream: false and null are no stream', async t => {
    const kit = await steered(t);
    for (const value of [false, null]) {
        const run = await kit.start(script(say('x')), { run: { stream: value } });
        assert.equal(run.status, 'queued');
        const done = await kit.reaches(run, 'completed');
        const replayed = new Follower({ replay: true })
            .takeAll(await (await follow(kit.server, run)).all());
        assert.deepEqual(replayed.run, { ...done });
        assert.deepEqual(folded(replayed.events).map(frame => frame.event), [
            'thread.run.created', 'thread.run.queued', 'thread.run.in_progress',
            'thread.run.step.created', 'thread.run.step.in_progress', 'thread.message.created',
            'thread.message.in_progress', 'thread.message.delta', 'thread.message.completed',
            'thread.run.step.completed', 'thread.run.completed']);
    }
});
