// Objects of kinds that this version does not know, as an import brings them: they are shown as they
// came, keep everything when they are modified, and a run says what it cannot use.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { assertError, command, directory, launch, post, request, until } from './harness.mjs';

const GROUNDING = { type: 'bing_grounding', bing_grounding: { connections: [{ id: 'c1' }] } };
const CITATION = { type: 'url_citation', text: '[1]', start_index: 3, end_index: 6,
    url_citation: { url: 'https://a.example/', title: 'A' } };
const PUT = `
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("UPDATE " + sys.argv[2] + " SET body = ? WHERE id = ?", (sys.argv[4], sys.argv[3]))`;

test('what is not known is kept', async t => {
    const store = path.join(directory(t), 'store');
    const put = (table, object) => command('python3',
        ['-c', PUT, path.join(store, 'treadle.db'), table, object.id, JSON.stringify(object)]);
    let server = await launch({ store });
    const made = await server.client.beta.assistants.create({ model: 'm' });
    const mixed = await server.client.beta.assistants.create({ model: 'm' });
    const thread = await server.client.beta.threads.create();
    const message = await server.client.beta.threads.messages.create(thread.id,
        { role: 'user', content: 'Hello?' });
    await server.stop();
    const assistant = { ...made, tools: [GROUNDING], internal_metadata: { a: [1] },
        tool_resources: { azure_ai_search: { indexes: ['i'] },
            code_interpreter: { file_ids: [], data_sources: [{ uri: 'u' }] } } };
    put('assistants', assistant);
    put('assistants', { ...mixed, tools: [GROUNDING, { type: 'code_interpreter' }] });
    const cited = { ...message, priority: 1,
        content: [{ type: 'text', text: { value: 'See[1]', annotations: [CITATION] } },
            { type: 'hologram', hologram: { id: 'h' } }] };
    put('messages', cited);
    server = await launch({ store });
    const get = async target => (await request({ url: server.url }, 'GET', `/openai${target}`)).json;
    const modify = async target =>
        (await post({ url: server.url }, `/openai${target}`, { metadata: { k: 'v' } })).json;

    await t.test('when an assistant is modified', async () => {
        const target = `/assistants/${made.id}`;
        assert.deepEqual(await get(target), assistant);
        assert.deepEqual(await modify(target), { ...assistant, metadata: { k: 'v' } });
        assert.deepEqual(await get(target), { ...assistant, metadata: { k: 'v' } });
    });
    await t.test('when a message is modified', async () => {
        const target = `/threads/${thread.id}/messages/${message.id}`;
        assert.deepEqual(await modify(target), { ...cited, metadata: { k: 'v' } });
        assert.deepEqual(await get(target), { ...cited, metadata: { k: 'v' } });
    });
    const run = body => post({ url: server.url }, `/openai/threads/${thread.id}/runs`, body);
    await t.test('and a run says which tools are not here', async () => {
        const { json } = await run({ assistant_id: made.id });
        assert.deepEqual(json.tools, [GROUNDING]);
        assert.deepEqual(json.unavailable_tools, ['bing_grounding']);
        const target = `/threads/${thread.id}/runs/${json.id}`;
        await until('it completes', async () => (await get(target)).status === 'completed');
        assert.deepEqual((await get(target)).tools, [GROUNDING]);
    });
    await t.test('or refuses where one of them is demanded', async () => {
        const refused = await run({ assistant_id: made.id, tool_choice: 'required' });
        assertError(refused, 400, { code: 'unavailable_tool', param: 'tool_choice' });
        assert.match(refused.json.error.message, /bing_grounding/);
    });
    await t.test('a request may not bring them', async () => {
        assertError(await post({ url: server.url }, '/v1/assistants', { model: 'm', tools: [GROUNDING] }),
            400, { param: 'tools[0].type' });
    });
    await server.stop();
});

test('what the contract says is text is never null', async t => {
    const server = await launch({ store: path.join(directory(t), 'store') });
    const assistant = await server.client.beta.assistants.create({ model: 'm' });
    const run = await server.client.beta.threads.createAndRun({ assistant_id: assistant.id,
        thread: { messages: [{ role: 'user', content: 'Hello?' }] } });
    assert.equal(run.instructions, '');
    assert.equal((await server.client.vectorStores.create({})).name, '');
    await server.stop();
});
