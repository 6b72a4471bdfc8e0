// Citations over the turns of a thread: every marker resolves to its own file and quote.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve, upload } from './harness.mjs';
import { modelServer, say, search, turns } from './model_server.mjs';

test('markers of earlier turns keep their file, page and quote', async t => {
    const model = await modelServer(t);
    const { client } = await serve(t, { arguments: ['--model-url', model.url] });
    const files = [];
    for (const name of ['pump', 'boiler'])
        files.push(await client.files.create({ purpose: 'assistants', file: upload(`${name}.txt`,
            `The ${name} must be serviced every ${name.length * 100} hours of operation.\n`) }));
    const store = await client.vectorStores.create({ name: 'plant' });
    for (const file of files) await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id });
    const assistant = await client.beta.assistants.create({ model: 'scripted-1',
        tools: [{ type: 'file_search' }],
        tool_resources: { file_search: { vector_store_ids: [store.id] } } });
    const thread = await client.beta.threads.create();
    const turn = async content => {
        await client.beta.threads.messages.create(thread.id, { role: 'user', content });
        const deltas = [];
        const stream = client.beta.threads.runs.stream(thread.id, { assistant_id: assistant.id });
        stream.on('event', ({ event, data }) => event === 'thread.message.delta' &&
            deltas.push(...(data.delta.content[0].text.annotations ?? [])));
        await stream.finalRun();
        const { text } = (await client.beta.threads.messages.list(thread.id)).data[0].content[0];
        for (const { text: marker, start_index: start, end_index: end } of text.annotations)
            assert.equal([...text.value].slice(start, end).join(''), marker);
        // What was streamed and what stays have the same members.
        assert.deepEqual(deltas.map(({ index, ...same }) => same), text.annotations);
        return text;
    };

    const first = await turn(turns(search('pump'), say('Every 400 hours of operation【0:0†pump.txt】.')));
    assert.equal(first.annotations.length, 1);
    assert.equal(first.annotations[0].file_citation.file_id, files[0].id);
    assert.match(first.annotations[0].file_citation.quote, /^The pump must be serviced every 400/);

    const second = await turn(turns(search('boiler'),
        say('As said【0:0†pump.txt】, but 600 hours【1:0†source】【1:0†boiler.txt†L1-L3】, nothing【7:7†x】.')));
    assert.equal(second.value,
        'As said【0:0†pump.txt】, but 600 hours【1:0†boiler.txt】【1:0†boiler.txt】, nothing.');
    assert.deepEqual(second.annotations.map(one => one.file_citation.file_id),
        [files[0].id, files[1].id, files[1].id]);
    assert.match(second.annotations[1].file_citation.quote, /^The boiler must be serviced every 600/);

    const third = await turn(say('Both: 400【0:0†pump.txt】 and 600 hours【1:0†boiler.txt】.').text.join(''));
    assert.ok(third.annotations.length <= 2);
});
