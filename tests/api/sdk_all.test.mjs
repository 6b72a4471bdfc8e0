// Every method that the official SDK has for what Treadle serves, called once at least and in the way
// that its users call it. What a later SDK adds makes the last test fail until it is called here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misfits } from './contract.mjs';
import { OpenAI, serve, upload, within } from './harness.mjs';
import { modelServer, script } from './model_server.mjs';

const MODEL = 'treadle-extractive';
const SOON = { pollIntervalMs: 20 };
/** What the SDK has and Treadle does not: runs as streams, kept completions. */
const LEFT_OUT = [
    'beta.threads.createAndRunStream', 'beta.threads.runs.createAndStream', 'beta.threads.runs.stream',
    'beta.threads.runs.submitToolOutputsStream', 'chat.completions.retrieve',
    'chat.completions.update', 'chat.completions.list', 'chat.completions.delete'];

const called = new Set();

function resources(client) {
    return { 'beta.assistants': client.beta.assistants, 'beta.threads': client.beta.threads,
        'beta.threads.messages': client.beta.threads.messages,
        'beta.threads.runs': client.beta.threads.runs,
        'beta.threads.runs.steps': client.beta.threads.runs.steps, files: client.files,
        uploads: client.uploads, 'uploads.parts': client.uploads.parts,
        vectorStores: client.vectorStores, 'vectorStores.files': client.vectorStores.files,
        'vectorStores.fileBatches': client.vectorStores.fileBatches, models: client.models,
        embeddings: client.embeddings, 'chat.completions': client.chat.completions };
}

const methods = resource => Object.getOwnPropertyNames(Object.getPrototypeOf(resource))
    .filter(name => name !== 'constructor' && name[0] !== '_');

/** Notes which methods were called. */
function watch(client) {
    for (const [name, resource] of Object.entries(resources(client)))
        for (const method of methods(resource)) {
            const original = resource[method];
            resource[method] = function noted(...parameters) {
                called.add(`${name}.${method}`);
                return original.apply(this, parameters);
            };
        }
    return client;
}

const fits = (schema, object) => {
    assert.deepEqual(misfits(schema, object), []);
    return object;
};
const ids = list => list.map(one => one.id);
async function everything(pages) {
    const found = [];
    for await (const one of pages) found.push(one);
    return found;
}
const text = message => message.content[0].text.value;
const gone = promise => assert.rejects(promise, { status: 404 });

test('assistants', async t => {
    const { beta: { assistants } } = watch((await serve(t)).client);
    const made = fits('AssistantObject', await assistants.create({ model: MODEL, name: 'a' }));
    assert.deepEqual({ ...await assistants.retrieve(made.id) }, { ...made });
    assert.equal((await assistants.update(made.id, { name: 'b' })).name, 'b');
    assert.deepEqual(ids(await everything(assistants.list({ limit: 1 }))), [made.id]);
    assert.equal((await assistants.delete(made.id)).deleted, true);
    await gone(assistants.retrieve(made.id));
});

test('threads, messages, runs and steps', async t => {
    const { beta: { assistants, threads } } = watch((await serve(t)).client);
    const { messages, runs } = threads;
    const assistant = await assistants.create({ model: MODEL, instructions: 'Answer.' });
    const use = { assistant_id: assistant.id };
    const thread = fits('ThreadObject', await threads.create({ metadata: { a: 'b' } }));
    assert.deepEqual({ ...await threads.retrieve(thread.id) }, { ...thread });
    assert.deepEqual((await threads.update(thread.id, { metadata: { c: 'd' } })).metadata,
        { c: 'd' });

    const first = fits('MessageObject', await messages.create(thread.id,
        { role: 'user', content: 'What is a loom?' }));
    const second = await messages.create(thread.id, { role: 'assistant', content: 'Guess.' });
    const at = { thread_id: thread.id };
    assert.deepEqual({ ...await messages.retrieve(first.id, at) }, { ...first });
    const marked = await messages.update(first.id, { ...at, metadata: { x: 'y' } });
    assert.deepEqual(marked.metadata, { x: 'y' });
    assert.deepEqual(ids(await everything(messages.list(thread.id, { limit: 1, order: 'asc' }))),
        [first.id, second.id]);
    assert.equal((await messages.delete(second.id, at)).deleted, true);
    await gone(messages.retrieve(second.id, at));

    const made = fits('RunObject', await runs.create(thread.id, use));
    const polled = await within(20000, 'the run ends', runs.poll(made.id, at, SOON));
    assert.equal(polled.status, 'completed', JSON.stringify(polled.last_error));
    assert.deepEqual({ ...await runs.retrieve(made.id, at) }, { ...polled });
    assert.deepEqual((await runs.update(made.id, { ...at, metadata: { e: 'f' } })).metadata,
        { e: 'f' });
    const again = await runs.createAndPoll(thread.id, use, SOON);
    assert.deepEqual(ids(await everything(runs.list(thread.id, { limit: 1, order: 'asc' }))),
        [made.id, again.id]);
    await assert.rejects(runs.cancel(made.id, at),
        { status: 400, message: "400 Cannot cancel run with status 'completed'." });
    for (const submit of ['submitToolOutputs', 'submitToolOutputsAndPoll'])
        await assert.rejects(runs[submit](made.id,
            { ...at, tool_outputs: [{ tool_call_id: 'call_x', output: 'x' }] }), { status: 400 });

    const of = { ...at, run_id: made.id };
    const [step] = await everything(runs.steps.list(made.id, at));
    fits('RunStepObject', step);
    assert.deepEqual({ ...await runs.steps.retrieve(step.id, of) }, { ...step });

    const started = fits('RunObject', await threads.createAndRun({ ...use,
        thread: { messages: [{ role: 'user', content: 'Hello?' }] } }));
    assert.equal((await runs.poll(started.id, { thread_id: started.thread_id }, SOON)).status,
        'completed');
    const whole = await threads.createAndRunPoll({ ...use,
        thread: { messages: [{ role: 'user', content: 'Hello?' }] } }, SOON);
    assert.equal(whole.status, 'completed');
    const { data: said } = await messages.list(whole.thread_id, { run_id: whole.id });
    assert.equal(said[0].role, 'assistant');
    assert.equal((await threads.delete(thread.id)).deleted, true);
    await gone(threads.retrieve(thread.id));
    await gone(runs.retrieve(made.id, at));
});

test('cancelling a run whose model says nothing', async t => {
    const model = await modelServer(t);
    const server = await serve(t, { arguments: ['--model-url', model.url] });
    const { beta: { assistants, threads } } = watch(server.client);
    const assistant = await assistants.create({ model: 'scripted-1' });
    const asked = await threads.createAndRun({ assistant_id: assistant.id,
        thread: { messages: [{ role: 'user', content: script({ silent: true }) }] } });
    const at = { thread_id: asked.thread_id };
    assert.equal((await threads.runs.cancel(asked.id, at)).status, 'cancelling');
    assert.equal((await threads.runs.poll(asked.id, at, SOON)).status, 'cancelled');
});

test('files and uploads', async t => {
    const { files, uploads } = watch((await serve(t)).client);
    const made = fits('OpenAIFile', await files.create({ file: upload('a.txt', 'words'),
        purpose: 'assistants' }));
    assert.deepEqual({ ...await files.retrieve(made.id) }, { ...made });
    assert.deepEqual({ ...await files.waitForProcessing(made.id) }, { ...made });
    assert.equal(await (await files.content(made.id)).text(), 'words');

    const begin = () => uploads.create({ filename: 'b.txt', bytes: 4, purpose: 'assistants',
        mime_type: 'text/plain' });
    const whole = fits('Upload', await begin());
    const part = fits('UploadPart', await uploads.parts.create(whole.id, { data: upload('p', 'abcd') }));
    const done = await uploads.complete(whole.id, { part_ids: [part.id] });
    assert.equal(done.status, 'completed');
    assert.equal(await (await files.content(done.file.id)).text(), 'abcd');
    assert.equal((await uploads.cancel((await begin()).id)).status, 'cancelled');

    assert.deepEqual(ids(await everything(files.list({ limit: 1, order: 'asc' }))),
        [made.id, done.file.id]);
    assert.equal((await files.delete(made.id)).deleted, true);
    await gone(files.retrieve(made.id));
});

test('vector stores', async t => {
    const { files, vectorStores } = watch((await serve(t)).client);
    const note = async name => (await files.create({ file: upload(name, `A note: ${name}.`),
        purpose: 'assistants' })).id;
    const store = fits('VectorStoreObject', await vectorStores.create({ name: 'a' }));
    const at = { vector_store_id: store.id };
    assert.equal((await vectorStores.retrieve(store.id)).name, 'a');
    assert.equal((await vectorStores.update(store.id, { name: 'b' })).name, 'b');
    assert.deepEqual(ids(await everything(vectorStores.list({ limit: 1 }))), [store.id]);

    const inside = vectorStores.files;
    const file = await note('1.txt');
    fits('VectorStoreFileObject', await inside.create(store.id, { file_id: file }));
    const read = await inside.poll(store.id, file, SOON);
    assert.equal(read.status, 'completed', JSON.stringify(read.last_error));
    assert.deepEqual({ ...await inside.retrieve(file, at) }, { ...read });
    const marked = await inside.update(file, { ...at, attributes: { n: 1 } });
    assert.deepEqual(marked.attributes, { n: 1 });
    const [{ text: words }] = await everything(inside.content(file, at));
    assert.match(words, /A note: 1\.txt\./);
    assert.equal((await inside.createAndPoll(store.id, { file_id: await note('2.txt') }, SOON))
        .status, 'completed');
    await inside.upload(store.id, upload('3.txt', 'Three.'));
    assert.equal((await inside.uploadAndPoll(store.id, upload('4.txt', 'Four.'), SOON)).status,
        'completed');
    assert.equal((await everything(inside.list(store.id, { limit: 3 }))).length, 4);
    assert.equal((await inside.delete(file, at)).deleted, true);
    await gone(inside.retrieve(file, at));

    fits('VectorStoreSearchResultsPage',
        (await vectorStores.search(store.id, { query: 'loom' })).body);
    const batches = vectorStores.fileBatches;
    const batch = fits('VectorStoreFileBatchObject', await batches.create(store.id,
        { file_ids: [await note('5.txt'), await note('6.txt')] }));
    assert.equal((await batches.poll(store.id, batch.id, SOON)).file_counts.completed, 2);
    assert.equal((await batches.retrieve(batch.id, at)).status, 'completed');
    assert.equal((await everything(batches.listFiles(batch.id, { ...at, limit: 1 }))).length, 2);
    assert.equal((await batches.createAndPoll(store.id, { file_ids: [await note('7.txt')] }, SOON))
        .status, 'completed');
    const three = await batches.uploadAndPoll(store.id,
        { files: [upload('8.txt', 'Eight.'), upload('9.txt', 'Nine.')], fileIds: [file] });
    assert.equal(three.file_counts.completed, 3);
    const late = await batches.create(store.id, { file_ids: [await note('10.txt')] });
    const stopped = await batches.cancel(late.id, at).catch(error => {
        assert.equal(error.status, 400); // it was read already
        return late;
    });
    fits('VectorStoreFileBatchObject', stopped);
    assert.equal((await vectorStores.delete(store.id)).deleted, true);
    await gone(vectorStores.retrieve(store.id));
});

test('models, embeddings and chat completions', async t => {
    const { chat, embeddings, models } = watch((await serve(t)).client);
    assert.ok(ids(await everything(models.list())).includes(MODEL));
    assert.equal((await models.retrieve(MODEL)).id, MODEL);
    await assert.rejects(models.delete(MODEL), { status: 403 });

    const asked = { model: 'treadle-hash-embedding', input: ['a loom', 'a shuttle'] };
    const made = await embeddings.create(asked);
    const floats = await embeddings.create({ ...asked, encoding_format: 'float' });
    assert.equal(made.data.length, 2);
    floats.data.forEach(({ embedding }, i) => embedding.forEach((value, j) =>
        assert.ok(Math.abs(value - made.data[i].embedding[j]) < 1e-6)));

    const question = { model: MODEL, messages: [{ role: 'user', content: 'What is a loom?' }] };
    const plain = await chat.completions.create(question);
    const { content } = plain.choices[0].message;
    assert.ok(content.length > 0);
    const pieces = await everything(await chat.completions.create({ ...question, stream: true }));
    assert.equal(pieces.map(piece => piece.choices[0]?.delta.content ?? '').join(''), content);
    assert.equal(await chat.completions.stream(question).finalContent(), content);
    assert.equal((await chat.completions.parse(question)).choices[0].message.content, content);
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' },
        parse: JSON.parse, function: () => 'x' } }];
    assert.equal(await chat.completions.runTools({ ...question, tools }).finalContent(), content);
});

test('no method of the SDK was left out', () => {
    const all = Object.entries(resources(new OpenAI({ apiKey: 'x' })))
        .flatMap(([name, resource]) => methods(resource).map(method => `${name}.${method}`));
    assert.deepEqual(all.filter(name => !called.has(name)).sort(), [...LEFT_OUT].sort());
});
