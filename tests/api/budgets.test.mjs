// What bounds a run: tokens, messages, turns, time, and how many run at once; and what it does about a
// model that fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertError, post, run as runProgram, until, upload } from './harness.mjs';
import { call, calls, quote, say, script, search, turns } from './model_server.mjs';
import { Follower } from './protocol.mjs';
import { follow } from './sse.mjs';
import { CLOCK, ENDED, outputsFor, SEARCH, steered, textOf } from './steered.mjs';

const used = (prompt, completion) =>
    ({ usage: { prompt_tokens: prompt, completion_tokens: completion } });
const last = kit => kit.model.chats().at(-1).body;
const incomplete = (run, reason) => {
    assert.equal(run.status, 'incomplete');
    assert.deepEqual(run.incomplete_details, { reason });
    assert.equal(run.last_error, null);
    assert.ok(run.completed_at);
};

test('tokens of completions', async t => {
    const kit = await steered(t);
    const limit = count => ({ run: { max_completion_tokens: count } });

    await t.test('without a limit none is sent', async () => {
        const run = await kit.run(script(say('x')));
        assert.equal(run.max_completion_tokens, null);
        assert.equal(last(kit).max_completion_tokens, undefined);
    });
    await t.test('each call gets what is left', async () => {
        let run = await kit.run(turns({ ...call('get_time'), ...used(200, 300) },
            { ...call('get_time'), ...used(50, 100) }, { ...say('x'), ...used(1, 1) }), limit(1000));
        const seen = [last(kit).max_completion_tokens];
        while (run.status === 'requires_action') {
            await kit.submit(run, outputsFor(run));
            run = await kit.reaches(run, 'requires_action', 'completed');
            seen.push(last(kit).max_completion_tokens);
        }
        assert.deepEqual(seen, [1000, 700, 600]);
        assert.deepEqual([run.usage.prompt_tokens, run.usage.completion_tokens], [251, 401]);
    });
    await t.test('a model that stops at it leaves the run incomplete', async () => {
        const run = await kit.run(script({ ...say('Half'), finish: 'length', ...used(5, 16) }),
            limit(16));
        incomplete(run, 'max_completion_tokens');
        assert.equal(run.usage.completion_tokens, 16);
        const [message] = await kit.messages(run);
        assert.deepEqual([message.status, message.incomplete_details, textOf(message)],
            ['incomplete', { reason: 'max_tokens' }, 'Half']);
        const [step] = await kit.steps(run);
        assert.equal(step.status, 'completed');
    });
    await t.test('when nothing is left the model is not asked again', async () => {
        const content = turns({ ...call('get_time'), ...used(10, 500) }, say('Too late.'));
        const run = await kit.run(content, limit(500));
        assert.equal(run.status, 'requires_action');
        await kit.submit(run, outputsFor(run));
        incomplete(await kit.reaches(run, 'incomplete'), 'max_completion_tokens');
        assert.equal(kit.model.chats().filter(({ body }) =>
            body.messages.some(one => one.content === content)).length, 1);
        assert.deepEqual(await kit.messages(run), []);
        assert.equal((await kit.steps(run))[0].status, 'completed');
    });
    await t.test('a call that was cut is not requested', async () => {
        const run = await kit.run(turns({ ...call('get_weather', '{"city": "Par'), finish: 'length' }),
            limit(300));
        incomplete(run, 'max_completion_tokens');
        for (const step of await kit.steps(run)) assert.notEqual(step.status, 'in_progress');
    });
    await t.test('the thread is free afterwards', async () => {
        const run = await kit.run(script({ ...say('Half'), finish: 'length' }), limit(300));
        await kit.client.beta.threads.messages.create(run.thread_id, { role: 'user', content: 'x' });
    });
    for (const value of [0, -1, 1.5, '300'])
        await t.test(`a limit of ${JSON.stringify(value)} is refused`, async () => {
            assertError(await post(kit.server, `/v1/threads/${await kit.thread('x')}/runs`,
                { assistant_id: await kit.assistant(), max_completion_tokens: value }), 400,
            { param: 'max_completion_tokens' });
        });
});

test('tokens of prompts', async t => {
    const kit = await steered(t);
    const limit = count => ({ run: { max_prompt_tokens: count } });

    await t.test('they count over all calls', async () => {
        const content = turns({ ...call('get_time'), ...used(600, 5) }, say('Too late.'));
        const run = await kit.run(content, limit(500));
        await kit.submit(run, outputsFor(run));
        const ended = await kit.reaches(run, 'incomplete');
        incomplete(ended, 'max_prompt_tokens');
        assert.equal(ended.usage.prompt_tokens, 600);
    });
    await t.test('a question that does not fit is not asked', async () => {
        const before = kit.model.chats().length;
        const run = await kit.run('long words of many kinds '.repeat(2000), limit(256));
        incomplete(run, 'max_prompt_tokens');
        assert.equal(kit.model.chats().length, before);
    });
    await t.test('a long thread is cut to fit', async () => {
        const thread = await kit.thread();
        const words = i => `message ${i}: ${'some words of it '.repeat(20)}`;
        for (let i = 0; i < 30; i++)
            await kit.client.beta.threads.messages.create(thread,
                { role: i % 2 ? 'assistant' : 'user', content: words(i) });
        await kit.client.beta.threads.messages.create(thread,
            { role: 'user', content: script(say('x')) });
        const run = await kit.client.beta.threads.runs.create(thread,
            { assistant_id: await kit.assistant(), max_prompt_tokens: 500 });
        await kit.reaches(run, 'completed');
        const { messages } = last(kit);
        assert.equal(messages[0].role, 'system');
        assert.equal(messages.at(-1).content, script(say('x')));
        assert.ok(messages.length > 3 && messages.length < 16, `${messages.length} messages`);
        const numbers = messages.slice(1, -1).map(one => Number(/^message (\d+)/.exec(one.content)[1]));
        assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
        assert.equal(numbers.at(-1), 29);
    });
});

test('how much of the thread the model sees', async t => {
    const kit = await steered(t);
    const seen = async strategy => {
        const thread = await kit.thread();
        for (const text of ['one', 'two', 'three', 'four', script(say('x'))])
            await kit.client.beta.threads.messages.create(thread, { role: 'user', content: text });
        const run = await kit.client.beta.threads.runs.create(thread,
            { assistant_id: await kit.assistant(), truncation_strategy: strategy });
        await kit.reaches(run, 'completed');
        assert.equal(last(kit).messages[0].role, 'system');
        return last(kit).messages.slice(1, -1).map(message => message.content);
    };
    assert.deepEqual(await seen(undefined), ['one', 'two', 'three', 'four']);
    assert.deepEqual(await seen({ type: 'auto' }), ['one', 'two', 'three', 'four']);
    assert.deepEqual(await seen({ type: 'last_messages', last_messages: 3 }), ['three', 'four']);
    assert.deepEqual(await seen({ type: 'last_messages', last_messages: 1 }), []);
    assert.deepEqual(await seen({ type: 'last_messages', last_messages: 99 }),
        ['one', 'two', 'three', 'four']);
    const bad = [{ type: 'last_messages', last_messages: 0 }, { type: 'first_messages' },
        { last_messages: 3 }, 'auto'];
    for (const strategy of bad)
        assertError(await post(kit.server, `/v1/threads/${await kit.thread('x')}/runs`,
            { assistant_id: await kit.assistant(), truncation_strategy: strategy }), 400);
    await t.test('a call and its outputs are never parted', async () => {
        const run = await kit.run(turns(call('get_time'), call('get_time'), quote), { run:
            { truncation_strategy: { type: 'last_messages', last_messages: 1 } } });
        let now = run;
        while (now.status === 'requires_action') {
            await kit.submit(now, outputsFor(now));
            now = await kit.reaches(now, 'requires_action', 'completed');
        }
        assert.deepEqual(last(kit).messages.map(message => message.role),
            ['system', 'user', 'assistant', 'tool', 'assistant', 'tool']);
    });
});

test('the context of a model', async t => {
    let asked = 0;
    const numbered = (i, text = 'some words of it '.repeat(20)) => `message ${i}: ${text}`;
    /** A run of a thread with that many numbered messages and then these; what its model was sent. */
    const sent = async (kit, count, step, { run = {}, assistant = {}, text } = {}) => {
        const content = step.replace('"x"', `"${++asked} x"`);
        const thread = await kit.thread();
        const messages = [...Array.from({ length: count }, (_, i) =>
            ({ role: i % 2 ? 'assistant' : 'user', content: numbered(i, text) })),
        { role: 'user', content }];
        for (const message of messages)
            await kit.client.beta.threads.messages.create(thread, message);
        let now = await kit.reaches(await kit.client.beta.threads.runs.create(thread,
            { assistant_id: await kit.assistant(assistant), ...run }), 'requires_action', 'completed');
        while (now.status === 'requires_action') {
            await kit.submit(now, outputsFor(now, () => 'words of an output '.repeat(100)));
            now = await kit.reaches(now, 'requires_action', 'completed');
        }
        return kit.model.chats().map(({ body }) => body.messages)
            .filter(list => list.some(one => one.content === content));
    };
    const numbers = list => list.map(one => /^message (\d+)/.exec(one.content ?? '')?.[1])
        .filter(Boolean).map(Number);
    /** Instructions and the first message, then the newest without a gap. */
    const cut = (list, count) => {
        assert.equal(list[0].role, 'system');
        const [first, ...rest] = numbers(list);
        assert.equal(first, 0);
        assert.ok(rest.length < count - 1, `${rest.length} of ${count}`);
        assert.deepEqual(rest, Array.from(rest, (_, i) => count - rest.length + i));
        return rest.length;
    };
    const parted = list => list.forEach((one, i) => {
        if (one.role !== 'tool') return;
        const calling = list.slice(0, i).findLast(before => before.role !== 'tool');
        assert.ok(calling.tool_calls?.some(made => made.id === one.tool_call_id), 'a call is missing');
    });

    const asTold = [['as the operator says', { arguments: ['--model-context', '2000'] }],
        ['as the server\'s list says', { context: 2000 }]];
    for (const [name, options] of asTold)
        await t.test(name, async inner => {
            const kit = await steered(inner, options);
            await kit.client.models.list();
            const content = script(say('x'));
            const [list] = await sent(kit, 40, content);
            assert.match(list.at(-1).content, /^script:/);
            const kept = cut(list, 40);
            assert.ok(kept > 5 && kept < 25, `${kept} messages`);
            await inner.test('a shorter thread is sent completely', async () => {
                const [whole] = await sent(kit, 6, content);
                assert.deepEqual(numbers(whole), [0, 1, 2, 3, 4, 5]);
            });
            await inner.test('a longer answer leaves less room', async () => {
                const [more] = await sent(kit, 40, content, { run: { max_completion_tokens: 20 } });
                assert.ok(cut(more, 40) > kept);
            });
            await inner.test('last_messages comes first', async () => {
                const [few] = await sent(kit, 40, content, { run: { truncation_strategy:
                    { type: 'last_messages', last_messages: 4 } } });
                assert.deepEqual(numbers(few), [37, 38, 39]);
            });
            await inner.test('where nothing else fits, the end of one stands before the newest',
                async () => {
                    const text = 'long words of it '.repeat(900);
                    const [, end, ...others] = await sent(kit, 4, content, { text })
                        .then(([list]) => list);
                    assert.match(end.content, /^… .*long words of it $/);
                    assert.ok(end.content.length < text.length / 2);
                    assert.deepEqual(others.map(one => one.role), ['user']);
                });
        });
    await t.test('what the run itself did stays whole', async () => {
        const kit = await steered(t, { arguments: ['--model-context', '2000'] });
        const file = await kit.client.files.create({ purpose: 'assistants', file: upload('pump.txt',
            Array.from({ length: 60 }, (_, i) => `Chapter ${i}. The pump must be serviced every ${i} `
                + `hours. ${'It has many parts, and each of them has its care. '.repeat(20)}\n\n`)
                .join('')) });
        const store = await kit.client.vectorStores.create({ file_ids: [file.id] });
        await kit.client.vectorStores.files.poll(store.id, file.id, { pollIntervalMs: 20 });
        const searching = { tools: [SEARCH, CLOCK], tool_resources: {
            file_search: { vector_store_ids: [store.id] } } };
        for (const steps of [[call('get_time'), call('get_time')],
            [search('pump serviced')], [search('pump serviced'), call('get_time'), call('get_time')],
            [calls(['get_time'], ['file_search', { queries: ['pump serviced'] }])]]) {
            const content = turns(...steps, say('x'));
            const lists = await sent(kit, 30, content, { assistant: searching });
            assert.equal(lists.length, steps.length + 1);
            for (const [i, list] of lists.entries()) {
                parted(list);
                const at = list.findIndex(one => one.content?.startsWith('turns:'));
                assert.equal(list.slice(at).filter(one => one.tool_calls).length, i);
            }
        }
    });
});

test('a model that never stops calling', async t => {
    const kit = await steered(t);
    const store = await kit.client.vectorStores.create({});
    const run = await kit.run(turns(call('file_search', { queries: ['x'] })), { assistant: {
        tools: [{ type: 'file_search' }],
        tool_resources: { file_search: { vector_store_ids: [store.id] } } } });
    assert.equal(run.status, 'failed');
    assert.equal(run.last_error.code, 'server_error');
    assert.match(run.last_error.message, /turns/);
    const asked = kit.model.chats().length;
    assert.ok(asked > 4 && asked < 200, `${asked} turns`);
    assert.equal((await kit.steps(run)).length, asked);
});

test('settings reach the model', async t => {
    const kit = await steered(t);
    const format = { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: {
        type: 'object', properties: { a: { type: 'string' } }, required: ['a'],
        additionalProperties: false } } };
    const assistant = { temperature: 0.3, top_p: 0.5, response_format: format,
        reasoning_effort: 'low', metadata: { of: 'assistant' }, instructions: 'Be brief.' };
    const picked = () => {
        const { temperature, top_p, response_format, reasoning_effort, messages } = last(kit);
        return { temperature, top_p, response_format, reasoning_effort,
            instructions: messages[0].content };
    };
    const { metadata: _, ...own } = assistant;

    await t.test('the assistant\'s', async () => {
        const run = await kit.run(script(say('x')), { assistant });
        assert.deepEqual(picked(), own);
        assert.deepEqual(run.response_format, format);
        assert.deepEqual(run.metadata, {});
        assert.equal(last(kit).metadata, undefined);
    });
    await t.test('the run\'s replace them', async () => {
        const other = { temperature: 0, top_p: 0.7, response_format: { type: 'json_object' },
            reasoning_effort: 'high', instructions: 'Be long.' };
        const run = await kit.run(script(say('x')), { assistant, run: { ...other,
            additional_instructions: 'And kind.', metadata: { of: 'run' }, model: 'org/other:7b' } });
        const { instructions, ...rest } = picked();
        assert.match(instructions, /^Be long\.\s+And kind\.$/);
        assert.deepEqual({ ...rest, instructions: 'Be long.' }, other);
        assert.equal(last(kit).model, 'org/other:7b');
        assert.deepEqual(run.metadata, { of: 'run' });
        assert.deepEqual(last(kit).metadata, { of: 'run' });
    });
    await t.test('a server that takes no metadata is asked without', async () => {
        const refused = { status: 400, body: { error: { param: 'metadata', message:
            'The \'metadata\' parameter is only allowed when \'store\' is enabled.' } } };
        const run = await kit.run(script(refused, say('x')), { run: { metadata: { a: 'b' } } });
        assert.equal(run.status, 'completed');
        assert.equal(last(kit).metadata, undefined);
        await kit.run(script(say('y')), { run: { metadata: { a: 'c' } } });
        assert.equal(last(kit).metadata, undefined);
    });
    await t.test('null means the assistant\'s', async () => {
        await kit.run(script(say('x')), { assistant, run: { temperature: null, top_p: null,
            response_format: null, instructions: null } });
        assert.deepEqual(picked(), own);
    });
    await t.test('the plain formats say nothing to the model', async () => {
        for (const plain of ['auto', { type: 'text' }]) {
            await kit.run(script(say('x')), { run: { response_format: plain } });
            assert.equal(last(kit).response_format, undefined);
        }
    });
    await t.test('the assistant is the one of the run\'s beginning', async () => {
        const run = await kit.run(turns(call('get_time'), quote), { assistant });
        await kit.client.beta.assistants.update(run.assistant_id, { instructions: 'Changed.' });
        await kit.client.beta.assistants.delete(run.assistant_id);
        await kit.submit(run, outputsFor(run));
        await kit.reaches(run, 'completed');
        assert.deepEqual(picked(), own);
    });
});

test('models that fail', async t => {
    const kit = await steered(t, { arguments: ['--model-idle-timeout', '2'] });
    const failed = (run, code, message) => {
        assert.equal(run.status, 'failed', JSON.stringify(run));
        assert.equal(run.last_error.code, code);
        assert.match(run.last_error.message, message);
        assert.ok(run.failed_at);
    };
    const busy = { status: 429, headers: { 'retry-after': '3600' },
        body: { error: { message: 'Slow down.' } } };

    await t.test('once, and then answer', async () => {
        for (const fault of [{ status: 500 }, { status: 429, headers: { 'retry-after': '1' } },
            { drop: true }]) {
            const run = await kit.run(script(fault, say('After all.')));
            assert.equal(run.status, 'completed', JSON.stringify(run.last_error));
            assert.deepEqual((await kit.steps(run)).map(step => step.status), ['completed']);
            assert.deepEqual((await kit.messages(run)).map(textOf), ['After all.']);
        }
    });
    await t.test('once within a later turn', async () => {
        const run = await kit.run(turns(call('get_time'), [{ status: 503 }, quote]));
        await kit.submit(run, outputsFor(run));
        await kit.reaches(run, 'completed');
    });
    await t.test('always', async () => failed(await kit.run(script(
        { status: 500, body: { error: { message: 'Out of memory.' } } })), 'server_error', /Out of memory/));
    await t.test('with too many requests', async () => failed(await kit.run(script(busy)),
        'rate_limit_exceeded', /Slow down/));
    await t.test('by cutting its answer off', async () => {
        const run = await kit.run(script({ ...say('Half an', ' answer'), cut: true }));
        failed(run, 'server_error', /was cut off/);
        const [message] = await kit.messages(run);
        assert.deepEqual([message.status, message.incomplete_details.reason, textOf(message)],
            ['incomplete', 'run_failed', 'Half an answer']);
        const [step] = await kit.steps(run);
        assert.deepEqual([step.status, step.last_error], ['failed', run.last_error]);
    });
    await t.test('by cutting its answer off within a call', async () => {
        const run = await kit.run(turns({ ...call('get_weather', '{"city": "Par'), cut: true }));
        failed(run, 'server_error', /was cut off/);
        assert.deepEqual((await kit.steps(run)).map(step => step.status), ['failed']);
    });
    await t.test('with an error within the stream', async () => failed(await kit.run(script(
        { chunks: [{ error: { message: 'Out of memory.', code: 500 } }] })), 'server_error',
    /Out of memory/));
    await t.test('by falling silent', async () => {
        const run = await kit.run(script({ ...say('Half'), hang: true }));
        failed(run, 'server_error', /./);
        await until('the model\'s connection is closed', () => kit.model.chats().at(-1).aborted);
    });
    await t.test('after which the thread is free', async () => {
        const run = await kit.run(script(busy));
        const again = await kit.client.beta.threads.runs.create(run.thread_id, { assistant_id:
            run.assistant_id, additional_messages: [{ role: 'user', content: script(say('x')) }] });
        await kit.reaches(again, 'completed');
    });
});

test('a run that is cancelled stops its model', async t => {
    const kit = await steered(t);
    for (const step of [{ silent: true }, { ...say('Half'), hang: true },
        { ...say(...'abcdefgh'.repeat(500)), pause: 10 }])
        await t.test(Object.keys(step).join(', '), async () => {
            const count = kit.model.chats().length;
            const run = await kit.start(script(step));
            await until('the model is asked', () => kit.model.chats().length > count);
            const asked = await kit.client.beta.threads.runs.cancel(run.id,
                { thread_id: run.thread_id });
            assert.deepEqual([asked.status, asked.cancelled_at], ['cancelling', null]);
            const ended = await kit.reaches(run, 'cancelled');
            assert.ok(ended.cancelled_at);
            await until('the model\'s connection is closed', () => kit.model.chats()[count].aborted);
            assertError(await post(kit.server, `/v1/threads/${run.thread_id}/runs/${run.id}/cancel`),
                400, { message: "Cannot cancel run with status 'cancelled'." });
        });
});

test('the time of a run', async t => {
    const kit = await steered(t, { arguments: ['--run-timeout', '2'] });
    await t.test('a model that is silent', async () => {
        const run = await kit.run(script({ silent: true }));
        assert.equal(run.status, 'expired');
        assert.equal(run.expires_at, null);
        await until('the model\'s connection is closed', () => kit.model.chats().at(-1).aborted);
    });
    await t.test('functions whose outputs never come', async () => {
        const run = await kit.run(turns(call('get_time'), quote));
        const ended = await kit.reaches(run, 'expired');
        assert.equal(ended.required_action, null);
        const [step] = await kit.steps(run);
        assert.equal(step.status, 'expired');
        assert.equal(step.step_details.tool_calls[0].function.output, null);
        assertError(await post(kit.server,
            `/v1/threads/${run.thread_id}/runs/${run.id}/submit_tool_outputs`,
            { tool_outputs: outputsFor(run) }), 400,
        { message: 'Runs in status "expired" do not accept tool outputs.' });
        assert.deepEqual((await kit.steps(run))[0], step);
        const next = await kit.client.beta.threads.runs.create(run.thread_id, { assistant_id:
            run.assistant_id, additional_messages: [{ role: 'user', content: script(say('x')) }] });
        await kit.reaches(next, 'completed');
    });
    await t.test('it counts from the beginning, over submissions', async () => {
        let run = await kit.run(turns(call('get_time')));
        const { expires_at: expires } = run;
        assert.equal(expires - run.created_at, 2);
        while (run.status === 'requires_action') {
            await kit.submit(run, outputsFor(run)).catch(() => {});
            run = await kit.reaches(run, 'requires_action', 'expired', 'failed');
            if (run.expires_at) assert.equal(run.expires_at, expires);
        }
        assert.ok(['expired', 'failed'].includes(run.status));
    });
    await t.test('ten minutes where nothing else is said', async () => {
        const other = await steered(t);
        const run = await other.start(script(say('x')));
        assert.equal(run.expires_at - run.created_at, 600);
        await other.reaches(run, ...ENDED);
    });
    await t.test('times that are none', async () => {
        for (const value of ['0', '-1', 'x', '99999999999'])
            assert.equal((await runProgram(['serve', '--run-timeout', value, '--listen', '127.0.0.1:0',
                '--store', '/nowhere'])).code, 2, value);
    });
});

test('how many runs of a project are at work', async t => {
    const kit = await steered(t, { arguments: ['--runs-per-project', '2'] });
    const start = name => kit.start(script({ ...say(name), wait: name }));
    const status = async run => (await kit.client.beta.threads.runs.retrieve(run.id,
        { thread_id: run.thread_id })).status;
    const runs = [];
    for (const name of ['a', 'b', 'c', 'd']) runs.push(await start(name));
    const [a, b, c, d] = runs;
    await kit.reaches(a, 'in_progress');
    await kit.reaches(b, 'in_progress');
    await t.test('others wait', async () => {
        assert.deepEqual([await status(c), await status(d)], ['queued', 'queued']);
    });
    await t.test('other projects do not', async () => {
        const project = { 'openai-project': 'other' };
        const made = await post(kit.server, '/v1/assistants', { model: 'scripted-1' }, project);
        const { json: run } = await post(kit.server, '/v1/threads/runs', { assistant_id: made.json.id,
            thread: { messages: [{ role: 'user', content: script(say('x')) }] } }, project);
        const frames = await (await follow(kit.server, run, undefined, project)).all();
        assert.equal(new Follower({ replay: true }).takeAll(frames).status, 'completed');
    });
    await t.test('they come in order', async () => {
        kit.model.release('b');
        await kit.reaches(b, 'completed');
        await kit.reaches(c, 'in_progress');
        assert.equal(await status(d), 'queued');
    });
    await t.test('one that is queued can be cancelled', async () => {
        const e = await start('e');
        await kit.client.beta.threads.runs.cancel(e.id, { thread_id: e.thread_id });
        await kit.reaches(e, 'cancelled');
    });
    await t.test('one that waits for outputs holds no place', async () => {
        kit.model.release('a');
        kit.model.release('c');
        kit.model.release('d');
        for (const run of [a, c, d]) await kit.reaches(run, 'completed');
        for (let i = 0; i < 3; i++)
            assert.equal((await kit.run(turns(call('get_time'), quote))).status, 'requires_action');
        assert.equal((await kit.run(script(say('x')))).status, 'completed');
    });
});

test('runs of a project that has one at a time', async t => {
    await t.test('begin in the order in which they were made', async inner => {
        const kit = await steered(inner, { arguments: ['--runs-per-project', '1'] });
        const first = await kit.start(script({ ...say('first'), wait: 'first' }));
        await kit.reaches(first, 'in_progress');
        const contents = Array.from({ length: 12 }, (_, i) => script(say(`${i}`)));
        const runs = [];
        for (const content of contents) runs.push(await kit.start(content));
        kit.model.release('first');
        for (const run of runs) await kit.reaches(run, 'completed');
        assert.deepEqual(kit.model.chats().slice(1).map(({ body }) => body.messages.at(-1).content),
            contents);
    });
    await t.test('expire also while they are queued', async inner => {
        const kit = await steered(inner, { arguments: ['--runs-per-project', '1', '--run-timeout', '2'] });
        const busy = await kit.start(script({ silent: true }));
        const queued = await kit.start(script({ silent: true }));
        const frames = await (await follow(kit.server, queued)).all();
        const follower = new Follower({ replay: true }).takeAll(frames);
        assert.equal(follower.status, 'expired');
        assert.deepEqual(await kit.steps(queued), []);
        await kit.reaches(busy, 'expired');
        await kit.client.beta.threads.messages.create(queued.thread_id, { role: 'user', content: 'x' });
    });
});

test('many runs at once', async t => {
    const kit = await steered(t);
    const runs = await Promise.all(Array.from({ length: 40 }, (_, i) =>
        kit.start(script({ ...say(`${i}`), wait: 'all' }))));
    await until('all are asked', () => kit.model.chats().length === 40);
    kit.model.release('all');
    for (const [i, run] of runs.entries()) {
        await kit.reaches(run, 'completed');
        assert.equal(textOf((await kit.messages(run))[0]), `${i}`);
    }
});
