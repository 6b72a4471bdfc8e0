// A run's events, followed from anywhere: a reader that begins late, returns or reads twice reads
// what one who was there from the start did.
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { assertError, directory, launch, post, request, sleep, until, within } from './harness.mjs';
import { bearer, makeKey } from './keyring.mjs';
import { call, gate, modelServer, quote, say, script, turns } from './model_server.mjs';
import { Follower, folded } from './protocol.mjs';
import { follow, openEvents } from './sse.mjs';
import { ENDED, outputsFor, steered, textOf } from './steered.mjs';

const target = run => `/v1/threads/${run.thread_id}/runs/${run.id}`;

/** All events of a run that has ended, from `after` on, over as many streams as that takes. */
async function replay(server, run, after) {
    const frames = [];
    for (;;) {
        const more = await (await follow(server, run, frames.at(-1)?.number ?? after)).all();
        frames.push(...more);
        const last = frames.at(-1);
        if (!more.length || ENDED.some(word => last.event === `thread.run.${word}`)) return frames;
        assert.equal(last.event, 'thread.run.requires_action');
    }
}

/** A run with two rounds of a function, read without interruption. */
async function whole(kit) {
    const reply = await kit.stream(turns({ ...say('Let ', 'me ', 'see.'), ...call('get_time') },
        call('get_weather', { city: 'Zürich' }), quote));
    const follower = new Follower().takeAll(await reply.all());
    while (follower.status === 'requires_action')
        follower.takeAll(await (await kit.submitStream(follower.run, outputsFor(follower.run))).all());
    assert.equal(follower.status, 'completed');
    return follower;
}

test('replays of a run that has ended', async t => {
    const kit = await steered(t);
    const { events, run } = await whole(kit);
    const last = events.at(-1).number;

    await t.test('from its start', async () => {
        assert.deepEqual(folded(await replay(kit.server, run)), folded(events));
        new Follower({ replay: true }).takeAll(await replay(kit.server, run));
    });
    await t.test('from after each of its events', async () => {
        for (const [i, { number }] of events.entries()) {
            const rest = await replay(kit.server, run, number);
            assert.ok(rest.every(frame => frame.number > number));
            assert.deepEqual(folded([...events.slice(0, i + 1), ...rest]), folded(events), `${number}`);
        }
    });
    await t.test('from after its last: nothing but done', async () => {
        assert.deepEqual(await (await follow(kit.server, run, last)).all(), []);
        assert.deepEqual(await (await follow(kit.server, run, last + 1000)).all(), []);
    });
    await t.test('the numbers are the same each time', async () => {
        const [a, b] = [await replay(kit.server, run), await replay(kit.server, run)];
        assert.deepEqual(a, b);
    });
});

test('a reader whose connection breaks', async t => {
    const kit = await steered(t);
    const said = Array.from({ length: 12 }, (_, i) => `word ${i}, `);
    const cut = async (k, content) => {
        const first = await kit.stream(content);
        for (let i = 0; i < k; i++) await first.next();
        first.close();
        const run = first.frames[0].data;
        const second = await follow(kit.server, run, first.frames.at(-1).number);
        const follower = new Follower({ replay: true }).takeAll(first.frames)
            .takeAll(await second.all());
        return follower;
    };
    for (const k of [1, 2, 3, 5, 7, 8, 10, 13])
        await t.test(`after ${k} events of a message`, async () => {
            const follower = await cut(k, script({ ...say(...said), pause: 5 }));
            assert.equal(follower.status, 'completed');
            assert.equal(textOf(follower.messages[0]), said.join(''));
            assert.deepEqual(folded(follower.events), folded(await replay(kit.server, follower.run)));
        });
    for (const k of [1, 4, 5, 6, 7])
        await t.test(`after ${k} events of a call`, async () => {
            const follower = await cut(k, turns({ ...call('get_weather',
                { city: 'Llanfairpwllgwyngyll' }, { size: 3 }), pause: 5 }, quote));
            assert.equal(follower.status, 'requires_action');
        });
    await t.test('repeatedly', async () => {
        const first = await kit.stream(script({ ...say(...said), pause: 5 }));
        await first.next();
        first.close();
        const frames = [...first.frames];
        const run = frames[0].data;
        for (let next = {}; next.event !== 'done';) {
            const reply = await follow(kit.server, run, frames.at(-1).number);
            next = await reply.next();
            frames.push(...reply.frames);
            reply.close();
        }
        const follower = new Follower({ replay: true }).takeAll(frames);
        assert.equal(textOf(follower.messages[0]), said.join(''));
        assert.deepEqual(folded(frames), folded(await replay(kit.server, run)));
    });
});

test('runs that are still at work', async t => {
    const kit = await steered(t);

    await t.test('two who follow at once read the same', async () => {
        const run = await kit.start(script(say('One', gate('two'), ' two.')));
        const both = await Promise.all([follow(kit.server, run), follow(kit.server, run)]);
        await both[0].until('thread.message.delta');
        both.push(await follow(kit.server, run));
        kit.model.release('two');
        const all = await Promise.all(both.map(reply => reply.all()));
        for (const frames of all) {
            assert.equal(new Follower({ replay: true }).takeAll(frames).status, 'completed');
            assert.deepEqual(folded(frames), folded(all[0]));
        }
    });
    await t.test('whenever one comes, nothing is sent twice or left out', async () => {
        for (let round = 0; round < 8; round++) {
            const run = await kit.start(script({ ...say('One', ' two', ' three.'), pause: 1 }));
            const all = await Promise.all(Array.from({ length: 12 }, async (_, i) => {
                await sleep(i);
                return (await follow(kit.server, run)).all();
            }));
            for (const frames of all) {
                new Follower({ replay: true }).takeAll(frames);
                assert.deepEqual(folded(frames), folded(all[0]));
            }
        }
    });
    await t.test('who follows before it began', async () => {
        const run = await kit.start(script({ ...say('x'), wait: 'begin' }));
        const reply = await follow(kit.server, run);
        await reply.until('thread.run.in_progress');
        kit.model.release('begin');
        assert.equal(new Follower().takeAll(await reply.all()).status, 'completed');
    });
    await t.test('a client that asks for events after its end gets nothing but done', async () => {
        const run = await kit.start(script(say('One', gate('far'), ' two.')));
        await (await follow(kit.server, run)).until('thread.message.delta');
        const reply = await follow(kit.server, run, 1000);
        kit.model.release('far');
        assert.deepEqual(await within(5000, 'done', reply.all()), []);
    });
    await t.test('a run that waits for outputs is done there, and continues for a client that asks for more',
        async () => {
            const run = await kit.run(turns(call('get_time'), quote));
            const follower = new Follower({ replay: true })
                .takeAll(await (await follow(kit.server, run)).all());
            assert.equal(follower.status, 'requires_action');
            const waiting = await follow(kit.server, run, follower.number);
            let came = false;
            const next = waiting.next().then(frame => {
                came = true;
                return frame;
            });
            await kit.steps(run);
            assert.equal(came, false);
            await kit.submit(run, outputsFor(run));
            follower.take(await next);
            assert.equal(follower.finalSteps[0].step_details.tool_calls[0].function.output,
                'output of get_time');
            for (const frame of (await waiting.all()).slice(1)) follower.take(frame);
            assert.equal(follower.status, 'completed');
        });
    await t.test('who follows a submission that is streamed reads the same', async () => {
        const run = await kit.run(turns(call('get_time'), quote));
        const first = await (await follow(kit.server, run)).all();
        const beside = await follow(kit.server, run, first.at(-1).number);
        const submitted = await kit.submitStream(run, outputsFor(run));
        assert.deepEqual(folded(await beside.all()), folded(await submitted.all()));
    });
});

test('the events of runs that were never streamed', async t => {
    const kit = await steered(t);
    for (const [content, status] of [[script(say('x')), 'completed'],
        [script({ status: 400, body: { error: { message: 'No.' } } }), 'failed'],
        [script({ ...say('x'), finish: 'length' }), 'incomplete']])
        await t.test(status, async () => {
            const run = await kit.run(content);
            assert.equal(run.status, status);
            const follower = new Follower({ replay: true })
                .takeAll(await (await follow(kit.server, run)).all());
            assert.deepEqual(follower.run, { ...run });
        });
    await t.test('thread.created is the first where the thread was made with the run', async () => {
        const run = await kit.client.beta.threads.createAndRunPoll({ assistant_id:
            await kit.assistant(), thread: { messages: [{ role: 'user', content: script(say('x')) }] } },
        { pollIntervalMs: 10 });
        const frames = await (await follow(kit.server, run)).all();
        assert.equal(frames[0].event, 'thread.created');
        assert.equal(frames[0].data.id, run.thread_id);
    });
});

test('requests that are refused, plainly', async t => {
    const kit = await steered(t);
    const run = await kit.run(script(say('x')));
    for (const after of ['x', '-1', '1.5', '', '99999999999999999999', '0x10', '1%20'])
        await t.test(`after=${after}`, async () => {
            assertError(await openEvents(kit.server, 'GET', `${target(run)}/events?after=${after}`),
                400, { param: 'after', type: 'invalid_request_error' });
        });
    await t.test('an unknown parameter of the query is as elsewhere', async () => {
        const elsewhere = await request(kit.server, 'GET', `${target(run)}?beyond=1`);
        const reply = await openEvents(kit.server, 'GET', `${target(run)}/events?beyond=1`);
        assert.equal(reply.status, elsewhere.status);
        reply.close?.();
    });
    await t.test('unknown ids', async () => {
        assertError(await openEvents(kit.server, 'GET', `${target({ ...run, id: 'run_x' })}/events`),
            404, { message: "No run found with id 'run_x'." });
        assertError(await openEvents(kit.server, 'GET',
            `${target({ ...run, thread_id: 'thread_x' })}/events`), 404,
        { message: "No thread found with id 'thread_x'." });
        assertError(await openEvents(kit.server, 'GET',
            `${target({ ...run, thread_id: await kit.thread() })}/events`), 404,
        { message: `No run found with id '${run.id}'.` });
    });
    await t.test('another method', async () => {
        assertError(await post(kit.server, `${target(run)}/events`, {}), 405);
    });
    await t.test('a deleted thread', async () => {
        await kit.client.beta.threads.delete(run.thread_id);
        assertError(await openEvents(kit.server, 'GET', `${target(run)}/events`), 404);
    });
});

test('runs of another project do not exist', async t => {
    const kit = await steered(t, { arguments: ['--require-keys'] });
    const { store } = kit.server;
    const mine = bearer((await makeKey(store, 'mine')).key);
    const theirs = bearer((await makeKey(store, 'theirs')).key);
    const made = await post(kit.server, '/v1/assistants', { model: 'scripted-1' }, mine);
    const { json: run } = await post(kit.server, '/v1/threads/runs', { assistant_id: made.json.id,
        thread: { messages: [{ role: 'user', content: script(say('x')) }] } }, mine);
    assert.ok((await (await follow(kit.server, run, undefined, mine)).all()).length > 5);
    const url = `${target(run)}/events`;
    assertError(await openEvents(kit.server, 'GET', url, undefined, theirs), 404);
    assertError(await openEvents(kit.server, 'GET', url), 401);
});

test('a run outlives the server that began it, and so do its events', async t => {
    const model = await modelServer(t);
    const store = path.join(directory(t), 'store');
    const arguments_ = ['--model-url', model.url];
    const first = await launch({ store, arguments: arguments_ });
    t.after(() => first.stopped || first.kill());
    const assistant = await first.client.beta.assistants.create({ model: 'scripted-1' });
    const start = async content => {
        const reply = await openEvents(first, 'POST', '/v1/threads/runs', { assistant_id: assistant.id,
            stream: true, thread: { messages: [{ role: 'user', content }] } });
        await reply.next();
        return { reply, run: (await reply.next()).data };
    };
    const done = await start(script(say('Done.')));
    await done.reply.all();
    const half = await start(script({ ...say('Half an', ' answer'), hang: true }));
    await half.reply.until(frame => JSON.stringify(frame.data.delta ?? '').includes(' answer'));
    half.reply.close();
    const calling = await start(script({ ...call('get_weather', '{"city": "Par'), hang: true }));
    await calling.reply.until(frame => JSON.stringify(frame.data.delta ?? '').includes('Par'));
    calling.reply.close();
    await first.kill();

    const second = await launch({ store, arguments: arguments_ });
    t.after(() => second.stopped || second.stop());
    await t.test('one that had ended is replayed', async () => {
        const frames = await (await follow(second, done.run)).all();
        assert.deepEqual(folded(frames), folded(done.reply.frames));
    });
    await t.test('one that made a call has failed, and nothing is sent that it does not have', async () => {
        const frames = await (await follow(second, calling.run)).all();
        const follower = new Follower({ replay: true }).takeAll(frames);
        assert.equal(follower.status, 'failed');
        assert.equal(follower.finalSteps[0].status, 'failed');
    });
    await t.test('one that was at work has failed', async () => {
        const frames = await (await follow(second, half.run)).all();
        const follower = new Follower({ replay: true }).takeAll(frames);
        assert.equal(follower.status, 'failed');
        assert.equal(follower.run.last_error.code, 'server_error');
        assert.equal(follower.messages[0].incomplete_details.reason, 'run_failed');
    });
});

test('what takes the run away from its readers', async t => {
    const kit = await steered(t);
    await t.test('its thread is deleted', async () => {
        const count = kit.model.chats().length;
        const reply = await kit.stream(script({ ...say('Half'), hang: true }));
        await reply.until('thread.message.delta');
        const run = reply.frames[0].data;
        await kit.client.beta.threads.delete(run.thread_id);
        const { event, data } = (await reply.all()).at(-1);
        assert.equal(event, 'error');
        const { error, ...flat } = data;
        assert.deepEqual(error, flat);
        assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type']);
        assert.match(error.message, new RegExp(run.id));
        await until('the model\'s connection is closed', () => kit.model.chats()[count].aborted);
        assertError(await openEvents(kit.server, 'GET', `${target(run)}/events`), 404);
    });
    await t.test('the server stops', async () => {
        const waiting = await kit.run(turns(call('get_time'), quote));
        const seen = await (await follow(kit.server, waiting)).all();
        const idle = await follow(kit.server, waiting, seen.at(-1).number);
        const busy = await kit.stream(script({ ...say('Half'), hang: true }));
        await busy.until('thread.message.delta');
        const ended = Promise.allSettled([idle.all(), busy.all()]);
        await within(15000, 'the server stops', kit.server.stop());
        await ended;
        assert.deepEqual(idle.frames, []);
    });
});

test('a reader who does not read holds nobody up', async t => {
    const kit = await steered(t);
    const content = script({ huge: 2 << 20 });
    const run = await kit.start(content);
    const { hostname, port } = new URL(kit.server.url);
    const sockets = await Promise.all(Array.from({ length: 4 }, () => new Promise(resolve => {
        const socket = net.connect(Number(port), hostname, () => {
            socket.pause();
            socket.write(`GET ${target(run)}/events HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
            resolve(socket);
        });
        socket.on('error', () => {});
    })));
    t.after(() => sockets.forEach(socket => socket.destroy()));
    const reply = await follow(kit.server, run);
    const follower = new Follower({ replay: true })
        .takeAll(await within(60000, 'the run', reply.all()));
    assert.equal(textOf(follower.messages[0]).length, 2 << 20);
    const other = await kit.run(script(say('x')));
    assert.equal(other.status, 'completed');
});
