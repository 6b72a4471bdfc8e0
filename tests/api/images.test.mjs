// Images in threads: what a model that sees is shown of them, and what one that does not makes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upload } from './harness.mjs';
import { call, quote, say, script, turns } from './model_server.mjs';
import { CLOCK, ENDED, outputsFor, steered, textOf } from './steered.mjs';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E'
    + 'rkJggg==', 'base64');
const ADDRESS = 'https://images.example/a.png?size=1&of=%22x%22';
const inline = bytes => `data:image/png;base64,${bytes.toString('base64')}`;
const text = value => ({ type: 'text', text: value });
const file = (id, detail) => ({ type: 'image_file', image_file: { file_id: id, ...detail && { detail } } });
const address = (url, detail) => ({ type: 'image_url', image_url: { url, ...detail && { detail } } });
const shown = (url, detail = 'auto') => ({ type: 'image_url', image_url: { url, detail } });

/** A PNG by its first bytes, of that many. */
const large = bytes => Buffer.concat([PNG, Buffer.alloc(bytes - PNG.length)]);

async function withImages(t) {
    const kit = await steered(t);
    kit.image = async (bytes = PNG) => (await kit.client.files.create({ purpose: 'vision',
        file: upload('a.png', bytes) })).id;
    /** The run of a thread with messages of these contents. */
    kit.look = async (...contents) => {
        const thread = await kit.thread();
        for (const content of contents)
            await kit.client.beta.threads.messages.create(thread, { role: 'user', content });
        return kit.reaches(await kit.client.beta.threads.runs.create(thread,
            { assistant_id: await kit.assistant() }), ...ENDED, 'requires_action');
    };
    /** The contents of the user's messages in the last request. */
    kit.sent = () => kit.model.chats().at(-1).body.messages
        .filter(message => message.role === 'user').map(message => message.content);
    return kit;
}

test('what a model is shown', async t => {
    const kit = await withImages(t);
    const content = script(say('I see.'));
    const completed = run => assert.equal(run.status, 'completed', JSON.stringify(run.last_error));

    await t.test('files as data URLs, addresses as they are, in their places', async () => {
        const id = await kit.image();
        completed(await kit.look([text(content), file(id), text('and'), address(ADDRESS, 'high'),
            file(id, 'low')]));
        assert.deepEqual(kit.sent(), [[text(content), shown(inline(PNG)), text('and'),
            shown(ADDRESS, 'high'), shown(inline(PNG), 'low')]]);
    });
    await t.test('messages without a word', async () => {
        const id = await kit.image();
        const run = await kit.look([file(id)], [address(ADDRESS)]);
        completed(run);
        assert.deepEqual(kit.sent(), [[shown(inline(PNG))], [shown(ADDRESS)]]);
        assert.equal(textOf((await kit.messages(run))[0]), 'Hello, wörld.');
    });
    await t.test('messages of text alone stay text', async () => {
        const id = await kit.image();
        completed(await kit.look('One.', [file(id)], [text('Two'), text('three.')], content));
        assert.deepEqual(kit.sent(), ['One.', [shown(inline(PNG))], 'Two\nthree.', content]);
    });
    await t.test('the same again after a submission', async () => {
        const id = await kit.image();
        const steps = turns(call('get_time'), call('get_time'), quote);
        let run = await kit.look([file(id)], [text(steps), address(ADDRESS)]);
        const first = kit.sent();
        assert.deepEqual(first, [[shown(inline(PNG))], [text(steps), shown(ADDRESS)]]);
        while (run.status === 'requires_action') {
            await kit.submit(run, outputsFor(run));
            run = await kit.reaches(run, 'requires_action', 'completed');
            assert.deepEqual(kit.sent(), first);
        }
    });
    await t.test('and in the next run of the thread', async () => {
        const id = await kit.image();
        const run = await kit.look([text(content), file(id)]);
        const next = await kit.client.beta.threads.runs.create(run.thread_id, { assistant_id:
            run.assistant_id, additional_messages: [{ role: 'user', content }] });
        completed(await kit.reaches(next, ...ENDED));
        assert.deepEqual(kit.sent(), [[text(content), shown(inline(PNG))], content]);
    });
});

test('images that cannot be shown are reported', async t => {
    const kit = await withImages(t);
    const content = script(say('I see nothing.'));
    const note = (id, why) => text(`[An image was here: ${id}. It ${why}.]`);

    await t.test('a file that was deleted', async () => {
        const id = await kit.image();
        const thread = await kit.thread();
        for (const parts of [[file(id)], [text(content), file(id)]])
            await kit.client.beta.threads.messages.create(thread, { role: 'user', content: parts });
        await kit.client.files.delete(id);
        await kit.reaches(await kit.client.beta.threads.runs.create(thread,
            { assistant_id: await kit.assistant() }), 'completed');
        assert.deepEqual(kit.sent(), [[note(id, 'is no longer there')],
            [text(content), note(id, 'is no longer there')]]);
    });
    await t.test('a file that is no image', async () => {
        const id = await kit.image(Buffer.from('<svg/>'));
        assert.equal((await kit.look([text(content), file(id)])).status, 'completed');
        assert.deepEqual(kit.sent(), [[text(content), note(id, 'is no PNG, JPEG, GIF or WebP')]]);
    });
    await t.test('a file that is too large', async () => {
        const id = await kit.image(large((20 << 20) + 1));
        assert.equal((await kit.look([text(content), file(id)])).status, 'completed');
        assert.deepEqual(kit.sent(), [[text(content), note(id, 'is too large')]]);
    });
    await t.test('files that are too large together', async () => {
        const ids = [await kit.image(large(13 << 20)), await kit.image(large(13 << 20)), await kit.image()];
        assert.equal((await kit.look([text(content), ...ids.map(id => file(id))])).status, 'completed');
        const [[, first, second, third]] = kit.sent();
        assert.equal(first.image_url.url.length, inline(large(13 << 20)).length);
        assert.deepEqual([second, third],
            [note(ids[1], 'is too large together with the others'), shown(inline(PNG))]);
    });
    await t.test('messages that are too large together: the oldest are sent without', async () => {
        const id = await kit.image(large(18 << 20));
        const run = await kit.look([file(id)], [text('Look.'), file(id)], [file(id)], [file(id)],
            [text(content), file(id)]);
        assert.equal(run.status, 'completed', JSON.stringify(run.last_error));
        const images = kit.sent().map(parts => (Array.isArray(parts)
            ? parts.filter(part => part.type === 'image_url').length : 0));
        assert.deepEqual(images, [0, 0, 1, 1, 1]);
        const [oldest, old] = kit.sent();
        assert.match(oldest, /^\[Images were here/);
        assert.match(old, /^Look\.\n\[Images were here/);
    });
});

test('the built-in model', async t => {
    const kit = await withImages(t);
    const { client } = kit;
    const id = await kit.image();
    const book = await client.files.create({ purpose: 'assistants',
        file: upload('pump.txt', 'The pump must be serviced every 400 hours.\n') });
    const store = await client.vectorStores.create({ file_ids: [book.id] });
    await client.vectorStores.files.poll(store.id, book.id, { pollIntervalMs: 20 });
    const assistant = await client.beta.assistants.create({ model: 'treadle-extractive',
        tools: [{ type: 'file_search' }, CLOCK],
        tool_resources: { file_search: { vector_store_ids: [store.id] } } });
    const answer = async (...contents) => {
        const run = await client.beta.threads.createAndRunPoll({ assistant_id: assistant.id,
            thread: { messages: contents.map(content => ({ role: 'user', content })) } },
        { pollIntervalMs: 10 });
        assert.equal(run.status, 'completed', JSON.stringify(run.last_error));
        return textOf((await kit.messages(run)).at(-1));
    };
    const question = 'How often must the pump be serviced?';
    await t.test('answers what is asked beside an image', async () => {
        assert.match(await answer([text(question), file(id), address(ADDRESS)]), /400 hours/);
        assert.match(await answer([file(id)], question), /400 hours/);
    });
    await t.test('says so where there is nothing but an image', async () => {
        assert.match(await answer([file(id)]), /treadle-extractive|passage/);
        assert.match(await answer([address(ADDRESS)]), /treadle-extractive|passage/);
    });
    await t.test('answers a question to which an image was added later', async () => {
        assert.match(await answer(question, [file(id)]), /400 hours/);
    });
});
