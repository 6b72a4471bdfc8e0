// The helpers of the official SDK for runs and streams, as programs use them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from './harness.mjs';
import { call, calls, gate, quote, say, script, turns } from './model_server.mjs';
import { outputsFor, pending, steered, textOf } from './steered.mjs';

const POLL = { pollIntervalMs: 10 };
const EVENTS = ['connect', 'messageCreated', 'messageDelta', 'messageDone', 'textCreated', 'textDelta',
    'textDone', 'runStepCreated', 'runStepDelta', 'runStepDone', 'toolCallCreated', 'toolCallDelta',
    'toolCallDone', 'event', 'error', 'abort', 'end'];

/** Notes every event of a stream as [name, ...arguments], copied as they are then. */
function noting(stream) {
    const noted = [];
    for (const name of EVENTS)
        stream.on(name, (...values) => {
            const kept = name === 'error' || name === 'abort' ? values : structuredClone(values);
            noted.push([name, ...kept]);
        });
    return noted;
}

const names = noted => noted.map(([name]) => name).filter(name => name !== 'event');
const of = (noted, name) => noted.filter(one => one[0] === name).map(one => one.slice(1));
const once = list => list.filter((name, i) => name !== list[i - 1]);
const finish = stream => within(30000, 'the stream ends', stream.done());

test('polling', async t => {
    const kit = await steered(t);
    const { runs } = kit.client.beta.threads;

    await t.test('createAndPoll', async () => {
        const thread = await kit.thread(script(say('Polled.')));
        const run = await runs.createAndPoll(thread, { assistant_id: await kit.assistant() }, POLL);
        assert.equal(run.status, 'completed');
        assert.equal(textOf((await kit.messages(run))[0]), 'Polled.');
    });
    await t.test('createAndRunPoll, submitToolOutputsAndPoll', async () => {
        const run = await kit.client.beta.threads.createAndRunPoll({
            assistant_id: await kit.assistant(),
            thread: { messages: [{ role: 'user', content: turns(call('get_time'), quote) }] } }, POLL);
        assert.equal(run.status, 'requires_action');
        const ended = await runs.submitToolOutputsAndPoll(run.id, { thread_id: run.thread_id,
            tool_outputs: outputsFor(run) }, POLL);
        assert.equal(ended.status, 'completed');
        assert.equal(textOf((await kit.messages(run))[0]), '[get_time → output of get_time]');
    });
    await t.test('the server says how long to wait', async () => {
        const thread = await kit.thread(script(say('Soon.')));
        const run = await within(4000, 'the run', runs.createAndPoll(thread,
            { assistant_id: await kit.assistant() }));
        assert.equal(run.status, 'completed');
    });
});

test('a stream of text', async t => {
    const kit = await steered(t);
    const thread = await kit.thread(script(say('Hello', ', ', 'wörld', '.')));
    const stream = kit.client.beta.threads.runs.stream(thread,
        { assistant_id: await kit.assistant() });
    const noted = noting(stream);
    const run = await within(30000, 'the run', stream.finalRun());
    const [message] = await stream.finalMessages();
    const [step] = await stream.finalRunSteps();

    await t.test('events come in order', () => {
        assert.deepEqual(once(names(noted).filter(name => !['textDelta', 'messageDelta'].includes(name))),
            ['connect', 'runStepCreated', 'messageCreated', 'textCreated', 'textDone', 'messageDone',
                'runStepDone', 'end']);
        const order = names(noted);
        assert.ok(order.indexOf('textCreated') < order.indexOf('textDelta'));
        assert.ok(order.lastIndexOf('textDelta') < order.indexOf('textDone'));
    });
    await t.test('snapshots grow by the deltas', () => {
        let text = '';
        const deltas = of(noted, 'textDelta');
        assert.ok(deltas.length > 0);
        for (const [delta, snapshot] of deltas) {
            text += delta.value;
            assert.equal(snapshot.value, text);
        }
        assert.equal(text, 'Hello, wörld.');
        assert.deepEqual(of(noted, 'textDone')[0][0], { value: text, annotations: [] });
        assert.equal(textOf(of(noted, 'messageDone')[0][0]), text);
    });
    await t.test('finalRun, finalMessages, finalRunSteps', async () => {
        assert.equal(run.status, 'completed');
        assert.deepEqual({ ...await kit.client.beta.threads.runs.retrieve(run.id,
            { thread_id: thread }) }, run);
        assert.equal(textOf(message), 'Hello, wörld.');
        assert.equal((await kit.messages(run))[0].id, message.id);
        assert.deepEqual(await kit.steps(run), [step]);
        assert.equal(stream.currentRun().status, 'completed');
        assert.ok(stream.ended && !stream.errored && !stream.aborted);
    });
});

test('a stream of calls, and then of their outputs', async t => {
    const kit = await steered(t);
    const { runs } = kit.client.beta.threads;
    const thread = await kit.thread(turns({ ...say('Let me see.'), ...calls(
        ['get_weather', { city: 'Zürich' }, { size: 4 }], ['get_time']) }, quote));
    const stream = runs.stream(thread, { assistant_id: await kit.assistant() });
    const noted = noting(stream);
    const run = await within(30000, 'the run', stream.finalRun());

    await t.test('calls are created, grow, and are done', () => {
        assert.equal(run.status, 'requires_action');
        const order = names(noted).filter(name => name.startsWith('toolCall'));
        assert.deepEqual(once(order), ['toolCallCreated', 'toolCallDelta', 'toolCallDone',
            'toolCallCreated', 'toolCallDelta', 'toolCallDone']);
        const created = of(noted, 'toolCallCreated').map(([one]) => one);
        assert.deepEqual(created.map(one => [one.function.name, one.function.arguments]),
            [['get_weather', ''], ['get_time', '']]);
        const text = { 0: '', 1: '' };
        for (const [delta, snapshot] of of(noted, 'toolCallDelta')) {
            text[delta.index] += delta.function.arguments;
            assert.equal(snapshot.function.arguments, text[delta.index]);
            assert.equal(snapshot.id, pending(run)[delta.index].id);
        }
        assert.deepEqual(text, { 0: '{"city":"Zürich"}', 1: '{}' });
        assert.deepEqual(of(noted, 'toolCallDone').map(([one]) =>
            ({ id: one.id, type: one.type, function: { name: one.function.name,
                arguments: one.function.arguments } })), pending(run));
    });
    await t.test('the step stays open', async () => {
        assert.deepEqual(of(noted, 'runStepCreated').map(([step]) => step.type),
            ['message_creation', 'tool_calls']);
        assert.deepEqual(of(noted, 'runStepDone').map(([step]) => step.type), ['message_creation']);
        const steps = await stream.finalRunSteps();
        assert.deepEqual(steps.map(step => step.status), ['completed', 'in_progress']);
        assert.equal(textOf((await stream.finalMessages())[0]), 'Let me see.');
    });
    await t.test('submitToolOutputsStream continues', async () => {
        const second = runs.submitToolOutputsStream(run.id, { thread_id: thread,
            tool_outputs: outputsFor(run) });
        const more = noting(second);
        const ended = await within(30000, 'the run', second.finalRun());
        assert.equal(ended.status, 'completed');
        assert.deepEqual(once(names(more).filter(name => !/Delta$/.test(name))), ['connect',
            'runStepDone', 'runStepCreated', 'messageCreated', 'textCreated', 'textDone',
            'messageDone', 'runStepDone', 'end']);
        const [[step]] = of(more, 'runStepDone');
        assert.deepEqual(step.step_details.tool_calls.map(one => one.function.output),
            ['output of get_weather', 'output of get_time']);
        assert.equal(textOf((await second.finalMessages())[0]),
            '[get_weather → output of get_weather][get_time → output of get_time]');
    });
});

test('createAndRunStream, iterated, with outputs submitted while it still is', async t => {
    const kit = await steered(t);
    const { client } = kit;
    const stream = client.beta.threads.createAndRunStream({ assistant_id: await kit.assistant(),
        thread: { messages: [{ role: 'user', content: turns(call('get_time'), call('get_time'),
            quote) }] } });
    const seen = [];
    const read = async events => {
        for await (const { event, data } of events) {
            seen.push(event);
            if (event === 'thread.run.requires_action')
                await read(client.beta.threads.runs.submitToolOutputsStream(data.id,
                    { thread_id: data.thread_id, tool_outputs: outputsFor(data) }));
        }
    };
    await within(30000, 'all streams', read(stream));
    assert.equal(seen[0], 'thread.created');
    assert.equal(seen.at(-1), 'thread.run.completed');
    assert.equal(seen.filter(event => event === 'thread.run.requires_action').length, 2);
    assert.equal(seen.filter(event => event === 'thread.run.created').length, 1);
});

test('the plain streams of the SDK', async t => {
    const kit = await steered(t);
    const { runs } = kit.client.beta.threads;
    const thread = await kit.thread(script(say('Plain.')));
    const events = [];
    for await (const event of await runs.create(thread,
        { assistant_id: await kit.assistant(), stream: true }))
        events.push(event.event);
    assert.deepEqual([events[0], events.at(-1)], ['thread.run.created', 'thread.run.completed']);
    const sent = runs.stream(thread, { assistant_id: await kit.assistant() }).toReadableStream();
    const { AssistantStream } = await import('openai/lib/AssistantStream');
    const again = AssistantStream.fromReadableStream(sent);
    assert.equal((await within(30000, 'the run', again.finalRun())).status, 'completed');
});

test('who stops reading does not stop the run', async t => {
    const kit = await steered(t);
    const { runs } = kit.client.beta.threads;
    const start = async name => runs.stream(await kit.thread(script(say('One', gate(name), ' two.'))),
        { assistant_id: await kit.assistant() });
    const completes = async (run, name) => {
        kit.model.release(name);
        await kit.reaches(run, 'completed');
        assert.equal(textOf((await kit.messages(run))[0]), 'One two.');
    };

    await t.test('break', async () => {
        const stream = await start('break');
        let run;
        for await (const { event, data } of stream) {
            if (event === 'thread.run.created') run = data;
            if (event === 'thread.message.delta') break;
        }
        await completes(run, 'break');
    });
    await t.test('abort', async () => {
        const stream = await start('abort');
        const noted = noting(stream);
        stream.on('textCreated', () => stream.abort());
        await assert.rejects(finish(stream), { name: 'Error', message: 'Request was aborted.' });
        assert.deepEqual(names(noted).slice(-2), ['abort', 'end']);
        await completes(stream.currentRun(), 'abort');
    });
});

test('streams that end badly', async t => {
    const kit = await steered(t);
    const { runs } = kit.client.beta.threads;
    const run = async (step, more = {}) => {
        const stream = runs.stream(await kit.thread(script(step)),
            { assistant_id: await kit.assistant(), ...more });
        const noted = noting(stream);
        return { run: await within(30000, 'the run', stream.finalRun()), noted, stream };
    };

    await t.test('a failed run is no error of the stream', async () => {
        const { run: failed, noted } = await run({ ...say('Half'), cut: true });
        assert.equal(failed.status, 'failed');
        assert.equal(failed.last_error.code, 'server_error');
        assert.deepEqual(of(noted, 'error'), []);
        const [[message]] = of(noted, 'messageDone');
        assert.equal(message.status, 'incomplete');
        assert.equal(of(noted, 'textDone')[0][0].value, 'Half');
        assert.equal(of(noted, 'runStepDone')[0][0].status, 'failed');
    });
    await t.test('an incomplete run', async () => {
        const { run: short, noted } = await run({ ...say('Half'), finish: 'length' });
        assert.equal(short.status, 'incomplete');
        assert.equal(of(noted, 'messageDone')[0][0].incomplete_details.reason, 'max_tokens');
    });
    await t.test('a cancelled run', async () => {
        const stream = runs.stream(await kit.thread(script({ ...say('Half'), hang: true })),
            { assistant_id: await kit.assistant() });
        stream.on('textCreated', () => {
            const { id, thread_id } = stream.currentRun();
            runs.cancel(id, { thread_id }).catch(error => stream.abort(error));
        });
        assert.equal((await within(30000, 'the run', stream.finalRun())).status, 'cancelled');
    });
    await t.test('a refused request is an error of the stream', async () => {
        const stream = runs.stream('thread_x', { assistant_id: 'asst_x' });
        const noted = noting(stream);
        await assert.rejects(finish(stream), { status: 404 });
        assert.deepEqual(names(noted), ['error', 'end']);
    });
    await t.test('so is the lock of a thread', async () => {
        const waiting = await kit.run(turns(call('get_time'), quote));
        for (const ask of [
            () => finish(runs.stream(waiting.thread_id, { assistant_id: waiting.assistant_id })),
            () => runs.create(waiting.thread_id, { assistant_id: waiting.assistant_id }),
            () => finish(runs.submitToolOutputsStream(waiting.id,
                { thread_id: waiting.thread_id, tool_outputs: [] })),
            () => kit.client.beta.threads.messages.create(waiting.thread_id,
                { role: 'user', content: 'x' })])
            await assert.rejects(ask, { status: 400, type: 'invalid_request_error' });
        await runs.cancel(waiting.id, { thread_id: waiting.thread_id });
        await kit.reaches(waiting, 'cancelled');
        await kit.client.beta.threads.messages.create(waiting.thread_id, { role: 'user', content: 'x' });
    });
});
