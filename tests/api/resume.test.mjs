// Runs that continue after they waited for outputs: what was found before is still there, with its
// pages, also in another process.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { directory, launch, until, upload } from './harness.mjs';
import { call, calls, gate, modelServer, say, search, turns } from './model_server.mjs';
import { loomManual } from './pdf.mjs';
import { checked } from './protocol.mjs';
import { stream } from './sse.mjs';
import { CLOCK, outputsFor, SEARCH } from './steered.mjs';

const CORD = 'replace the treadle cord every six months';
const MARKER = '【0:0†loom.pdf】';
const cord = { text: ['Replace the treadle cord every six ', `months.${MARKER.slice(0, 4)}`,
    MARKER.slice(4), ' So it is.'] };

/** A server over that store, and how to stop it before the test is over. */
async function start(t, store, model) {
    const server = await launch({ store, arguments: ['--model-url', model.url, '--grace', '1'] });
    t.after(() => server.stopped || server.stop());
    return server;
}

async function withManual({ client }) {
    const file = await client.files.create({ purpose: 'assistants',
        file: upload('loom.pdf', loomManual()) });
    const store = await client.vectorStores.create({ file_ids: [file.id] });
    await client.vectorStores.files.poll(store.id, file.id, { pollIntervalMs: 20 });
    const { id } = await client.beta.assistants.create({ model: 'scripted-1', tools: [SEARCH, CLOCK],
        tool_resources: { file_search: { vector_store_ids: [store.id] } } });
    return { file, assistant: id };
}

const ask = (server, assistant, content) => stream(server, 'POST', '/v1/threads/runs', {
    assistant_id: assistant, stream: true, thread: { messages: [{ role: 'user', content }] } });
const submit = (server, run) => stream(server, 'POST',
    `/v1/threads/${run.thread_id}/runs/${run.id}/submit_tool_outputs`,
    { tool_outputs: outputsFor(run), stream: true });

/** What the model was sent of searches, request by request. */
const sentOfSearch = model => model.chats().map(({ body }) => body.messages
    .filter(one => one.role === 'tool' && one.content.includes('【')).map(one => one.content))
    .filter(list => list.length);

/** Page 3 is cited, where the annotation says. */
function assertCited(follower, file) {
    assert.equal(follower.status, 'completed', JSON.stringify(follower.run.last_error));
    const { value, annotations: [one, ...more] } = follower.messages.at(-1).content[0].text;
    assert.deepEqual(more, []);
    const { quote, ...citation } = one.file_citation;
    assert.deepEqual(citation, { file_id: file.id, page: 3 });
    assert.match(quote, /cord/);
    assert.equal(value.slice(one.start_index, one.end_index), MARKER);
    assert.equal(one.text, MARKER);
}

for (const restarted of [false, true])
    test(`citations of what was found before the run waited${restarted ? ', by another server' : ''}`,
        async t => {
            const model = await modelServer(t);
            const store = path.join(directory(t), 'store');
            let server = await start(t, store, model);
            const { file, assistant } = await withManual(server);
            const goOn = async run => {
                if (restarted) {
                    await server.stop();
                    server = await start(t, store, model);
                }
                return submit(server, run);
            };
            await t.test('a run that did not wait', async () => assertCited(
                await checked(await ask(server, assistant, turns(search(CORD), cord))), file));
            const cases = {
                'a search, then a function': [search(CORD), call('get_time')],
                'both in one turn': [calls(['get_time'], ['file_search', { queries: [CORD] }])],
                'with words before them': [{ ...say('Let me see.'), ...search(CORD) },
                    { ...say('And the time.'), ...call('get_time') }],
            };
            for (const [name, steps] of Object.entries(cases))
                await t.test(name, async () => {
                    const first = await checked(await ask(server, assistant, turns(...steps, cord)));
                    assert.equal(first.status, 'requires_action');
                    assertCited(await checked(await goOn(first.run), { submission: true }), file);
                });
            await t.test('what the model is sent of a search stays the same', async () => {
                const content = turns(search(CORD), call('get_time'), call('get_time'), cord);
                let follower = await checked(await ask(server, assistant, content));
                const from = model.chats().length - 1;
                for (let i = 0; i < 2; i++)
                    follower = await checked(await goOn(follower.run), { submission: true });
                assertCited(follower, file);
                const sent = sentOfSearch({ chats: () => model.chats().slice(from) });
                assert.equal(sent.length, 3);
                for (const list of sent) assert.deepEqual(list, sent[0]);
                assert.match(sent[0][0], /page 3/);
            });
            await t.test('two searches, one on each side', async () => {
                const first = await checked(await ask(server, assistant,
                    turns(search(CORD), call('get_time'), search('camellia oil'), say(
                        'The shuttle race is oiled with two drops of camellia oil.【2:1†loom.pdf】'))));
                const follower = await checked(await goOn(first.run), { submission: true });
                assert.equal(follower.status, 'completed');
                const [one] = follower.messages.at(-1).content[0].text.annotations;
                const { quote, ...citation } = one.file_citation;
                assert.deepEqual(citation, { file_id: file.id, page: 4 });
                assert.match(quote, /^The shuttle race is oiled/);
                assert.equal(one.text, '【2:1†loom.pdf】');
                const markers = model.chats().at(-1).body.messages.filter(m => m.role === 'tool')
                    .flatMap(m => m.content.match(/【[^】]+】/g) ?? []);
                assert.equal(new Set(markers).size, markers.length, 'a marker names two passages');
            });
        });

test('a file that was deleted while the run waited is still cited', async t => {
    const model = await modelServer(t);
    const server = await start(t, path.join(directory(t), 'store'), model);
    const { file, assistant } = await withManual(server);
    const first = await checked(await ask(server, assistant,
        turns(search(CORD), call('get_time'), cord)));
    await server.client.files.delete(file.id);
    assertCited(await checked(await submit(server, first.run), { submission: true }), file);
});

test('a server that is killed while a submission is worked on', async t => {
    const model = await modelServer(t);
    const store = path.join(directory(t), 'store');
    const server = await start(t, store, model);
    const { assistant } = await withManual(server);
    const first = await checked(await ask(server, assistant,
        turns(search(CORD), call('get_time'), say('Half', gate('never')))));
    const reply = await submit(server, first.run);
    await reply.until('thread.message.delta');
    reply.close();
    await server.kill();
    const { client } = await start(t, store, model);
    const { run } = first;
    const ended = await until('the run has failed', async () => {
        const now = await client.beta.threads.runs.retrieve(run.id, { thread_id: run.thread_id });
        return now.status === 'failed' && now;
    });
    assert.equal(ended.last_error.code, 'server_error');
    const steps = await client.beta.threads.runs.steps.list(run.id,
        { thread_id: run.thread_id, order: 'asc' });
    assert.deepEqual(steps.data.map(step => step.status), ['completed', 'completed', 'failed']);
    assert.equal(steps.data[1].step_details.tool_calls[0].function.output, 'output of get_time');
});
