// Answers of very many pieces: published, stored and replayed completely, or refused with a clear
// failure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, within } from './harness.mjs';
import { calls, quote, script, turns } from './model_server.mjs';
import { checked, Follower, folded } from './protocol.mjs';
import { follow } from './sse.mjs';
import { outputsFor, pending, steered, textOf } from './steered.mjs';

const PATIENCE = 120000;
const many = { pack: 500 };

/** The events of a run that has ended, as a late reader gets them. */
const replay = async (kit, run) => new Follower({ replay: true })
    .takeAll(await within(PATIENCE, 'the replay', (await follow(kit.server, run)).all()));

async function ended(kit, content) {
    const reply = await kit.stream(content);
    return within(PATIENCE, 'the run', checked(reply));
}

test('an answer of very many words', async t => {
    const kit = await steered(t);
    await t.test('as long as one may be', async () => {
        const length = (4 << 20) - 8;
        const follower = await ended(kit, script({ huge: length, size: 100, ...many }));
        assert.equal(follower.status, 'completed', JSON.stringify(follower.run.last_error));
        assert.equal(textOf(follower.messages[0]).length, length);
        const again = await replay(kit, follower.run);
        assert.deepEqual(again.messages, follower.messages);
        assert.ok(again.events.length < 200, `${again.events.length} events`);
        assert.deepEqual(folded(again.events), folded(follower.events));
        const half = follower.events[Math.floor(follower.events.length / 2)].number;
        const rest = (await (await follow(kit.server, follower.run, half)).all());
        assert.deepEqual(folded([...follower.events.filter(one => one.number <= half), ...rest]),
            folded(follower.events));
    });
    await t.test('and longer', async () => {
        const asked = kit.model.chats().length;
        const follower = await ended(kit, script({ huge: (4 << 20) + 100, size: 200, ...many, hang: true }));
        await until('the model is stopped', () => kit.model.chats()[asked].aborted);
        assert.equal(follower.status, 'failed');
        assert.deepEqual(follower.run.last_error, { code: 'server_error',
            message: "The model's answer is too large." });
        const [message] = follower.messages;
        assert.equal(message.incomplete_details.reason, 'run_failed');
        assert.deepEqual((await replay(kit, follower.run)).messages, [message]);
    });
    await t.test('followed by many', async () => {
        const run = await kit.start(script({ huge: 1 << 18, size: 5, ...many }));
        const all = await within(PATIENCE, 'all of them', Promise.all(Array.from({ length: 6 },
            async () => (await follow(kit.server, run)).all())));
        for (const frames of all) {
            const follower = new Follower({ replay: true }).takeAll(frames);
            assert.equal(textOf(follower.messages[0]).length, 1 << 18);
        }
    });
});

test('arguments of very many pieces', async t => {
    const kit = await steered(t);
    const shouts = (fill, size, more) => ({ ...calls(['get_weather', {}, { fill, size }],
        ['get_weather', {}, { fill, size }]), ...many, ...more });

    await t.test('of calls that take turns', async () => {
        const follower = await ended(kit, turns(shouts(20000, 2, { interleave: true }), quote));
        assert.equal(follower.status, 'requires_action', JSON.stringify(follower.run.last_error));
        assert.deepEqual(pending(follower.run).map(one => one.function.arguments.length),
            [20011, 20011]);
        assert.deepEqual(folded((await replay(kit, follower.run)).events), folded(follower.events));
        await kit.submit(follower.run, outputsFor(follower.run));
        await kit.reaches(follower.run, 'completed');
    });
    await t.test('that are too long', async () => {
        const follower = await ended(kit, turns(shouts(1 << 20, 100), quote));
        assert.equal(follower.status, 'failed');
        assert.deepEqual(follower.run.last_error, { code: 'server_error',
            message: 'The arguments of a call are too long.' });
        assert.deepEqual((await replay(kit, follower.run)).finalSteps, follower.finalSteps);
    });
    await t.test('after which all is well', async () => {
        assert.equal((await kit.run(script({ text: ['x'] }))).status, 'completed');
    });
});
