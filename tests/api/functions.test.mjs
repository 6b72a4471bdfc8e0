// Functions: what a run asks for, which outputs it takes, and what the model gets to see of it all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertError, post, request, upload } from './harness.mjs';
import { call, calls, cite, quote, say, script, turns } from './model_server.mjs';
import { checked } from './protocol.mjs';
import { CLOCK, ENDED, outputsFor, pending, SEARCH, steered, textOf, WEATHER } from './steered.mjs';

const two = calls(['get_weather', { city: 'Bern' }], ['get_time']);
const target = run => `/v1/threads/${run.thread_id}/runs/${run.id}`;
const submit = (kit, run, outputs) =>
    post(kit.server, `${target(run)}/submit_tool_outputs`, { tool_outputs: outputs });
const ids = list => `[${list.map(id => `'${id}'`).join(', ')}]`;

/** What the model server was asked in the turns of that run, found by the words of its user. */
const asked = (kit, content) => kit.model.chats().map(record => record.body)
    .filter(body => body.messages.some(message => message.content === content));

test('outputs that are refused, and leave the run as it is', async t => {
    const kit = await steered(t);
    const run = await kit.run(turns(two, quote));
    assert.equal(run.status, 'requires_action');
    const [a, b] = pending(run).map(one => one.id);
    const output = id => ({ tool_call_id: id, output: 'x' });
    const refused = async (outputs, expected, status = 400) => {
        assertError(await submit(kit, run, outputs), status, expected);
        const { json } = await request(kit.server, 'GET', target(run));
        assert.deepEqual(json, { ...run });
        const [step] = await kit.steps(run);
        assert.deepEqual(step.step_details.tool_calls.map(one => one.function.output), [null, null]);
    };
    const expects = got => ({ type: 'invalid_request_error', code: null,
        message: `Expected tool outputs for call_ids ${ids([a, b])}, got ${ids(got)}` });

    const lists = { 'one is missing': [a], 'the other is missing': [b], 'none is there': [],
        'one is twice': [a, a], 'one is twice beside all': [a, b, a], 'one is unknown': [a, 'call_x'],
        'one is too much': [a, b, 'call_x'], 'all are unknown': ['call_x', 'call_y'] };
    for (const [name, list] of Object.entries(lists))
        await t.test(name, () => refused(list.map(output), expects(list)));
    for (const value of [5, true, { a: 1 }, ['x']])
        await t.test(`an output of ${JSON.stringify(value)}`, () => refused(
            [output(a), { tool_call_id: b, output: value }],
            { code: 'invalid_type', param: 'tool_outputs[1].output' }));
    await t.test('an id that is no text', () => refused([output(a), { tool_call_id: 5, output: '' }],
        { code: 'invalid_type', param: 'tool_outputs[1].tool_call_id' }));
    await t.test('no list', async () => {
        assertError(await post(kit.server, `${target(run)}/submit_tool_outputs`, {}), 400,
            { param: 'tool_outputs' });
        assertError(await post(kit.server, `${target(run)}/submit_tool_outputs`,
            { tool_outputs: 'x' }), 400, { param: 'tool_outputs' });
    });
    await t.test('a run of another thread', async () => {
        const other = { ...run, thread_id: await kit.thread() };
        assertError(await submit(kit, other, [output(a), output(b)]), 404,
            { message: `No run found with id '${run.id}'.` });
        assertError(await submit(kit, { ...run, thread_id: 'thread_x' }, []), 404,
            { message: "No thread found with id 'thread_x'." });
    });
    await t.test('and then it takes what is right', async () => {
        const reply = await submit(kit, run, [output(b), output(a)]);
        assert.equal(reply.status, 200, reply.text);
        assert.equal(reply.json.status, 'queued');
        assert.equal(reply.json.required_action, null);
        assert.equal(reply.json.expires_at, run.expires_at);
        assert.equal(reply.json.usage, null);
        await kit.reaches(run, 'completed');
    });
});

test('runs that wait for no outputs', async t => {
    const kit = await steered(t);
    const refuses = async (run, status) => assertError(await submit(kit, run,
        [{ tool_call_id: 'call_x', output: '' }]), 400, { code: null,
        message: `Runs in status "${status}" do not accept tool outputs.` });

    await t.test('at work', async () => {
        const run = await kit.start(script({ ...say('x'), wait: 'work' }));
        await kit.reaches(run, 'in_progress');
        await refuses(run, 'in_progress');
        kit.model.release('work');
        await kit.reaches(run, 'completed');
        await refuses(run, 'completed');
    });
    await t.test('failed', async () => refuses(
        await kit.run(script({ status: 400, body: { error: { message: 'No.' } } })), 'failed'));
    await t.test('cancelled', async () => {
        const run = await kit.run(turns(call('get_time'), quote));
        await post(kit.server, `${target(run)}/cancel`);
        const ended = await kit.reaches(run, 'cancelled');
        assert.equal(ended.required_action, null);
        await refuses(run, 'cancelled');
        const [step] = await kit.steps(run);
        assert.equal(step.status, 'cancelled');
        assert.equal(step.step_details.tool_calls[0].function.output, null);
    });
    await t.test('twice', async () => {
        const run = await kit.run(turns(call('get_time'), { ...quote, wait: 'twice' }));
        assert.equal((await submit(kit, run, outputsFor(run))).status, 200);
        await kit.reaches(run, 'in_progress');
        assertError(await submit(kit, run, outputsFor(run)), 400,
            { message: 'Runs in status "in_progress" do not accept tool outputs.' });
        kit.model.release('twice');
        await kit.reaches(run, 'completed');
        assert.equal((await kit.steps(run)).length, 2);
    });
    await t.test('of many simultaneous submissions one wins', async () => {
        const run = await kit.run(turns(call('get_time'), quote));
        const replies = await Promise.all(Array.from({ length: 8 }, () =>
            submit(kit, run, outputsFor(run))));
        assert.equal(replies.filter(reply => reply.status === 200).length, 1);
        for (const reply of replies.filter(one => one.status !== 200))
            assertError(reply, 400, { message:
                /^Runs in status "(queued|in_progress|completed)" do not accept tool outputs\.$/ });
        await kit.reaches(run, 'completed');
    });
});

test('what the model sees of the calls and their outputs', async t => {
    const kit = await steered(t);

    await t.test('calls and outputs stand in order, with the ids of the step', async () => {
        const content = turns({ ...say('Let me see.'), ...two }, quote);
        const run = await kit.run(content);
        const [a, b] = pending(run);
        await kit.submit(run, outputsFor(run, (name, text) => `${name} ${text}`).reverse());
        await kit.reaches(run, 'completed');
        const [first, second] = asked(kit, content).map(body => body.messages);
        assert.deepEqual(first, [{ role: 'system', content: 'Answer.' }, { role: 'user', content }]);
        assert.deepEqual(second.slice(0, 2), first);
        const since = second.slice(2);
        assert.deepEqual(since.slice(-2), [
            { role: 'tool', content: 'get_weather {"city":"Bern"}', tool_call_id: a.id },
            { role: 'tool', content: 'get_time {}', tool_call_id: b.id }]);
        const calling = since.at(-3);
        assert.equal(calling.role, 'assistant');
        assert.deepEqual(calling.tool_calls, pending(run));
        assert.deepEqual(since.slice(0, -2).map(message => message.content).filter(Boolean),
            ['Let me see.']);
        assert.equal(textOf((await kit.messages(run)).at(-1)),
            '[get_weather → get_weather {"city":"Bern"}][get_time → get_time {}]');
    });
    await t.test('over several rounds', async () => {
        const content = turns(call('get_time'), call('get_weather', { city: 'Chur' }),
            { ...say('Now.'), ...call('get_time') }, quote);
        let run = await kit.run(content);
        const seen = [];
        for (let round = 1; run.status === 'requires_action'; round++) {
            seen.push(pending(run)[0].id);
            await kit.submit(run, outputsFor(run, () => `output ${round}`));
            run = await kit.reaches(run, 'requires_action', 'completed');
        }
        assert.equal(seen.length, 3);
        assert.equal(new Set(seen).size, 3);
        const last = asked(kit, content).at(-1).messages;
        assert.deepEqual(last.filter(message => message.tool_calls).flatMap(message =>
            message.tool_calls.map(one => one.id)), seen);
        assert.deepEqual(last.filter(message => message.role === 'tool')
            .map(message => [message.tool_call_id, message.content]),
        seen.map((id, i) => [id, `output ${i + 1}`]));
        last.forEach((message, i) => {
            if (message.role === 'tool') assert.ok(last[i - 1].tool_calls, 'an output follows its call');
        });
        const steps = await kit.steps(run);
        assert.deepEqual(steps.map(step => step.type), ['tool_calls', 'tool_calls',
            'message_creation', 'tool_calls', 'message_creation']);
        assert.deepEqual(run.usage.prompt_tokens, 44);
        assert.equal(steps.reduce((sum, step) => sum + step.usage.total_tokens, 0),
            run.usage.total_tokens);
    });
    await t.test('started_at is that of the last resumption', async () => {
        const run = await kit.run(turns(call('get_time'), quote));
        await new Promise(done => setTimeout(done, 1100));
        await kit.submit(run, outputsFor(run));
        const ended = await kit.reaches(run, 'completed');
        assert.ok(ended.started_at > run.started_at);
        assert.equal(ended.created_at, run.created_at);
    });
    await t.test('outputs of any text', async () => {
        for (const output of ['', '{"a": [1, null]}', '𝒳 "\n\t\\', 'x'.repeat(400000)]) {
            const run = await kit.run(turns(call('get_time'), quote));
            await kit.submit(run, [{ tool_call_id: pending(run)[0].id, output }]);
            await kit.reaches(run, 'completed');
            assert.equal(kit.model.chats().at(-1).body.messages.at(-1).content, output);
            const [step] = await kit.steps(run);
            assert.equal(step.step_details.tool_calls[0].function.output, output);
        }
    });
    await t.test('many calls at once', async () => {
        const run = await kit.run(turns(calls(...Array.from({ length: 40 }, (_, i) =>
            ['get_weather', { city: `City ${i}` }])), quote));
        assert.deepEqual(pending(run).map(one => JSON.parse(one.function.arguments).city),
            Array.from({ length: 40 }, (_, i) => `City ${i}`));
        await kit.submit(run, outputsFor(run));
        await kit.reaches(run, 'completed');
    });
    await t.test('the next run sees the answer', async () => {
        const run = await kit.run(turns(call('get_time'), say('At noon.')));
        await kit.submit(run, outputsFor(run));
        await kit.reaches(run, 'completed');
        const again = await kit.client.beta.threads.runs.create(run.thread_id, { assistant_id:
            run.assistant_id, additional_messages: [{ role: 'user', content: 'Thanks.' }] });
        await kit.reaches(again, 'completed');
        const { messages } = kit.model.chats().at(-1).body;
        assert.deepEqual(messages.at(-1), { role: 'user', content: 'Thanks.' });
        assert.ok(messages.some(one => one.role === 'assistant' && one.content === 'At noon.'));
    });
});

test('a turn that searches files and calls a function', async t => {
    const kit = await steered(t);
    const { client } = kit;
    const file = await client.files.create({ purpose: 'assistants',
        file: upload('pump.txt', 'The pump must be serviced every 400 hours.\n') });
    const store = await client.vectorStores.create({ file_ids: [file.id] });
    await client.vectorStores.files.poll(store.id, file.id, { pollIntervalMs: 20 });
    const assistant = { tools: [SEARCH, CLOCK], tool_resources: {
        file_search: { vector_store_ids: [store.id] } } };
    for (const order of [[['file_search', { queries: ['pump'] }], ['get_time']],
        [['get_time'], ['file_search', { queries: ['pump'] }]]])
        await t.test(order.map(([name]) => name).join(', '), async () => {
            const content = turns(calls(...order), cite);
            const run = await kit.run(content, { assistant });
            assert.equal(run.status, 'requires_action');
            assert.deepEqual(pending(run).map(one => one.function.name), ['get_time']);
            const searched = (await kit.steps(run)).flatMap(step => step.step_details.tool_calls)
                .find(one => one.type === 'file_search');
            assert.equal(searched.file_search.results[0].file_id, file.id);
            const found = () => client.beta.threads.runs.steps.list(run.id, { thread_id: run.thread_id,
                order: 'asc', include: ['step_details.tool_calls[*].file_search.results[*].content'] })
                .then(({ data }) => data[0].step_details.tool_calls
                    .find(one => one.type === 'file_search').file_search.results);
            const before = await found();
            assert.match(before[0].content[0].text, /400 hours/);
            await kit.submit(run, outputsFor(run));
            const ended = await kit.reaches(run, 'completed');
            const { messages } = asked(kit, content).at(-1);
            const outputs = messages.filter(one => one.role === 'tool');
            assert.equal(outputs.length, 2);
            const byId = new Map(outputs.map(one => [one.tool_call_id, one.content]));
            assert.match(byId.get(searched.id), /400 hours/);
            assert.equal(byId.get(pending(run)[0].id), 'output of get_time');
            assert.equal(ended.usage.prompt_tokens, 22);
            assert.deepEqual(await found(), before);
            const [message] = await kit.messages(run);
            assert.deepEqual(message.content[0].text.annotations.map(one => one.file_citation.file_id),
                [file.id, file.id, file.id]);
        });
});

test('calls that cannot be made are answered, so that the model continues', async t => {
    const kit = await steered(t);
    const store = await kit.client.vectorStores.create({});
    const searching = { tools: [SEARCH, CLOCK],
        tool_resources: { file_search: { vector_store_ids: [store.id] } } };
    const unknown = name => `There is no tool '${name}'.`;
    const outputs = (content, turn = 1) => asked(kit, content)[turn].messages
        .filter(one => one.role === 'tool').map(one => one.content);

    await t.test('a function that the run does not have', async () => {
        const content = turns(call('get_tides', { of: 'Brest' }), quote);
        const follower = await checked(await kit.stream(content));
        assert.equal(follower.status, 'completed');
        const [step] = await kit.steps(follower.run);
        assert.equal(step.status, 'completed');
        assert.deepEqual(step.step_details.tool_calls.map(one => one.function), [{ name: 'get_tides',
            arguments: '{"of":"Brest"}', output: unknown('get_tides') }]);
        assert.equal(textOf(follower.messages[0]), `[get_tides → ${unknown('get_tides')}]`);
    });
    await t.test('a search where there is nothing to search', async () => {
        const content = turns(call('file_search', { queries: ['x'] }), quote);
        assert.equal((await kit.run(content)).status, 'completed');
        assert.deepEqual(outputs(content), [unknown('file_search')]);
    });
    await t.test('beside one that waits for its output', async () => {
        const content = turns(calls(['get_tides'], ['get_time']), quote);
        const run = await kit.run(content);
        assert.deepEqual(pending(run).map(one => one.function.name), ['get_time']);
        await kit.submit(run, outputsFor(run));
        await kit.reaches(run, 'completed');
        assert.deepEqual(outputs(content), [unknown('get_tides'), 'output of get_time']);
    });
    for (const bad of ['', 'Par', '{}', '[]', '{"queries": []}', '{"queries": [5, ""]}',
        '{"queries": "pump"}', '{"queries": ["pum'])
        await t.test(`a search for ${bad} is one for something`, async () => {
            const content = turns(call('file_search', bad), call('file_search', { queries: ['x'] }),
                say('Nothing.'));
            const follower = await checked(await kit.stream(content, { assistant: searching }));
            assert.equal(follower.status, 'completed', JSON.stringify(follower.run.last_error));
            assert.doesNotMatch(outputs(content)[0], /Nothing was searched/);
            const [step] = await kit.steps(follower.run);
            assert.equal(step.status, 'completed');
            assert.deepEqual(step.step_details.tool_calls[0].file_search.results, []);
        });
    await t.test('for ever: the turns are counted', async () => {
        const run = await kit.run(turns(call('get_tides')));
        assert.deepEqual([run.status, run.last_error.code], ['failed', 'server_error']);
        assert.match(run.last_error.message, /turns/);
    });
});

test('how tools are offered', async t => {
    const kit = await steered(t);
    const bodies = async (run, steps = [say('x')], assistant = {}) => {
        const content = turns(...steps, say(`${Math.random()}`));
        let now = await kit.run(content, { run, assistant });
        while (now.status === 'requires_action') {
            await kit.submit(now, outputsFor(now));
            now = await kit.reaches(now, 'requires_action', 'completed');
        }
        return asked(kit, content);
    };

    await t.test('the functions as they are declared', async () => {
        const strict = { type: 'function', function: { name: 'strict_one', strict: true, parameters: {
            type: 'object', properties: {}, required: [], additionalProperties: false } } };
        const [body] = await bodies({}, undefined, { tools: [WEATHER, strict] });
        assert.equal(body.tools.length, 2);
        assert.deepEqual({ ...body.tools[0].function, strict: false },
            { ...WEATHER.function, strict: false });
        assert.deepEqual(body.tools[1], strict);
    });
    await t.test('tools of the run replace the assistant\'s', async () => {
        const [body] = await bodies({ tools: [CLOCK] });
        assert.deepEqual(body.tools.map(tool => tool.function.name), ['get_time']);
    });
    await t.test('no tools, no choice', async () => {
        const [body] = await bodies({}, undefined, { tools: [] });
        assert.equal(body.tools, undefined);
        assert.equal(body.tool_choice, undefined);
    });
    const named = { type: 'function', function: { name: 'get_time' } };
    const choices = [[undefined, 'auto', 'auto'], ['auto', 'auto', 'auto'], ['none', 'none', 'none'],
        ['required', 'required', 'auto'], [named, named, 'auto']];
    for (const [choice, first, later] of choices)
        await t.test(`tool_choice ${JSON.stringify(choice)}`, async () => {
            const list = await bodies(choice === undefined ? {} : { tool_choice: choice },
                choice === 'none' ? undefined : [call('get_time'), call('get_time')]);
            assert.deepEqual(list.map(body => body.tool_choice),
                [first, ...Array(list.length - 1).fill(later)]);
            assert.equal(list.length, choice === 'none' ? 1 : 3);
        });
    await t.test('tool_choice {"type":"file_search"}', async () => {
        const { client } = kit;
        const store = await client.vectorStores.create({});
        const assistant = { tools: [SEARCH, CLOCK],
            tool_resources: { file_search: { vector_store_ids: [store.id] } } };
        const list = await bodies({ tool_choice: { type: 'file_search' } },
            [call('file_search', { queries: ['x'] })], assistant);
        assert.deepEqual(list.map(body => body.tool_choice),
            [{ type: 'function', function: { name: 'file_search' } }, 'auto']);
    });
    await t.test('choices of what the run does not have', async () => {
        const thread = await kit.thread('x');
        const assistant = await kit.assistant();
        const refused = async (choice, more = {}) => assertError(await post(kit.server,
            `/v1/threads/${thread}/runs`, { assistant_id: assistant, tool_choice: choice, ...more }),
        400, { type: 'invalid_request_error', param: 'tool_choice', message: /^[^\uFFFD]+ not found in 'tools'/ });
        await refused({ type: 'function', function: { name: 'get_tides' } });
        await refused({ type: 'function', function: { name: `x${'€'.repeat(40)}` } });
        await refused({ type: 'file_search' });
        await refused({ type: 'code_interpreter' });
        await refused(named, { tools: [WEATHER] });
        await refused({ type: 'function', function: { name: 'file_search' } }, { tools: [SEARCH] });
        assertError(await post(kit.server, '/v1/threads/runs', { assistant_id: assistant,
            tool_choice: { type: 'file_search' } }), 400, { param: 'tool_choice' });
    });
    await t.test('choices that are none', async () => {
        const thread = await kit.thread('x');
        const assistant = await kit.assistant();
        for (const choice of ['sometimes', { type: 'function' }, { type: 'hammer' }, {}])
            assertError(await post(kit.server, `/v1/threads/${thread}/runs`,
                { assistant_id: assistant, tool_choice: choice }), 400, { type: 'invalid_request_error' });
    });
    await t.test('parallel_tool_calls', async () => {
        assert.equal((await bodies({}))[0].parallel_tool_calls, true);
        assert.equal((await bodies({ parallel_tool_calls: false }))[0].parallel_tool_calls, false);
    });
    await t.test('without parallel calls one is taken, even of a model that makes two', async () => {
        const run = await kit.run(turns(two, quote), { run: { parallel_tool_calls: false } });
        assert.equal(run.parallel_tool_calls, false);
        assert.deepEqual(pending(run).map(one => one.function.name), ['get_weather']);
        await kit.submit(run, outputsFor(run));
        await kit.reaches(run, 'completed');
    });
});

test('the thread is locked until the outputs are in', async t => {
    const kit = await steered(t);
    const run = await kit.run(turns(call('get_time'), { ...quote, wait: 'lock' }));
    const thread = `/v1/threads/${run.thread_id}`;
    const locked = async () => {
        assertError(await post(kit.server, `${thread}/messages`, { role: 'user', content: 'x' }), 400,
            { message: `Can't add messages to ${run.thread_id} while a run ${run.id} is active.` });
        assertError(await post(kit.server, `${thread}/messages`, { role: 'assistant', content: 'x' }),
            400, { message: /while a run/ });
        assertError(await post(kit.server, `${thread}/runs`, { assistant_id: run.assistant_id,
            additional_messages: [{ role: 'user', content: 'x' }] }), 400,
        { message: `Thread ${run.thread_id} already has an active run ${run.id}.` });
        const { json } = await request(kit.server, 'GET', `${thread}/messages`);
        assert.equal(json.data.length, 1);
    };
    await locked();
    assert.equal((await post(kit.server, thread, { metadata: { a: 'b' } })).status, 200);
    await kit.submit(run, outputsFor(run));
    await locked();
    kit.model.release('lock');
    await kit.reaches(run, ...ENDED);
    assert.equal((await post(kit.server, `${thread}/messages`, { role: 'user', content: 'x' })).status,
        200);
});
